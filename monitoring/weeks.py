"""ISO weeks (ISO 8601: Monday 00:00 UTC to the next one), as addresses and pages write them: `2026-W47`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from accounts import formats
from monitoring.windows import EARLIEST, HOUR, LATEST, Window, ceil_to, floor_to

WEEK = timedelta(days=7)
_WRITTEN = re.compile(r"^(\d{4})-W(\d{2})$")
WORDS = "an ISO week such as 2026-W47"


@dataclass(frozen=True, slots=True)
class Week:
    """The week that starts at `start`, a Monday 00:00 UTC."""

    start: datetime

    @property
    def end(self) -> datetime:
        """The start of the next one."""
        return self.start + WEEK

    @property
    def name(self) -> str:
        """`2026-W47`."""
        year, number, _day = self.start.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def words(self) -> str:
        """`week 47, 16 to 22 Nov 2026`."""
        last = self.end - timedelta(days=1)
        return _("week {number}, {first} to {last}").format(
            number=self.start.isocalendar()[1],
            first=formats.first_day(self.start, last),
            last=formats.day_of_year(last),
        )

    @property
    def previous(self) -> "Week":
        """The week before."""
        return Week(self.start - WEEK)

    @property
    def next(self) -> "Week":
        """The week after."""
        return Week(self.end)

    def is_over(self, now: datetime) -> bool:
        """Whether nothing of it is still to come."""
        return now >= self.end

    def window(self, now: datetime) -> Window:
        """Its whole hours up to `now`: all of a week that is over, at least one hour of one that has just begun."""
        return Window(self.start, min(self.end, max(ceil_to(now, HOUR), self.start + HOUR)))

    def window_before(self, now: datetime) -> Window:
        """The same hours of the week before: all of it once this one is over."""
        found = self.window(now)
        return Window(found.start - WEEK, found.end - WEEK)


def week_of(moment: datetime) -> Week:
    """The week that a moment is in."""
    return Week(floor_to(moment, WEEK))


def parse_week(text: str) -> Week | None:
    """The week that a text names; None for what is none, or outside of 1990 to 2099."""
    match = _WRITTEN.match(text)
    try:
        start = datetime.fromisocalendar(int(match[1]), int(match[2]), 1).replace(tzinfo=UTC) if match else None
    except ValueError:
        return None
    return Week(start) if start is not None and EARLIEST <= start < LATEST - WEEK else None
