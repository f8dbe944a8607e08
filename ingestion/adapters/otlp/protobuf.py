"""Reading OTLP from protobuf. A damaged item is refused alone; a damaged frame around items refuses the body."""

import base64
import math
import struct
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
from ingestion.adapters.otlp.told import Got, Told, understand
from ingestion.adapters.refusals import ITEM, Refused, Undecodable

_read_request = MESSAGE["Request"].FromString
_read_span = MESSAGE["Span"].FromString
_read_status = MESSAGE["SpanStatus"].FromString
_read_log = MESSAGE["LogRecord"].FromString
_read_metric = MESSAGE["Metric"].FromString
_read_pair = MESSAGE["KeyValue"].FromString
_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
# Short attributes are often the same in many spans of a request: these are read once.
_SHORT = 64
_KEY, _VALUE, _TEXT, _INT, _DOUBLE = 0x0A, 0x12, 0x0A, 0x18, 0x21
_double = struct.Struct("<d").unpack_from
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
            yield Bundle(resource, name, _items(reader, scope.items, item), reader.unknown)


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
        self.understood: dict[bytes, Got] = {}
        self.unknown: dict[str, str] = {}

    def told(self, raw: list[bytes]) -> Told:
        """The attributes of a span, understood in one pass."""
        find = self.understood.get
        fields: dict[str, Got] = {}
        rest: Attributes = {}
        several: list[Got] | None = None
        count = len(raw)
        for one in raw if count <= MAX_ATTRIBUTES else raw[:MAX_ATTRIBUTES]:
            got = find(one)
            if got is None:
                got = understand(*_pair(one), self.unknown)
                if len(one) <= _SHORT:
                    self.understood[one] = got
            field = got[0]
            if field is None:
                rest[got[1]] = got[2]
            elif field and field not in fields:
                fields[field] = got
                if got[4]:
                    rest[got[1]] = got[2]
            else:
                several = several or []
                several.append(got)
        if count > MAX_ATTRIBUTES:
            check_count(rest, count)
        return Told(fields, rest, several)

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
        trace_id, span_id, parent_id = told.trace_id, told.span_id, told.parent_span_id
        if len(trace_id) != 16 or trace_id == _NO_TRACE or len(span_id) != 8 or span_id == _NO_SPAN:
            raise Refused(*_wrong_id(trace_id))
        if parent_id and len(parent_id) != 8:
            raise Refused("parentSpanId", "must be 8 bytes, or none")
        code, message = self._status(told.status)
        events, links = told.events, told.links
        return Span(
            trace_id.hex(),
            span_id.hex(),
            "" if parent_id == _NO_SPAN else parent_id.hex(),
            told.name.decode(),
            told.kind,
            told.start_time_unix_nano,
            told.end_time_unix_nano,
            told.flags,
            code,
            message,
            self.told(told.attributes[:]),
            [self._event(one) for one in events[:]] if events else [],
            [self._link(one) for one in links[:]] if links else [],
            told.trace_state.decode(),
            told.dropped_attributes_count,
        )

    def _status(self, raw: bytes) -> tuple[int, str]:
        if not raw:
            return 0, ""
        told = _read_status(raw)
        return told.code, told.message.decode()

    def _event(self, told: Any) -> Event:
        return Event(told.time_unix_nano, told.name.decode(), self.attributes(told.attributes))

    def _link(self, told: Any) -> Link:
        return Link(told.trace_id.hex(), told.span_id.hex(), self.attributes(told.attributes))

    def log(self, raw: bytes) -> LogRecord:
        """A log record."""
        told = _read_log(raw)
        trace_id, span_id = told.trace_id, told.span_id
        has_trace = bool(trace_id) and trace_id != _NO_TRACE
        has_span = has_trace and bool(span_id) and span_id != _NO_SPAN
        if (has_trace and len(trace_id) != 16) or (has_span and len(span_id) != 8):
            raise Refused(*_wrong_id(trace_id))
        return LogRecord(
            told.time_unix_nano or told.observed_time_unix_nano,
            told.severity_number,
            told.severity_text.decode(),
            _any(told.body),
            self.attributes(told.attributes),
            trace_id.hex() if has_trace else "",
            span_id.hex() if has_span else "",
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


def _wrong_id(trace_id: bytes) -> tuple[str, str]:
    if len(trace_id) != 16 or trace_id == _NO_TRACE:
        return "traceId", "must be 16 bytes that are not all zero"
    return "spanId", "must be 8 bytes that are not all zero"


def _pair(raw: bytes) -> Pair:
    """One attribute. What is commonest is read without making a message: a key of up to 127 bytes (0x0a), then a value
    (0x12) that is a text, a number or a truth and reaches exactly to the end.
    """
    size = len(raw)
    end = 2 + raw[1] if size > 5 else 0
    if 2 < end < size - 3 and raw[1] < 128 and raw[0] == _KEY and raw[end] == _VALUE:
        length, tag = raw[end + 1], raw[end + 2]
        if length < 128:
            if end + 2 + length == size:
                if tag == _TEXT and raw[end + 3] == length - 2:
                    return raw[2:end].decode(), raw[end + 4 :].decode()
                if tag == _INT and raw[-1] < 128 and length < 10:
                    return raw[2:end].decode(), _small(raw, end + 3, size)
                if tag == _DOUBLE and length == 9:
                    return raw[2:end].decode(), _finite(_double(raw, end + 3)[0])
        elif tag < 128 and raw[end + 3] == _TEXT:
            # Two bytes of length: up to 16,383 bytes of value. The text's own length has one byte or two.
            told, start = raw[end + 4], end + 5
            if told >= 128:
                told, start = (told & 127) + (raw[start] << 7), start + 1
            if start + told == size and end + 3 + (length & 127) + (tag << 7) == size and raw[start - 1] < 128:
                return raw[2:end].decode(), raw[start:].decode()
    found = _read_pair(raw)
    return found.key.decode(), _any(found.value)


def _small(raw: bytes, start: int, end: int) -> int:
    """A number of seven bits a byte, the lowest first. Up to eight bytes, so none of them is negative."""
    number = shift = 0
    for byte in raw[start:end]:
        number |= (byte & 127) << shift
        shift += 7
    return number


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


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
    "double_value": _finite,
    "array_value": lambda value: [_any(one) for one in value.values],
    "kvlist_value": _pairs,
    "bytes_value": lambda value: base64.b64encode(value).decode(),
}
