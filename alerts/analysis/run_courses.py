"""Metrics that look at one run after the other, at each of many instants of the past: for rehearsals. Pure (numpy).

At each instant they say what `alerts.reads.recent` and `alerts.reads.schedules` would have said then, with two
differences: of attempts at one execution only the last one is known, and the usual interval is that of today.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from alerts.analysis.conditions import Condition
from alerts.analysis.schedules import Schedule
from alerts.analysis.sliding import Floats, Ints, Windows
from monitoring.analysis.arrays import np
from monitoring.analysis.schedule import EARLY

DAY_S = 86_400.0
# As the readers have them: what low volume is, and how far back a streak is looked for.
LOW_VOLUME, MAX_STREAK = 1.0, 50
MAX_DUES = 100_000


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs that ended, in order: `ended` and whether each `failed`; `started`, of all runs, in order. Times are seconds
    since 1970."""

    ended: Floats
    failed: Ints
    started: Floats


def at_instants(
    condition: Condition, runs: Runs, instants: Floats, *, gap_s: float | None = None, schedule: Schedule | None = None
) -> Windows:
    """The value at each instant (seconds since 1970); NaN where nothing can be said. `gap_s`: the usual time between
    runs, for `late`; `schedule`: for `missed_schedule`, of which nothing is expected before the first instant."""
    if condition.metric == "missed_schedule":
        values = _missed(runs, instants, schedule) if schedule is not None else np.full(len(instants), np.nan)
    elif condition.metric == "late":
        values = _since(runs.started, instants) / gap_s if gap_s else np.full(len(instants), np.nan)
    elif condition.metric == "last_success":
        values = _since(runs.ended[runs.failed == 0], instants) * 1000
    else:
        values = _streaks(condition, runs, instants)
    return Windows(values, np.ones(len(instants), dtype=np.int64))


def _since(times: Floats, instants: Floats) -> Floats:
    """How long ago the last of these times was."""
    place = np.searchsorted(times, instants, side="right") - 1
    if not len(times):
        return np.full(len(instants), np.nan)
    return np.where(place >= 0, instants - times[np.maximum(place, 0)], np.nan)


def _streaks(condition: Condition, runs: Runs, instants: Floats) -> Floats:
    if not len(runs.ended):
        return np.full(len(instants), np.nan)
    numbers = np.arange(len(runs.ended))
    last_good = np.maximum.accumulate(np.where(runs.failed == 0, numbers, -1))
    place = np.searchsorted(runs.ended, instants, side="right") - 1
    streak = np.minimum(numbers - last_good, MAX_STREAK)[np.maximum(place, 0)].astype(np.float64)
    an_hour = (place + 1 - np.searchsorted(runs.ended, instants - DAY_S, side="right")) / 24
    is_told = place >= 0
    if condition.metric == "last_run_failed":
        return np.where(is_told & (an_hour < LOW_VOLUME), np.minimum(streak, 1), np.nan)
    least, most = (condition.parameters.get(f"{end}_runs_per_hour") for end in ("min", "max"))
    is_told &= (an_hour >= least) if least else True
    is_told &= (an_hour < most) if most else True
    return np.where(is_told, streak, np.nan)


def _missed(runs: Runs, instants: Floats, schedule: Schedule) -> Floats:
    grace, first = schedule.grace.total_seconds(), float(instants[0])
    place = np.searchsorted(runs.started, instants, side="right") - 1
    last = runs.started[np.maximum(place, 0)] if len(runs.started) else np.full(len(instants), -np.inf)
    last = np.where(place >= 0, last, -np.inf)
    if schedule.period is not None:
        period, anchor = schedule.period.total_seconds(), np.maximum(last, first)
        return np.asarray(np.maximum(np.floor((instants - grace - anchor) / period), 0), dtype=np.float64)
    dues = np.array([due.timestamp() for due in _dues(schedule, instants)])
    answered = np.maximum(last + EARLY.total_seconds(), first - 1e-6)
    found = np.searchsorted(dues, instants - grace, side="right") - np.searchsorted(dues, answered, side="right")
    return np.asarray(np.maximum(found, 0), dtype=np.float64)


def _dues(schedule: Schedule, instants: Floats) -> list[datetime]:
    start, end = (datetime.fromtimestamp(float(one), UTC) for one in (instants[0], instants[-1]))
    return schedule.due_between(start, end, MAX_DUES)
