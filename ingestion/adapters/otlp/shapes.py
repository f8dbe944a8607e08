"""What both encodings of OTLP are read into, with the bounds that hold for both."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from ingestion.adapters.refusals import Refused
from monitoring.windows import EARLIEST

MAX_ATTRIBUTES: Final = 1_000
MAX_TEXT: Final = 100_000
MAX_NAME: Final = 200
MAX_AHEAD: Final = timedelta(days=1)
CUT_MARK: Final = "…"

Attributes = dict[str, Any]


class Event(Struct, gc=False):
    """Something that happened during a span. `at` is in ns since 1970, 0 when not told."""

    at: int
    name: str
    attributes: Attributes


class Link(Struct, gc=False):
    """Another span that caused this one."""

    trace_id: str
    span_id: str
    attributes: Attributes


class Span(Struct, gc=False):
    """A span. Ids in lower-case hex, the parent's empty for none; times in ns since 1970, 0 when not told.

    `told` is a `told.Told`: its attributes, understood.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start: int
    end: int
    flags: int
    status: int
    message: str
    told: Any
    events: list[Event]
    links: list[Link]
    state: str = ""
    dropped: int = 0


class LogRecord(Struct, gc=False):
    """A log record. Ids are empty when it belongs to no span."""

    at: int
    severity: int
    level: str
    body: Any
    attributes: Attributes
    trace_id: str
    span_id: str
    event: str


class Point(Struct, gc=False):
    """One data point of a metric; `value` is None where it was not recorded."""

    name: str
    unit: str
    kind: str
    at: int
    value: float | None
    count: int | None
    attributes: Attributes
    is_delta: bool = False


class Bundle(Struct):
    """The items of one scope of one resource, each read or refused, in the order of the request.

    `unknown` fills with the names that nothing understands while the items are read.
    """

    resource: Attributes
    scope: str
    items: Iterator[Any]
    unknown: dict[str, str]


class Bounds(Struct, frozen=True):
    """The times that are believed, in ns since 1970."""

    earliest: int
    latest: int


def bounds_at(now: datetime) -> Bounds:
    """From 1990 to a day from now."""
    return Bounds(int(EARLIEST.timestamp()) * 10**9, int((now + MAX_AHEAD).timestamp()) * 10**9)


def moment(ns: int, field: str, bounds: Bounds) -> datetime | None:
    """The time that nanoseconds tell, to the microsecond; None for 0, which means "not told"."""
    if bounds.earliest <= ns <= bounds.latest:
        return datetime.fromtimestamp(ns / 1e9, UTC)
    if ns == 0:
        return None
    raise Refused(field, "must be nanoseconds since 1970, from 1990 to a day from now")


def cut(text: str, limit: int = MAX_NAME) -> str:
    """A text that fits into a name: senders of this protocol cannot be asked for a shorter one. NUL is replaced."""
    if len(text) > limit:
        text = text[: limit - 1] + CUT_MARK
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def check_count(attributes: Attributes, count: int) -> Attributes:
    """Marks attributes of which only the first `MAX_ATTRIBUTES` were read."""
    if count > MAX_ATTRIBUTES:
        attributes[CUT_MARK] = f"{count - MAX_ATTRIBUTES:,} more attributes were left out: {MAX_ATTRIBUTES:,} are kept"
    return attributes
