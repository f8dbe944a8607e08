"""Reading OTLP from JSON: ids in hex, 64-bit numbers as text or numbers, enumerations as numbers or names.

The body is read in one go; where an item does not fit, each is read alone and only the damaged ones are refused.
"""

import binascii
from collections.abc import Callable, Iterator
from types import GenericAlias
from typing import Any

import msgspec
from msgspec import Struct

from ingestion.adapters.otlp.frames import check_items
from ingestion.adapters.otlp.jsonshapes import (
    UNSET,
    JsonLink,
    JsonLog,
    JsonMetric,
    JsonPoint,
    JsonResource,
    JsonScope,
    JsonSpan,
)
from ingestion.adapters.otlp.jsonvalues import attributes, plain, real, understood, whole
from ingestion.adapters.otlp.shapes import MAX_TEXT, Bundle, Event, Link, LogRecord, Point, Span
from ingestion.adapters.otlp.told import Memory
from ingestion.adapters.refusals import ITEM, Refused, Undecodable, explain


def _request(prefix: str, items: str, item: Any) -> tuple[type[Struct], type[Struct]]:
    """The shape of a request whose items are read at once, and of one whose items are left as text."""

    def shape(type: Any) -> type[Struct]:
        listed: list[Any] = [("scope", JsonScope | None, None), ("items", GenericAlias(list, (type,)), [])]
        scope = msgspec.defstruct("Scopes", listed, rename={"items": items})
        listed = [("resource", JsonResource | None, None), ("scopes", GenericAlias(list, (scope,)), [])]
        resource = msgspec.defstruct("Resources", listed, rename={"scopes": f"scope{prefix}"})
        listed = [("resources", GenericAlias(list, (resource,)), [])]
        return msgspec.defstruct("Request", listed, rename={"resources": f"resource{prefix}"})

    return shape(item), shape(msgspec.Raw)


class Form:
    """How requests of one signal are read."""

    def __init__(self, prefix: str, items: str, item: Any, convert: Callable[[Any, Memory], Any]) -> None:
        whole, apart = _request(prefix, items, item)
        self.whole = msgspec.json.Decoder(whole)
        self.apart = msgspec.json.Decoder(apart)
        self.item = msgspec.json.Decoder(item)
        self.convert = convert

    def read(self, body: bytes) -> Iterator[Bundle]:
        """The bundles of a request. Raises `Undecodable` or `TooLarge`."""
        try:
            request, read_item = self._decode(body)
        except msgspec.ValidationError as error:
            raise Undecodable(*reversed(explain(str(error)))) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Undecodable(f"The body is not valid JSON: {error}") from error
        except RecursionError as error:
            raise Undecodable("The body is nested too deeply.") from error
        check_items(sum(1 + sum(1 + len(scope.items) for scope in one.scopes) for one in request.resources))
        memory = Memory()
        memory.has_long = len(body) > MAX_TEXT
        for one in request.resources:
            resource = attributes(one.resource.attributes) if one.resource else {}
            for scope in one.scopes:
                name = scope.scope.name if scope.scope else ""
                yield Bundle(resource, name, self._items(scope.items, read_item, memory), memory.unknown)

    def _decode(self, body: bytes) -> tuple[Any, Callable[[Any], Any] | None]:
        try:
            return self.whole.decode(body), None
        except (msgspec.ValidationError, RecursionError):
            return self.apart.decode(body), self.item.decode

    def _items(self, items: list[Any], read_item: Callable[[Any], Any] | None, memory: Memory) -> Iterator[Any]:
        for one in items:
            try:
                yield self.convert(one if read_item is None else read_item(one), memory)
            except Refused as refused:
                yield refused
            except msgspec.ValidationError as error:
                yield Refused(*explain(str(error)))
            except (ValueError, RecursionError, OverflowError) as error:
                yield Refused(ITEM, f"cannot be read: {error}"[:500])


def hex_id(text: str, length: int, field: str) -> str:
    """An id of `length` bytes as lower-case hex. Raises `Refused`."""
    try:
        raw = binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        raise Refused(field, f"must be {2 * length} hexadecimal digits") from None
    if len(raw) != length or not any(raw):
        raise Refused(field, f"must be {2 * length} hexadecimal digits that are not all zero")
    return raw.hex()


