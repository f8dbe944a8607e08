"""Reading OTLP from protobuf. A damaged item is refused alone; a damaged frame around items refuses the body."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from google.protobuf.message import DecodeError

from ingestion.adapters.otlp.frames import check_frames, check_items
from ingestion.adapters.otlp.messages import MESSAGE
from ingestion.adapters.otlp.protovalues import Pair, plain, read_pair
from ingestion.adapters.otlp.shapes import (
    MAX_ATTRIBUTES,
    MAX_TEXT,
    Attributes,
    Bundle,
    Event,
    Link,
    LogRecord,
    Point,
    Span,
    check_count,
)
from ingestion.adapters.otlp.told import Memory, Told
from ingestion.adapters.refusals import ITEM, Refused, Undecodable

_read_request = MESSAGE["Request"].FromString
_read_span = MESSAGE["Span"].FromString
_read_status = MESSAGE["SpanStatus"].FromString
_read_log = MESSAGE["LogRecord"].FromString
_read_metric = MESSAGE["Metric"].FromString
_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
# Short attributes are often the same in many spans: these are read once.
_SHORT = 64
_MAX_KNOWN = 20_000
_SCALARS = frozenset({str, int, float, bool, type(None)})
_known: dict[bytes, Pair] = {}


def read(body: bytes, item: Callable[["Reader", bytes], Any]) -> Iterator[Bundle]:
    """The bundles of a request; `item` reads one item. Raises `Undecodable` or `TooLarge`."""
    check_frames(body)
    try:
        request = _read_request(body)
    except DecodeError as error:
        raise Undecodable("The body is not an OTLP export request in protobuf.") from error
    check_items(sum(len(scope.items) for one in request.resources for scope in one.scopes))
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


class Reader(Memory):
    """Reads items; short attributes are remembered, and for the length of a request the ids of traces."""

    def __init__(self) -> None:
        super().__init__()
        self.traces: dict[bytes, str] = {}

    def _trace(self, raw: bytes) -> str:
        if len(raw) != 16 or raw == _NO_TRACE:
            raise Refused(*_wrong_id(raw))
        found = self.traces[raw] = raw.hex()
        return found

    def told(self, raw: list[bytes]) -> Told:
        """The attributes of a span, understood."""
        count = len(raw)
        known = _known.get
        pairs = [known(one) or self._pair(one) for one in (raw if count <= MAX_ATTRIBUTES else raw[:MAX_ATTRIBUTES])]
        names, values = zip(*pairs, strict=False) if pairs else ((), ())
        return self.tell(names, values, count)

    def attributes(self, raw: Any) -> Attributes:
        """Attributes as a dictionary: the first of a name counts, as the specification has it."""
        known, found = _known.get, dict[str, Any]()
        count = len(raw)
        for one in raw if count <= MAX_ATTRIBUTES else islice(raw, MAX_ATTRIBUTES):
            name, value = known(one) or self._pair(one)
            found.setdefault(name, value)
        return found if count <= MAX_ATTRIBUTES else check_count(found, count)

    def _pair(self, raw: bytes) -> Pair:
        """An attribute that this process does not remember."""
        pair = read_pair(raw)
        size = len(raw)
        if size <= _SHORT:
            if type(pair[1]) in _SCALARS:
                if len(_known) >= _MAX_KNOWN:
                    _known.clear()
                _known[raw] = pair
        elif size > MAX_TEXT:
            self.has_long = True
        return pair

    def span(self, raw: bytes) -> Span:
        """A span. Raises `Refused`, `DecodeError` or `UnicodeDecodeError`."""
        told = _read_span(raw)
        span_id, parent_id = told.span_id, told.parent_span_id
        trace = self.traces.get(told.trace_id) or self._trace(told.trace_id)
        if len(span_id) != 8 or span_id == _NO_SPAN:
            raise Refused("spanId", "must be 8 bytes that are not all zero")
        if parent_id and len(parent_id) != 8:
            raise Refused("parentSpanId", "must be 8 bytes, or none")
        code, message = self._status(told.status) if told.status else (0, "")
        events, links = told.events, told.links
        return Span(
            trace,
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
