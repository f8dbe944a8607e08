"""When nobody is told: quiet hours by the clock of a zone, and silences in force once or again and again. Pure.

Instants are aware and in UTC. A time on a clock that summer time skips is the instant it would have been.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

DAY = timedelta(days=1)
EVERY_DAY = frozenset(range(7))
# How far ahead the next time of a recurring silence is looked for.
LONGEST_PAUSE = timedelta(days=400)


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
            raise ValueError("days are numbers from 0 (Monday) to 6")
        start, end = (time.fromisoformat(str(document[name])) for name in ("from", "to"))
        if start.tzinfo or end.tzinfo:
            raise ValueError("times are by the clock of the zone")
        return cls(
            zone=_zone(str(document.get("zone") or "UTC")).key,
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
        zone = _zone(self.zone)
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
    """When a silence is in force: from `starts_at` until `ends_at`; with `cron` only for `duration` after each tick."""

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
        began = last_tick(self.cron, self.zone, now)
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
            begins = next_tick(self.cron, self.zone, max(now, self.starts_at - timedelta(seconds=1)))
            found = begins + self.duration if begins and begins < self.ends_at else None
        return min(found, self.ends_at) if found else None


def last_tick(cron: str, zone: str, now: datetime) -> datetime | None:
    """The last time of a cron expression up to now, now included."""
    start = now.astimezone(_zone(zone)) + timedelta(seconds=1)
    return next((tick for tick in _ticks(cron, start, is_back=True) if tick <= now), None)


def next_tick(cron: str, zone: str, now: datetime) -> datetime | None:
    """The next time of a cron expression after now."""
    return next(_ticks(cron, now.astimezone(_zone(zone)), is_back=False), None)


def _ticks(cron: str, start: datetime, *, is_back: bool) -> Iterator[datetime]:
    for tick in CronSim(cron, start, reverse=is_back):
        found = tick.astimezone(UTC)
        if abs(found - start) > LONGEST_PAUSE:
            return
        yield found


def is_zone(name: str) -> bool:
    """Whether a zone has this IANA name."""
    try:
        _zone(name)
    except ValueError:
        return False
    return True


def fault_of(cron: str, zone: str) -> str:
    """What is wrong with a cron expression and its zone; empty when nothing is."""
    try:
        known = _zone(zone)
    except ValueError:
        return f"zone {zone!r} is not known"
    try:
        CronSim(cron, datetime(2026, 1, 1, tzinfo=known))
    except CronSimError:
        return "must be a cron expression of five fields, such as 0 2 * * 6"
    return "" if len(cron.split()) == 5 else "must be a cron expression of five fields, such as 0 2 * * 6"


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    """The zone with an IANA name. Raises `ValueError`."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"zone {name!r} is not known") from error
