"""When a workflow should run: cron expressions and periods, and what was missed. Pure.

Cron is that of `cronsim`, which follows Debian's cron over summer time: a run at a fixed hour that is skipped comes at
the next minute that exists, one whose hour comes twice runs once, and `*/30` or `0 * * * *` go on by real time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

MAX_LETTERS = 120
MIN_PERIOD_S, MAX_PERIOD_S = 60, 366 * 86_400
MAX_GRACE_S = 7 * 86_400
# Starts of runs are this early at most: clocks are not the same everywhere.
TOLERANCE = timedelta(seconds=60)
DEFAULT_GRACE_S = 300
# Instants that one look goes through: a day of minutes, and some.
MAX_INSTANTS = 2_000
_LOOKED_AT = 50
_FIELDS = 5
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
        found: list[datetime] = []
        # From the local hours before: where an hour comes twice, cron at a fixed hour means the first one.
        for moment in CronSim(self.cron, (start - timedelta(hours=3)).astimezone(ZoneInfo(self.zone))):
            due = moment.astimezone(UTC)
            if due >= end or len(found) == limit:
                break
            if due >= start:
                found.append(due)
        return found


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
        return Schedule(grace, cron=cron, zone=parameters.get("zone") or "UTC")
    return Schedule(grace, period=timedelta(seconds=period)) if period else None


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
    answered = since if last_start is None else max(since, last_start + TOLERANCE + timedelta(microseconds=1))
    end = now - schedule.grace + timedelta(microseconds=1)
    due = schedule.due_between(max(answered, now - back), end) if answered < end else []
    if not due and answered < now - back:
        due = _last_due(schedule, answered, end)
    return Missed(len(due), due[0], due[-1]) if due else Missed(0)


def _periods_missed(period: timedelta, grace: timedelta, anchor: datetime, now: datetime) -> Missed:
    count = (now - grace - anchor) // period
    return Missed(count, anchor + period, anchor + count * period) if count > 0 else Missed(0)


def _last_due(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """The last instant in [start, end), if there is one."""
    backwards = CronSim(schedule.cron, end.astimezone(ZoneInfo(schedule.zone)), reverse=True)
    due = next(backwards).astimezone(UTC)
    return [due] if start <= due < end else []


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
    if zone and (fault := _zone_fault(zone)):
        found["zone"] = fault
    if cron and "zone" not in found and (fault := _cron_fault(cron, zone or "UTC")):
        found["cron"] = fault
    if period and not (_is_number(period) and MIN_PERIOD_S <= period <= MAX_PERIOD_S):
        found["period_s"] = f"must be from {MIN_PERIOD_S} seconds to 366 days"
    if fault := _grace_fault(parameters, found):
        found["grace_s"] = fault
    return found


def _is_number(told: object) -> bool:
    return isinstance(told, int | float) and not isinstance(told, bool)


def _zone_fault(zone: object) -> str:
    try:
        ZoneInfo(str(zone) if isinstance(zone, str) and len(zone) <= MAX_LETTERS else "/")
    except (ValueError, OSError, LookupError):
        return "is not a time zone; for example Europe/Berlin"
    return ""


def _cron_fault(cron: object, zone: str) -> str:
    """Why a text is no cron expression that ever comes. Bounded: short texts, and fifty years at most."""
    if not isinstance(cron, str) or len(cron) > MAX_LETTERS:
        return f"must be a text of at most {MAX_LETTERS} letters"
    if cron.startswith("@"):
        return "must be written out; for example 0 0 * * * for @daily"
    if len(cron.split()) != _FIELDS:
        return f"must have five fields (minute, hour, day of month, month, day of week), not {len(cron.split())}"
    try:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))))
    except StopIteration:
        return "never comes"
    except (CronSimError, ValueError, AssertionError, OverflowError) as error:
        return _said(cron, str(error))
    return ""


def _said(cron: str, error: str) -> str:
    """What `cronsim` says, in our words; a day that no month has is told from a word that is none."""
    name = error.removeprefix("Bad ")
    if name == "day-of-month" and cron.split()[2].isdigit() and 1 <= int(cron.split()[2]) <= 31:
        return "never comes: no such month has that day"
    return f"cannot be read: wrong {name.replace('-', ' ')}" if name != error else "cannot be read"


def _grace_fault(parameters: Mapping[str, Any], found: Mapping[str, str]) -> str:
    """A grace as long as the time between runs hides each miss: the next run answers for it."""
    grace = parameters.get("grace_s")
    if grace is None:
        return ""
    if not _is_number(grace) or not 0 <= grace <= MAX_GRACE_S:
        return "must be from 0 seconds to 7 days"
    shortest = None if found or not parameters.get("cron") else shortest_gap(parameters["cron"], parameters.get("zone"))
    if shortest is not None and grace >= shortest.total_seconds():
        return f"must be shorter than the {shortest.total_seconds():,.0f} seconds between two runs"
    return ""


def usual_grace(cron: str, zone: str) -> timedelta:
    """The grace of a schedule that tells none: 5 minutes, or an hour for each day between two runs."""
    shortest = shortest_gap(cron, zone)
    least = timedelta(seconds=DEFAULT_GRACE_S)
    return least if shortest is None else min(max(least, shortest / 24), shortest / 2)


@lru_cache(maxsize=4096)
def shortest_gap(cron: str, zone: str | None) -> timedelta | None:
    """The shortest time between the next `_LOOKED_AT` instants of a cron expression; None with fewer than two."""
    simulated = CronSim(cron, datetime(2026, 1, 1, tzinfo=ZoneInfo(zone or "UTC")))
    dues: list[datetime] = []
    for moment in simulated:
        dues.append(moment.astimezone(UTC))
        if len(dues) == _LOOKED_AT or dues[-1] - dues[0] > timedelta(days=40):
            break
    return min((later - earlier for earlier, later in pairwise(dues)), default=None)
