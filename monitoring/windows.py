"""Windows: half-open time ranges [from, to), as addresses and pages write them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext_noop

_RELATIVE = re.compile(r"^now(?:-(\d{1,4})(m|h|d))?$")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
DEFAULT_FROM = "now-7d"
PRESETS = (
    ("now-1h", gettext_noop("1 h")),
    ("now-24h", gettext_noop("24 h")),
    ("now-7d", gettext_noop("7 d")),
    ("now-30d", gettext_noop("30 d")),
    ("now-90d", gettext_noop("90 d")),
)
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Figures by the minute are kept for this long, figures by the hour for good.
MINUTES_KEPT = timedelta(hours=48)


def minute_floor(now: datetime) -> datetime:
    """The start of the first hour whose figures exist by the minute."""
    return floor_to(now - MINUTES_KEPT, HOUR)


def floor_to(moment: datetime, length: timedelta) -> datetime:
    """The start of the bucket that a moment is in. Buckets of whole weeks start on a Monday."""
    origin = datetime(1970, 1, 5, tzinfo=UTC)
    return origin + (moment - origin) // length * length


def ceil_to(moment: datetime, length: timedelta) -> datetime:
    """The first start of a bucket that is not before the moment."""
    start = floor_to(moment, length)
    return start if start == moment else start + length


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in UTC, with the words in the address that it came from (`from_text`, `to_text`).

    `minutes_from` says since when figures exist by the minute; a window that does not know is one of whole hours.
    """

    start: datetime
    end: datetime
    from_text: str = ""
    to_text: str = ""
    minutes_from: datetime = LATEST

    @property
    def length(self) -> timedelta:
        """How long the window is."""
        return self.end - self.start

    @property
    def precision(self) -> timedelta:
        """The edges are whole minutes, or whole hours for a day and more and where minutes are kept no longer."""
        is_short = ceil_to(self.end, MINUTE) - floor_to(self.start, MINUTE) < DAY
        return MINUTE if is_short and self.start >= self.minutes_from else HOUR

    def aligned(self) -> "Window":
        """This window widened to its precision: exactly the range that its figures are of."""
        start, end = floor_to(self.start, self.precision), ceil_to(self.end, self.precision)
        if (start, end) == (self.start, self.end):
            return self
        return Window(start, end, self.from_text, self.to_text, self.minutes_from)

    def previous(self) -> "Window":
        """The window of equal length that ends where this one starts."""
        return Window(self.start - self.length, self.start, minutes_from=self.minutes_from)


def week_until(moment: datetime) -> tuple[str, str]:
    """The seven days that end just after a moment, as `from` and `to` of an address: ISO 8601 in UTC, whole minutes."""
    start, end = moment - timedelta(days=7), moment + MINUTE
    return f"{start.astimezone(UTC):%Y-%m-%dT%H:%MZ}", f"{end.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def parse_instant(text: str, now: datetime) -> datetime | None:
    """`now`, `now-7d`, or ISO 8601 (without a zone: UTC). None when it is neither or out of range."""
    if match := _RELATIVE.match(text):
        number, unit = match.groups()
        return now - int(number) * _UNITS[unit] if number else now
    try:
        value = datetime.fromisoformat(text)
        value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return value if EARLIEST <= value <= LATEST else None


def parse_window(from_text: str | None, to_text: str | None, now: datetime) -> Window:
    """The window that an address asks for, aligned; what cannot be read falls back to the last seven days."""
    start = parse_instant(from_text or DEFAULT_FROM, now)
    end = parse_instant(to_text or "now", now)
    words = (from_text or DEFAULT_FROM, to_text or "now")
    if start is None or end is None or start >= end:
        start, end, words = now - timedelta(days=7), now, (DEFAULT_FROM, "now")
    return Window(start, end, *words, minutes_from=minute_floor(now)).aligned()
