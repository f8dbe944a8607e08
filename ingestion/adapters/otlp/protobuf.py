"""Reading OTLP from protobuf. A damaged item is refused alone; a damaged frame around items refuses the body."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from google.protobuf.message import DecodeError

from ingestion.adapters.otlp.messages import MESSAGE
from ingestion.adapters.otlp.protovalues import Pair, plain, read_pair
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
from ingestion.semantics.lookup import UNKNOWN

_read_request = MESSAGE["Request"].FromString
_read_span = MESSAGE["Span"].FromString
_read_status = MESSAGE["SpanStatus"].FromString
_read_log = MESSAGE["LogRecord"].FromString
_read_metric = MESSAGE["Metric"].FromString
_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
# Short attributes are often the same in many spans: these are read once. Names that nothing understands are remembered
# for the length of a request only, because each request lists them.
_SHORT = 64
_MAX_UNDERSTOOD = 20_000
_SCALARS = frozenset({str, int, float, bool, type(None)})
_understood: dict[bytes, Got] = {}


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
        self.not_understood: dict[bytes, Got] = {}
        self.unknown: dict[str, str] = {}

    def told(self, raw: list[bytes]) -> Told:
        """The attributes of a span, understood in one pass."""
        find, fields = _understood.get, dict[str, Got]()
        rest: Attributes = {}
        several: list[Got] | None = None
        count = len(raw)
        for one in raw if count <= MAX_ATTRIBUTES else raw[:MAX_ATTRIBUTES]:
            got = find(one)
            if got is None:
                got = self._understand(one)
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
                pair = read_pair(one)
                if len(one) <= _SHORT:
                    known[one] = pair
            found[pair[0]] = pair[1]
        return found if count <= MAX_ATTRIBUTES else check_count(found, count)

    def _understand(self, raw: bytes) -> Got:
        """An attribute that this process does not remember."""
        found = self.not_understood.get(raw)
        if found is not None:
            return found
        got = understand(*read_pair(raw), self.unknown)
        if len(raw) <= _SHORT:
            if got[5] is UNKNOWN:
                self.not_understood[raw] = got
            elif type(got[2]) in _SCALARS and type(got[3]) in _SCALARS:
                if len(_understood) >= _MAX_UNDERSTOOD:
                    _understood.clear()
                _understood[raw] = got
        return got

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
            plain(told.body),
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
