"""Export requests for tests, made with the official messages of OTLP."""

import base64
import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ingestion.adapters.otlp.answers import JSON, PROTOBUF
from ingestion.adapters.otlp.decoding import TRACES
from ingestion.records import Decoded, ExecutionReport
from tests.factories import NOW

START = int(NOW.timestamp()) * 10**9 - 60 * 10**9
TRACE = "0af7651916cd43dd8448eb211c80319c"
# The parent is in this process; it is in another one.
LOCAL, REMOTE = 0x101, 0x301


def any_value(value: Any) -> AnyValue:
    """A value of an attribute."""
    told = AnyValue()
    if isinstance(value, bool):
        told.bool_value = value
    elif isinstance(value, str):
        told.string_value = value
    elif isinstance(value, int):
        told.int_value = value
    elif isinstance(value, float):
        told.double_value = value
    elif isinstance(value, bytes):
        told.bytes_value = value
    elif isinstance(value, dict):
        told.kvlist_value.values.extend(pairs(value))
    else:
        told.array_value.values.extend(any_value(one) for one in value)
    return told


def pairs(told: dict[str, Any]) -> list[KeyValue]:
    """Attributes."""
    return [KeyValue(key=name, value=any_value(value)) for name, value in told.items()]


def span(id: int, parent: int | None = None, **told: Any) -> Span:
    """A span of a second; `id` and `parent` are small numbers, `attributes` and `events` plain dictionaries."""
    attributes, events = told.pop("attributes", {}), told.pop("events", [])
    trace, status, message = told.pop("trace", TRACE), told.pop("status", 0), told.pop("message", "")
    start = told.pop("start", START + id * 10**7)
    made = Span(
        trace_id=bytes.fromhex(trace),
        span_id=id.to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        start_time_unix_nano=start,
        end_time_unix_nano=told.pop("end", start + 10**9),
        attributes=pairs(attributes),
        status=Status(code=status, message=message),
        flags=told.pop("flags", LOCAL if parent else 0),
        **{"name": f"span {id}", "kind": Span.SPAN_KIND_INTERNAL, **told},
    )
    for name, fields in events:
        made.events.add(time_unix_nano=start + 10**6, name=name, attributes=pairs(fields))
    return made


def request(*spans: Span, resource: dict[str, Any] | None = None, scope: str = "") -> ExportTraceServiceRequest:
    """A request with one resource and one scope."""
    made = ExportTraceServiceRequest()
    held = made.resource_spans.add()
    held.resource.attributes.extend(pairs({"service.name": "shop"} if resource is None else resource))
    scoped = held.scope_spans.add()
    scoped.scope.name = scope
    scoped.spans.extend(spans)
    return made


def as_json(message: ExportTraceServiceRequest) -> bytes:
    """The same request in OTLP's JSON: ids in hex, enumerations as numbers."""
    told = MessageToDict(message, use_integers_for_enums=True)
    for resource in told.get("resourceSpans", []):
        for scope in resource.get("scopeSpans", []):
            for one in scope.get("spans", []):
                for holder in (one, *one.get("links", [])):
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in holder:
                            holder[name] = base64.b64decode(holder[name]).hex()
    return json.dumps(told).encode()


def decode(*spans: Span, **about: Any) -> Decoded:
    """What these spans become; both encodings must agree."""
    made = request(*spans, **about)
    decoded = TRACES.decode(made.SerializeToString(), PROTOBUF, NOW)
    assert TRACES.decode(as_json(made), JSON, NOW) == decoded
    return decoded


def parts(*spans: Span, **about: Any) -> list[ExecutionReport]:
    """The parts of executions that these spans become; none may be refused."""
    decoded = decode(*spans, **about)
    assert decoded.rejected == []
    return [report for _, report in decoded.reports]
