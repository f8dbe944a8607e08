"""A schedule that somebody told: when starts are due, which did not come, and how late the others were. Pure.

Cron text of five fields in a time zone, as Debian's cron reads it (cronsim). A start at a fixed time that the clock
leaves out in spring is due when that hour is over; one in the hour that autumn repeats is due once, the first time.
What is due every so many minutes or hours follows the clock through both.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

MAX_CRON, MAX_ZONE = 100, 64
# A schedule of every minute has 10,080 starts a week; more than four weeks of it are not looked at.
MAX_DUE = 50_000
# Clocks differ: a start so much before its time is the one that is due.
EARLY = timedelta(minutes=1)
# Reports may come late: a start is missing this long after it could last have come.
REPORTED_LATE = timedelta(minutes=10)
_FIELDS = 5
_PRESETS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


class UnreadableSchedule(ValueError):
    """`field` ("schedule" or "schedule_zone") cannot be read; the text says why, after "must"."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@dataclass(frozen=True, slots=True)
class Schedule:
    """When starts are due. One may be `grace` late (None: until the next one is due)."""

    cron: str
    zone: str = "UTC"
    grace: timedelta | None = None

    @property
    def words(self) -> str:
        """`0 6 * * * (Europe/Berlin)`."""
        return f"{self.cron} ({self.zone})"


@lru_cache(maxsize=4096)
def read_schedule(text: str, zone: str = "") -> Schedule:
    """The schedule of a cron text or a preset such as `@daily`; without a zone UTC. Raises `UnreadableSchedule`."""
    cron = " ".join(_PRESETS.get(text.strip().lower(), text).split())
    if len(cron) > MAX_CRON or len(cron.split()) != _FIELDS:
        raise UnreadableSchedule("schedule", f"must be cron text of five fields, at most {MAX_CRON} characters")
    try:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        raise UnreadableSchedule(
            "schedule", "must be cron text that is due at some time, such as 0 6 * * 1-5"
        ) from None
    return Schedule(cron, _known_zone(zone.strip()))


def _known_zone(zone: str) -> str:
    try:
        return ZoneInfo(zone).key if zone else "UTC"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UnreadableSchedule("schedule_zone", "must be a time zone, such as Europe/Berlin") from None


def due_from(schedule: Schedule, start: datetime) -> Iterator[datetime]:
    """The instants from `start` on at which a start is due, in UTC, ascending; it ends where cron finds no more."""
    last = start - timedelta(microseconds=1)
    for moment in CronSim(schedule.cron, (start - timedelta(seconds=1)).astimezone(ZoneInfo(schedule.zone))):
        at = moment.astimezone(UTC)
        # Two times that the clock leaves out are due at the same instant.
        if at > last:
            yield at
            last = at


def due_between(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """Those in [start, end), at most `MAX_DUE`."""
    return list(islice(takewhile(lambda moment: moment < end, due_from(schedule, start)), MAX_DUE))


@dataclass(frozen=True, slots=True)
class Kept:
    """Of `expected` starts those that were due at `missed_at` did not come; the others were `late_ms` late."""

    expected: int
    missed_at: Sequence[datetime]
    late_ms: Sequence[float]


def compare(schedule: Schedule, starts: Sequence[datetime], start: datetime, end: datetime) -> Kept:
    """What was due in [start, end) beside the starts, in any order; each start is that of one due time at most.

    What could still come, or be reported, after `end` is not looked at.
    """
    due = due_between(schedule, start, end)
    following = [*due[1:], *islice(due_from(schedule, end), 1)]
    ordered, place = sorted(starts), 0
    expected, missed, late = 0, [], []
    for moment, after in zip(due, following, strict=False):
        last = after - EARLY if schedule.grace is None else moment + schedule.grace
        place = max(place, bisect_left(ordered, moment - EARLY))
        if place < len(ordered) and ordered[place] <= last:
            late.append(max(0.0, (ordered[place] - moment) / timedelta(milliseconds=1)))
            place += 1
        elif last + REPORTED_LATE > end:
            continue
        else:
            missed.append(moment)
        expected += 1
    return Kept(expected, missed, late)
