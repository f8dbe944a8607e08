"""Windows: half-open time ranges [from, to), as addresses and pages write them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_RELATIVE = re.compile(r"^now(?:-(\d{1,4})(m|h|d))?$")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
DEFAULT_FROM = "now-7d"
PRESETS = (("now-1h", "1 h"), ("now-24h", "24 h"), ("now-7d", "7 d"), ("now-30d", "30 d"), ("now-90d", "90 d"))
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in UTC, with the words in the address that it came from (`from_text`, `to_text`)."""

    start: datetime
    end: datetime
    from_text: str = ""
    to_text: str = ""

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start

    def previous(self) -> "Window":
        """The window of equal length that ends where this one starts."""
        return Window(self.start - self.length, self.start)


def parse_instant(text: str, now: datetime) -> datetime | None:
    """`now`, `now-7d`, or ISO 8601 (without a zone: UTC). None when it is neither or out of range."""
    if match := _RELATIVE.match(text):
        number, unit = match.groups()
        return now - int(number) * _UNITS[unit] if number else now
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return value.astimezone(UTC) if EARLIEST <= value <= LATEST else None


def parse_window(from_text: str | None, to_text: str | None, now: datetime) -> Window:
    """The window that an address asks for; what cannot be read falls back to the last seven days."""
    start = parse_instant(from_text or DEFAULT_FROM, now)
    end = parse_instant(to_text or "now", now)
    if start is None or end is None or start >= end:
        return Window(now - timedelta(days=7), now, DEFAULT_FROM, "now")
    return Window(start, end, from_text or DEFAULT_FROM, to_text or "now")
