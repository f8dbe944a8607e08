"""Reading OTLP from protobuf. A damaged item is refused alone; a damaged frame around items refuses the body."""

import base64
import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from google.protobuf.message import DecodeError

from ingestion.adapters.otlp.messages import MESSAGE
from ingestion.adapters.otlp.shapes import (
    MAX_ATTRIBUTES,
    Attributes,
    Bundle,
    Event,
    Link,
    LogRecord,
    Point,
    Span,
    check_count,
)
from ingestion.adapters.refusals import ITEM, Refused, Undecodable

_read_request = MESSAGE["Request"].FromString
_read_span = MESSAGE["Span"].FromString
_read_log = MESSAGE["LogRecord"].FromString
_read_metric = MESSAGE["Metric"].FromString
_read_pair = MESSAGE["KeyValue"].FromString
_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
# Short attributes are often the same in many spans of a request: these are read once.
_SHORT = 64
Pair = tuple[str, Any]


def read(body: bytes, item: Callable[["Reader", bytes], Any]) -> Iterator[Bundle]:
    """The bundles of a request; `item` reads one item. Raises `Undecodable`."""
    try:
        request = _read_request(body)
    except DecodeError as error:
        raise Undecodable("The body is not an OTLP export request in protobuf.") from error
    reader = Reader()
    for one in request.resources:
        resource = _frame(reader, one.resource.attributes)
        for scope in one.scopes:
            name = scope.scope.name.decode("utf-8", "replace")
            yield Bundle(resource, name, _items(reader, scope.items, item))


def _frame(reader: "Reader", raw: Iterable[bytes]) -> Attributes:
    try:
        return reader.attributes(raw)
    except (DecodeError, ValueError) as error:
        raise Undecodable("The attributes of a resource are damaged.") from error


def _items(reader: "Reader", raw: Iterable[bytes], item: Callable[["Reader", bytes], Any]) -> Iterator[Any]:
    for one in raw:
        try:
            yield item(reader, one)
        except Refused as refused:
            yield refused
        except UnicodeDecodeError:
            yield Refused(ITEM, "holds text that is not UTF-8")
        except (DecodeError, ValueError, RecursionError):
            yield Refused(ITEM, "is damaged: it cannot be decoded")


class Reader:
    """Reads attributes, remembering short ones for the length of a request."""

    def __init__(self) -> None:
        self.known: dict[bytes, Pair] = {}

    def attributes(self, raw: Any) -> Attributes:
        """Attributes as a dictionary: the first of a name counts, as the specification has it."""
        known, found = self.known, {}
        count = len(raw)
        for one in raw if count <= MAX_ATTRIBUTES else islice(raw, MAX_ATTRIBUTES):
            pair = known.get(one)
            if pair is None:
                pair = _pair(one)
                if len(one) <= _SHORT:
                    known[one] = pair
            found[pair[0]] = pair[1]
        return found if count <= MAX_ATTRIBUTES else check_count(found, count)

    def span(self, raw: bytes) -> Span:
        """A span. Raises `Refused`, `DecodeError` or `UnicodeDecodeError`."""
        told = _read_span(raw)
        trace_id, span_id, parent_id, status = told.trace_id, told.span_id, told.parent_span_id, told.status
        return Span(
            trace_hex(trace_id),
            span_hex(span_id),
            "" if not parent_id or parent_id == _NO_SPAN else span_hex(parent_id, "parentSpanId"),
            told.name.decode(),
            told.kind,
            told.start_time_unix_nano,
            told.end_time_unix_nano,
            told.flags,
            status.code,
            status.message.decode(),
            self.attributes(told.attributes),
            [Event(e.time_unix_nano, e.name.decode(), self.attributes(e.attributes)) for e in told.events],
            [Link(e.trace_id.hex(), e.span_id.hex(), self.attributes(e.attributes)) for e in told.links],
            told.trace_state.decode(),
            told.dropped_attributes_count,
        )

    def log(self, raw: bytes) -> LogRecord:
        """A log record."""
        told = _read_log(raw)
        has_trace = bool(told.trace_id) and told.trace_id != _NO_TRACE
        has_span = has_trace and bool(told.span_id) and told.span_id != _NO_SPAN
        return LogRecord(
            told.time_unix_nano or told.observed_time_unix_nano,
            told.severity_number,
            told.severity_text.decode(),
            _any(told.body),
            self.attributes(told.attributes),
            trace_hex(told.trace_id) if has_trace else "",
            span_hex(told.span_id) if has_span else "",
            told.event_name.decode(),
        )

    def points(self, raw: bytes) -> list[Any]:
        """The data points of a metric, each read or refused."""
        metric = _read_metric(raw)
        for field, (kind, message) in _METRICS.items():
            if metric.HasField(field):
                data = getattr(metric, field)
                about = (metric.name.decode(), metric.unit.decode(), _kind(kind, data), _is_delta(data))
                return list(_items(self, data.points, partial(Reader.point, message=message, about=about)))
        return []

    def point(self, raw: bytes, *, message: str, about: tuple[str, str, str, bool]) -> Point:
        """One data point of a metric with this name, unit, kind and temporality."""
        told = MESSAGE[message].FromString(raw)
        name, unit, kind, is_delta = about
        value, count = _value(told, message)
        attributes = self.attributes(told.attributes)
        # Flag 1 says "no value was recorded".
        value = None if told.flags & 1 else value
        return Point(name, unit, kind, told.time_unix_nano, value, count, attributes, is_delta)


