"""When nobody is told: quiet hours by the clock of a zone, and silences in force once or again and again. Pure.

Instants are aware and in UTC. A time on a clock that summer time skips is the instant it would have been.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo

from accounts.phrases import gettext as _
from monitoring.analysis.schedule import Schedule, due_from, last_due, zone_fault

DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(7))


class SilenceState(StrEnum):
    """Where a silence stands at an instant, in the order in which pages list them."""

    ACTIVE = "active"
    WAITING = "waiting"  # it comes again, and is between two times
    COMING = "coming"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` on the clock of `zone`, beginning on these days (0 Monday); equal ones are a whole day.

    Incidents of these severities wait until they are over; without any all do.
    """

    zone: str
    start: time
    end: time
    days: frozenset[int] = EVERY_DAY
    severities: frozenset[str] = frozenset()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The quiet hours of a route (`alerts.models.Route.quiet_hours`). Raises `ValueError` for what is none."""
        days = frozenset(int(one) for one in document.get("days") or EVERY_DAY)
        if not days <= EVERY_DAY:
            raise ValueError(_("days are numbers from 0 (Monday) to 6"))
        zone = str(document.get("zone") or "UTC")
        if fault := zone_fault(zone):
            raise ValueError(_("zone {fault}").format(fault=fault))
        start, end = (time.fromisoformat(str(document[name])) for name in ("from", "to"))
        if start.tzinfo or end.tzinfo:
            raise ValueError(_("times are by the clock of the zone"))
        return cls(
            zone=zone,
            start=start,
            end=end,
            days=days,
            severities=frozenset(document.get("severities") or ()),
        )

    @property
    def is_always(self) -> bool:
        """Whether they never end."""
        return self.start == self.end and self.days == EVERY_DAY

    def until(self, severity: str, now: datetime) -> datetime | None:
        """When the quiet hours that are in force for a severity end; None when none are."""
        if self.severities and severity not in self.severities:
            return None
        zone = ZoneInfo(self.zone)
        today = now.astimezone(zone).date()
        for day in (today - DAY, today):
            begins = datetime.combine(day, self.start, zone).astimezone(UTC)
            last = day + DAY if self.end <= self.start else day
            ends = datetime.combine(last, self.end, zone).astimezone(UTC)
            if day.weekday() in self.days and begins <= now < ends:
                return ends
        return None


@dataclass(frozen=True, slots=True)
class Times:
    """When a silence is in force: from `starts_at` until `ends_at`; with `cron` only for `duration` from each
    instant on at which that is due."""

    starts_at: datetime
    ends_at: datetime
    cron: str = ""
    zone: str = "UTC"
    duration: timedelta = timedelta(0)

    def until(self, now: datetime) -> datetime | None:
        """When it ends that is in force now; None when it is not."""
        if not self.starts_at <= now < self.ends_at:
            return None
        if not self.cron:
            return self.ends_at
        began = last_due(Schedule(self.cron, self.zone), now)
        if began is None or began < self.starts_at or now >= began + self.duration:
            return None
        return min(began + self.duration, self.ends_at)

    def next_end(self, now: datetime) -> datetime | None:
        """The next end after now, of the time in force or of the next one; None when there is none any more."""
        if now >= self.ends_at:
            return None
        if not self.cron:
            return self.ends_at
        found = self.until(now)
        if found is None:
            after = max(now + timedelta(microseconds=1), self.starts_at)
            begins = next(due_from(Schedule(self.cron, self.zone), after), None)
            found = begins + self.duration if begins and begins < self.ends_at else None
        return min(found, self.ends_at) if found else None
