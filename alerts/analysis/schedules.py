"""When a rule expects runs: a schedule (cron text is read by `monitoring.analysis.schedule`) or a period. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any

from accounts import formats
from monitoring.analysis import schedule as cron_schedules
from monitoring.analysis.schedule import EARLY, UnreadableSchedule, zone_fault

MIN_PERIOD_S, MAX_PERIOD_S = 60, 366 * 86_400
MAX_GRACE_S = 7 * 86_400
DEFAULT_GRACE_S = 300
# Instants that one look goes through: a day of minutes, and some.
MAX_INSTANTS = 2_000
_LOOKED_AT, _LOOKED_FOR = 50, timedelta(days=40)
# What a schedule cannot be read for, by the names of a rule's parameters.
_NAMES = {"schedule": "cron", "schedule_zone": "zone"}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When runs are due. Either `cron` in `zone` (IANA), or a `period` after the start of the last run; `grace` is how
    late a start may be."""

    grace: timedelta
    cron: str = ""
    zone: str = "UTC"
    period: timedelta | None = None

    def due_between(self, start: datetime, end: datetime, limit: int = MAX_INSTANTS) -> list[datetime]:
        """The instants of a cron schedule in [start, end), in UTC; at most the first `limit`."""
        return cron_schedules.due_between(self._told, start, end, limit)

    def last_due(self, moment: datetime) -> datetime | None:
        """The last instant of a cron schedule up to `moment`, which counts."""
        return cron_schedules.last_due(self._told, moment)

    @property
    def _told(self) -> cron_schedules.Schedule:
        return cron_schedules.Schedule(self.cron, self.zone)


@dataclass(frozen=True, slots=True)
class Missed:
    """Runs that were due and did not start: how many, when the first and the last of them were due."""

    count: int
    first: datetime | None = None
    last: datetime | None = None


def read_schedule(parameters: Mapping[str, Any]) -> Schedule | None:
    """The schedule that the parameters of a rule say; None where they say none, or none that can be meant."""
    if check_schedule(parameters):
        return None
    cron, period = parameters.get("cron"), parameters.get("period_s")
    told = parameters.get("grace_s")
    grace = timedelta(seconds=DEFAULT_GRACE_S if told is None else told)
    if cron:
        read = _read(parameters)
        return Schedule(grace, cron=read.cron, zone=read.zone)
    return Schedule(grace, period=timedelta(seconds=period)) if period else None


def _read(parameters: Mapping[str, Any]) -> cron_schedules.Schedule:
    return cron_schedules.read_schedule(parameters["cron"], parameters.get("zone") or "")


def missed(
    schedule: Schedule, last_start: datetime | None, since: datetime, now: datetime, *, back: timedelta = _DAY
) -> Missed:
    """What is missed at `now`: instants that are due for longer than the grace, with no run since.

    A run that came late answers what was due before it: it counts until it came. Nothing counts that was due before
    `since`, when somebody began to expect it. Of a cron schedule the instants of `back` count, and the last one before
    that: a weekly run that did not come stays missed until there is one.
    """
    if schedule.period is not None:
        return _periods_missed(schedule.period, schedule.grace, max(last_start or since, since), now)
    answered = since if last_start is None else max(since, last_start + EARLY + timedelta(microseconds=1))
    end = now - schedule.grace + timedelta(microseconds=1)
    due = schedule.due_between(max(answered, now - back), end) if answered < end else []
    if not due and answered < now - back and (last := schedule.last_due(now - schedule.grace)):
        due = [last] if last >= answered else []
    return Missed(len(due), due[0], due[-1]) if due else Missed(0)


def _periods_missed(period: timedelta, grace: timedelta, anchor: datetime, now: datetime) -> Missed:
    count = (now - grace - anchor) // period
    return Missed(count, anchor + period, anchor + count * period) if count > 0 else Missed(0)


def has_schedule(parameters: Mapping[str, Any]) -> bool:
    """Whether the parameters of a rule tell a schedule; else that of the workflow counts."""
    return bool(parameters.get("cron") or parameters.get("period_s"))


def check_schedule(parameters: Mapping[str, Any]) -> dict[str, str]:
    """What cannot be meant, by parameter; empty for a schedule that somebody can keep, and for none at all.

    None at all stands for the workflow's own.
    """
    cron, period, zone = parameters.get("cron"), parameters.get("period_s"), parameters.get("zone")
    found: dict[str, str] = {}
    if cron and period:
        found["period_s"] = "must be left out beside a cron expression"
    found |= _cron_faults(cron, zone)
    if period and not (_is_number(period) and MIN_PERIOD_S <= period <= MAX_PERIOD_S):
        found["period_s"] = f"must be from {MIN_PERIOD_S} seconds to 366 days"
    if fault := _grace_fault(parameters, found):
        found["grace_s"] = fault
    return found


def _is_number(told: object) -> bool:
    return isinstance(told, int | float) and not isinstance(told, bool)


def _cron_faults(cron: Any, zone: Any) -> dict[str, str]:
    """Why cron text and zone cannot be read, by parameter. JSON that is no text is none that cron knows either."""
    if not cron:
        fault = zone_fault(str(zone)) if zone else ""
        return {"zone": fault} if fault else {}
    try:
        cron_schedules.read_schedule(str(cron), str(zone or ""))
    except UnreadableSchedule as error:
        return {_NAMES[field]: reason for field, reason in error.reasons.items()}
    return {}


def _grace_fault(parameters: Mapping[str, Any], found: Mapping[str, str]) -> str:
    """A grace as long as the time between runs hides each miss: the next run answers for it."""
    grace = parameters.get("grace_s")
    if grace is None:
        return ""
    if not _is_number(grace) or not 0 <= grace <= MAX_GRACE_S:
        return "must be from 0 seconds to 7 days"
    told = None if found or not parameters.get("cron") else _read(parameters)
    shortest = shortest_gap(told.cron, told.zone) if told else None
    if shortest is not None and grace >= shortest.total_seconds():
        return f"must be shorter than the {formats.count(round(shortest.total_seconds()))} seconds between two runs"
    return ""


def usual_grace(cron: str, zone: str) -> timedelta:
    """The grace of a schedule that tells none: 5 minutes, or an hour for each day between two runs."""
    shortest = shortest_gap(cron, zone)
    least = timedelta(seconds=DEFAULT_GRACE_S)
    return least if shortest is None else min(max(least, shortest / 24), shortest / 2)


@lru_cache(maxsize=4096)
def shortest_gap(cron: str, zone: str) -> timedelta | None:
    """The shortest time between the next `_LOOKED_AT` instants of a cron text; None with fewer than two."""
    dues: list[datetime] = []
    told = cron_schedules.Schedule(cron, zone)
    for due in islice(cron_schedules.due_from(told, datetime(2026, 1, 1, tzinfo=UTC)), _LOOKED_AT):
        dues.append(due)
        if due - dues[0] > _LOOKED_FOR:
            break
    return min((later - earlier for earlier, later in pairwise(dues)), default=None)
