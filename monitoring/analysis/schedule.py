"""A schedule that somebody told: read, when starts are due, which did not come, and how late the others were. Pure.

All that is cron is read here: schedules of workflows and of alert rules, and the times at which silences come again.
Cron text of five fields in a time zone, as Debian's cron reads it (cronsim). A start at a fixed time that the clock
leaves out in spring is due when that hour is over; one in the hour that autumn repeats is due once, the first time.
What is due every so many minutes or hours follows the clock through both.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop

MAX_CRON, MAX_ZONE = 100, 64
# A schedule of every minute has 10,080 starts a week; more than four weeks of it are not looked at.
MAX_DUE = 50_000
# Clocks differ: a start so much before its time is the one that is due.
EARLY = timedelta(minutes=1)
# Reports may come late: a start is missing this long after it could last have come.
REPORTED_LATE = timedelta(minutes=10)
# The clock is changed by less than this: from so much before on, the first of an hour that comes twice is known.
_CHANGE = timedelta(hours=3)
_PRESETS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# What the fields of cron text take, by the names that cronsim has for them.
_FIELDS = {
    "minute": gettext_noop("cannot be read at the minute: it takes 0 to 59, *, lists, ranges and steps"),
    "hour": gettext_noop("cannot be read at the hour: it takes 0 to 23, *, lists, ranges and steps"),
    "day-of-month": gettext_noop("cannot be read at the day of month: it takes 1 to 31, *, lists, ranges and steps"),
    "month": gettext_noop("cannot be read at the month: it takes 1 to 12, or JAN to DEC, *, lists, ranges and steps"),
    "day-of-week": gettext_noop(
        "cannot be read at the day of week: it takes 0 to 7, or SUN to SAT, *, lists, ranges and steps"
    ),
}


class UnreadableSchedule(ValueError):
    """Why a schedule cannot be read: `reasons` by "schedule" and "schedule_zone". `field` and text are of the first."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons = dict(reasons)
        self.field, reason = next(iter(self.reasons.items()))
        super().__init__(reason)


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
    cron, name = in_cron_words(text), zone.strip() or "UTC"
    reasons = {"schedule": _cron_fault(cron), "schedule_zone": zone_fault(name)}
    if told := {field: reason for field, reason in reasons.items() if reason}:
        raise UnreadableSchedule(told)
    return Schedule(cron, name)


def in_cron_words(text: str) -> str:
    """Cron text with single blanks; a preset as the five fields that it stands for."""
    return " ".join(_PRESETS.get(text.strip().lower(), text).split())


def zone_fault(name: str) -> str:
    """Why this is the name of no time zone; empty for one that is."""
    try:
        is_known = len(name) <= MAX_ZONE and bool(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        is_known = False
    return "" if is_known else _("must be a time zone, such as Europe/Berlin")


def _cron_fault(cron: str) -> str:
    """Why a text is no cron text that is ever due. Bounded: short texts, and fifty years at most."""
    if len(cron) > MAX_CRON:
        return _("must have at most {most} characters").format(most=MAX_CRON)
    if (count := len(cron.split())) != len(_FIELDS):
        return _(
            "must have five fields (minute, hour, day of month, month, day of week), not {count}, or be a preset such "
            "as @daily"
        ).format(count=count)
    try:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC)))
    except StopIteration:
        return _("is never due")
    except (CronSimError, ValueError, AssertionError, OverflowError) as error:
        return _said(cron, str(error).removeprefix("Bad "))
    return ""


def _said(cron: str, field: str) -> str:
    """What cronsim says about a field, in our words; a day that no month has is told from a word that is none."""
    day = cron.split()[2]
    if field == "day-of-month" and day.isascii() and day.isdigit() and 1 <= int(day) <= 31:
        return _("is never due: no such month has that day")
    if field not in _FIELDS:
        return _("cannot be read: its fields take numbers, *, lists, ranges and steps")
    return _(_FIELDS[field])


def due_from(schedule: Schedule, start: datetime) -> Iterator[datetime]:
    """The instants from `start` on at which a start is due, in UTC, ascending; it ends where cron finds no more."""
    last = start - timedelta(microseconds=1)
    for moment in CronSim(schedule.cron, (start - _CHANGE).astimezone(ZoneInfo(schedule.zone))):
        at = moment.astimezone(UTC)
        # Two times that the clock leaves out are due at the same instant.
        if at > last:
            yield at
            last = at


def due_between(schedule: Schedule, start: datetime, end: datetime, limit: int = MAX_DUE) -> list[datetime]:
    """Those in [start, end), at most the first `limit`."""
    return list(islice(takewhile(lambda moment: moment < end, due_from(schedule, start)), limit))


def last_due(schedule: Schedule, moment: datetime) -> datetime | None:
    """The last instant up to `moment`, which counts; None where cron finds none.

    Looking back, cronsim takes another way through changes of the clock than looking ahead: it only says from where on
    `due_from` is asked.
    """
    back = CronSim(schedule.cron, (moment + timedelta(minutes=1)).astimezone(ZoneInfo(schedule.zone)), reverse=True)
    for earlier in islice(back, 1, None):
        due = list(takewhile(lambda one: one <= moment, due_from(schedule, earlier.astimezone(UTC))))
        if due:
            return due[-1]
    return None


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