_METRICS = {
    "gauge": ("gauge", "NumberPoint"),
    "sum": ("counter", "NumberPoint"),
    "histogram": ("histogram", "HistogramPoint"),
    "exponential_histogram": ("histogram", "ExponentialPoint"),
    "summary": ("histogram", "SummaryPoint"),
}


def _kind(kind: str, data: Any) -> str:
    return "gauge" if kind == "counter" and not data.is_monotonic else kind


def _is_delta(data: Any) -> bool:
    return getattr(data, "aggregation_temporality", 0) == 1


def _value(told: Any, message: str) -> tuple[float | None, int | None]:
    """Value and count of a point: of histograms the sum, where it was told; a summary leaves out a sum of 0."""
    if message == "NumberPoint":
        if told.HasField("as_int"):
            return float(told.as_int), None
        return (told.as_double if told.HasField("as_double") else None), None
    return (told.sum if message == "SummaryPoint" or told.HasField("sum") else None), told.count


def trace_hex(raw: bytes) -> str:
    """A trace id as text."""
    if len(raw) != 16 or raw == _NO_TRACE:
        raise Refused("traceId", "must be 16 bytes that are not all zero")
    return raw.hex()


def span_hex(raw: bytes, field: str = "spanId") -> str:
    """A span id as text."""
    if len(raw) != 8 or raw == _NO_SPAN:
        raise Refused(field, "must be 8 bytes that are not all zero")
    return raw.hex()


def _pair(raw: bytes) -> Pair:
    """One attribute. The commonest form, a short text, is read without making a message: tag and length are one byte
    each (key: 0x0a, value: 0x12, text in it: 0x0a) and what they announce is all there is.
    """
    size = len(raw)
    end = 2 + raw[1] if size > 6 else 0
    if 2 < end < size - 3 and raw[1] < 128 and raw[0] == 0x0A and raw[end] == 0x12:
        length = raw[end + 1]
        if length < 128 and raw[end + 2] == 0x0A and raw[end + 3] == length - 2 and end + 2 + length == size:
            return raw[2:end].decode(), raw[end + 4 :].decode()
    told = _read_pair(raw)
    return told.key.decode(), _any(told.value)


def _any(told: Any) -> Any:
    """An AnyValue as plain data: numbers that JSON does not have as text, bytes as base64."""
    for descriptor, value in told.ListFields():
        return _PLAIN[descriptor.name](value)
    return None


def _pairs(told: Any) -> Attributes:
    return {pair.key.decode(): _any(pair.value) for pair in told.values}


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "string_value": lambda value: value.decode(),
    "bool_value": bool,
    "int_value": int,
    "double_value": lambda value: value if math.isfinite(value) else str(value),
    "array_value": lambda value: [_any(one) for one in value.values],
    "kvlist_value": _pairs,
    "bytes_value": lambda value: base64.b64encode(value).decode(),
}
