"""The shapes of OTLP in JSON, for msgspec to read. Unknown fields are ignored, as the protocol asks."""

import msgspec
from msgspec import Struct

# A whole number as the sender wrote it, and one of an enumeration.
Whole = int | str
Real = float | str


class AnyValue(Struct, rename="camel", gc=False):
    """A value of an attribute: one of these is told."""

    string_value: str | None = None
    int_value: Whole | None = None
    bool_value: bool | None = None
    double_value: Real | None = None
    array_value: "ArrayValue | None" = None
    kvlist_value: "KeyValueList | None" = None
    bytes_value: str | None = None


class ArrayValue(Struct, gc=False):
    """A list of values."""

    values: list[AnyValue] = []


class KeyValue(Struct, gc=False):
    """An attribute."""

    key: str
    value: AnyValue | None = None


class KeyValueList(Struct, gc=False):
    """A value that has attributes of its own."""

    values: list[KeyValue] = []


class JsonResource(Struct):
    """What sent the items."""

    attributes: list[KeyValue] = []


class JsonScope(Struct):
    """The library that made the items."""

    name: str = ""


class JsonEvent(Struct, rename="camel", gc=False):
    """Something that happened during a span."""

    time_unix_nano: Whole = 0
    name: str = ""
    attributes: list[KeyValue] = []


class JsonLink(Struct, rename="camel", gc=False):
    """Another span that caused this one."""

    trace_id: str = ""
    span_id: str = ""
    attributes: list[KeyValue] = []


class JsonStatus(Struct, gc=False):
    """How a span ended."""

    code: Whole = 0
    message: str = ""


UNSET = JsonStatus()


class JsonSpan(Struct, rename="camel", gc=False):
    """A span on the wire."""

    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str | None = None
    name: str = ""
    kind: Whole = 0
    start_time_unix_nano: Whole = 0
    end_time_unix_nano: Whole = 0
    attributes: list[KeyValue] = []
    events: list[JsonEvent] = []
    links: list[JsonLink] = []
    status: JsonStatus | None = None
    flags: Whole = 0
    trace_state: str = ""
    dropped_attributes_count: Whole = 0


class JsonLog(Struct, rename="camel", gc=False):
    """A log record on the wire."""

    time_unix_nano: Whole = 0
    observed_time_unix_nano: Whole = 0
    severity_number: Whole = 0
    severity_text: str = ""
    body: AnyValue | None = None
    attributes: list[KeyValue] = []
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


class JsonPoint(Struct, rename="camel"):
    """A data point of any kind of metric."""

    attributes: list[KeyValue] = []
    time_unix_nano: Whole = 0
    as_double: Real | None = None
    as_int: Whole | None = None
    count: Whole | None = None
    sum: Real | None = None
    flags: Whole = 0


class JsonData(Struct, rename="camel"):
    """The data points of a metric, left as text so that each is read alone."""

    data_points: list[msgspec.Raw] = []
    aggregation_temporality: Whole = 0
    is_monotonic: bool = False


class JsonMetric(Struct, rename="camel"):
    """A metric on the wire."""

    name: str = ""
    unit: str = ""
    gauge: JsonData | None = None
    sum: JsonData | None = None
    histogram: JsonData | None = None
    exponential_histogram: JsonData | None = None
    summary: JsonData | None = None
