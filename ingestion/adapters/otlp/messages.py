"""The messages of OTLP that are read, with the numbers of their fields (opentelemetry-proto 1.x).

They are declared here and not taken from the generated classes, because two things differ on purpose. Spans, records
and data points are left as bytes inside their parents, so that a damaged one is refused alone. Text and attributes are
left as bytes too: most attributes are then read without making an object for each, and text that is no UTF-8 is found
per span.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "bytes": _Field.TYPE_BYTES,
    "int32": _Field.TYPE_INT32,
    "uint32": _Field.TYPE_UINT32,
    "fixed32": _Field.TYPE_FIXED32,
    "fixed64": _Field.TYPE_FIXED64,
    "sfixed64": _Field.TYPE_SFIXED64,
    "int64": _Field.TYPE_INT64,
    "double": _Field.TYPE_DOUBLE,
    "bool": _Field.TYPE_BOOL,
    "string": _Field.TYPE_STRING,
}

# Message: "number type name", a star marks a repeated field, a type that is a message stands for itself.
_MESSAGES = {
    "AnyValue": (
        "1 bytes string_value|2 bool bool_value|3 int64 int_value|4 double double_value|"
        "5 ArrayValue array_value|6 KeyValueList kvlist_value|7 bytes bytes_value"
    ),
    "ArrayValue": "1 *AnyValue values",
    "KeyValueList": "1 *KeyValue values",
    "KeyValue": "1 bytes key|2 AnyValue value",
    "Resource": "1 *bytes attributes",
    "Scope": "1 bytes name|2 bytes version|3 *bytes attributes",
    # The same for traces, logs and metrics: a list of resources, each with scopes, each with items.
    "Request": "1 *ResourceItems resources",
    "ResourceItems": "1 Resource resource|2 *ScopeItems scopes",
    "ScopeItems": "1 Scope scope|2 *bytes items",
    "Span": (
        "1 bytes trace_id|2 bytes span_id|3 bytes trace_state|4 bytes parent_span_id|5 bytes name|6 int32 kind|"
        "7 fixed64 start_time_unix_nano|8 fixed64 end_time_unix_nano|9 *bytes attributes|"
        "10 uint32 dropped_attributes_count|11 *Event events|13 *Link links|15 bytes status|16 fixed32 flags"
    ),
    "Event": "1 fixed64 time_unix_nano|2 bytes name|3 *bytes attributes",
    "Link": "1 bytes trace_id|2 bytes span_id|4 *bytes attributes",
    "SpanStatus": "2 bytes message|3 int32 code",
    "LogRecord": (
        "1 fixed64 time_unix_nano|2 int32 severity_number|3 bytes severity_text|5 AnyValue body|6 *bytes attributes|"
        "9 bytes trace_id|10 bytes span_id|11 fixed64 observed_time_unix_nano|12 bytes event_name"
    ),
    "Metric": (
        "1 bytes name|3 bytes unit|5 Gauge gauge|7 Sum sum|9 Histogram histogram|"
        "10 ExponentialHistogram exponential_histogram|11 Summary summary"
    ),
    "Gauge": "1 *bytes points",
    "Sum": "1 *bytes points|2 int32 aggregation_temporality|3 bool is_monotonic",
    "Histogram": "1 *bytes points|2 int32 aggregation_temporality",
    "ExponentialHistogram": "1 *bytes points|2 int32 aggregation_temporality",
    "Summary": "1 *bytes points",
    "NumberPoint": "3 fixed64 time_unix_nano|4 double as_double|6 sfixed64 as_int|7 *bytes attributes|8 uint32 flags",
    "HistogramPoint": "3 fixed64 time_unix_nano|4 fixed64 count|5 double sum|9 *bytes attributes|10 uint32 flags",
    "ExponentialPoint": "1 *bytes attributes|3 fixed64 time_unix_nano|4 fixed64 count|5 double sum|10 uint32 flags",
    "SummaryPoint": "3 fixed64 time_unix_nano|4 fixed64 count|5 double sum|7 *bytes attributes|8 uint32 flags",
    # Answers.
    "PartialSuccess": "1 int64 rejected|2 string error_message",
    "Response": "1 PartialSuccess partial_success",
    "Status": "1 int32 code|2 string message",
}
_PACKAGE = "steadyrun.otlp"


def _declare() -> descriptor_pb2.FileDescriptorProto:
    # proto2 tells a number that was not sent from 0.
    file = descriptor_pb2.FileDescriptorProto(name="steadyrun/otlp.proto", package=_PACKAGE, syntax="proto2")
    for message, fields in _MESSAGES.items():
        declared = file.message_type.add(name=message)
        for line in fields.split("|"):
            number, kind, name = line.split()
            word = kind.removeprefix("*")
            label = _Field.LABEL_REPEATED if kind.startswith("*") else _Field.LABEL_OPTIONAL
            type = _TYPES.get(word, _Field.TYPE_MESSAGE)
            field = declared.field.add(name=name, number=int(number), type=type, label=label)
            if word not in _TYPES:
                field.type_name = f".{_PACKAGE}.{word}"
    return file


def _classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_declare())
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }


MESSAGE = _classes()