_SPAN_KINDS = {
    f"SPAN_KIND_{word}": number
    for number, word in enumerate(("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"))
}
_CODES = {f"STATUS_CODE_{word}": number for number, word in enumerate(("UNSET", "OK", "ERROR"))}
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_SEVERITIES = {
    f"SEVERITY_NUMBER_{word}{step if step > 1 else ''}": 4 * place + step
    for place, word in enumerate(_LEVELS)
    for step in range(1, 5)
}


def span(told: JsonSpan, memory: Memory) -> Span:
    """A span. Raises `Refused`."""
    parent, status = told.parent_span_id, told.status or UNSET
    return Span(
        hex_id(told.trace_id, 16, "traceId"),
        hex_id(told.span_id, 8, "spanId"),
        hex_id(parent, 8, "parentSpanId") if parent and parent.strip("0") else "",
        told.name,
        told.kind if type(told.kind) is int else whole(told.kind, "kind", _SPAN_KINDS),
        whole(told.start_time_unix_nano, "startTimeUnixNano"),
        whole(told.end_time_unix_nano, "endTimeUnixNano"),
        told.flags if type(told.flags) is int else whole(told.flags, "flags"),
        status.code if type(status.code) is int else whole(status.code, "status.code", _CODES),
        status.message,
        understood(told.attributes, memory),
        [Event(whole(e.time_unix_nano, "timeUnixNano"), e.name, attributes(e.attributes)) for e in told.events],
        [_link(one) for one in told.links],
        told.trace_state,
        whole(told.dropped_attributes_count, "droppedAttributesCount") if told.dropped_attributes_count else 0,
    )


def _link(told: JsonLink) -> Link:
    """A link; one whose ids are none is read as pointing nowhere, because its span says enough without it."""
    try:
        ids = hex_id(told.trace_id, 16, "traceId"), hex_id(told.span_id, 8, "spanId")
    except Refused:
        ids = "", ""
    return Link(*ids, attributes(told.attributes))


def log(told: JsonLog, _memory: Memory) -> LogRecord:
    """A log record. Raises `Refused`."""
    has_trace = bool(told.trace_id.strip("0"))
    at = whole(told.time_unix_nano, "timeUnixNano") or whole(told.observed_time_unix_nano, "observedTimeUnixNano")
    return LogRecord(
        at,
        whole(told.severity_number, "severityNumber", _SEVERITIES),
        told.severity_text,
        plain(told.body) if told.body else None,
        attributes(told.attributes),
        hex_id(told.trace_id, 16, "traceId") if has_trace else "",
        hex_id(told.span_id, 8, "spanId") if has_trace and told.span_id.strip("0") else "",
        told.event_name,
    )


_read_point = msgspec.json.Decoder(JsonPoint).decode
_TEMPORALITIES = {"AGGREGATION_TEMPORALITY_DELTA": 1, "AGGREGATION_TEMPORALITY_CUMULATIVE": 2}


def points(told: JsonMetric, _memory: Memory) -> list[Any]:
    """The data points of a metric, each read or refused."""
    for data, kind in (
        (told.gauge, "gauge"),
        (told.sum, "counter" if told.sum and told.sum.is_monotonic else "gauge"),
        (told.histogram, "histogram"),
        (told.exponential_histogram, "histogram"),
        (told.summary, "histogram"),
    ):
        if data is not None:
            is_delta = whole(data.aggregation_temporality, "aggregationTemporality", _TEMPORALITIES) == 1
            return [_point(raw, told, kind, is_delta) for raw in data.data_points]
    return []


def _point(raw: msgspec.Raw, metric: JsonMetric, kind: str, is_delta: bool) -> Point | Refused:
    try:
        told = _read_point(raw)
        at, count = whole(told.time_unix_nano, "timeUnixNano"), told.count
        value = _point_value(told, kind)
        number = None if count is None else whole(count, "count")
        return Point(metric.name, metric.unit, kind, at, value, number, attributes(told.attributes), is_delta)
    except Refused as refused:
        return refused
    except msgspec.ValidationError as error:
        return Refused(*explain(str(error)))
    except ValueError as error:
        return Refused(ITEM, f"cannot be read: {error}"[:500])


def _point_value(told: JsonPoint, kind: str) -> float | None:
    if whole(told.flags, "flags") & 1:
        return None
    if kind == "histogram":
        return None if told.sum is None else real(told.sum)
    if told.as_double is not None:
        return real(told.as_double)
    return None if told.as_int is None else float(whole(told.as_int, "asInt"))


SPANS = Form("Spans", "spans", JsonSpan, span)
LOGS = Form("Logs", "logRecords", JsonLog, log)
METRICS = Form("Metrics", "metrics", JsonMetric, points)
