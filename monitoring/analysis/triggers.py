"""How a workflow is started: late, missed, duplicate and overlapping runs, from the starts themselves.

A schedule is what the starts show: the median gap, where three in four gaps are within a quarter of it
(`analysis.rhythm`). Expected starts stand on the straight line of the starts over their numbers (least squares), where
a gap of k intervals counts k numbers. Where a schedule was told, by a source or a member, that is what is expected
(`analysis.schedule`). Webhooks and hand-started workflows have no schedule: of them only duplicates and
overlaps are told.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from statistics import linear_regression

from monitoring.analysis import schedule as schedules
from monitoring.analysis.rhythm import MIN_GAPS, Rhythm, rhythm
from monitoring.analysis.schedule import Schedule

# Two starts with the same input so near to each other are one trigger that came twice.
DUPLICATE_WITHIN = timedelta(seconds=10)
# A gap of so many intervals has a start missing in it.
MISSED_FACTOR = 1.5
# Reports may come late: after the last start a silence under this says nothing.
REPORTED_LATE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Start:
    """A start: when, how long it ran (None: not told or still running), and what tells inputs apart ("": not told)."""

    at: datetime
    duration_ms: float | None = None
    input_key: str = ""


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late starts were, in ms after they were due: quantiles, and of how many starts.

    Without a told schedule one is due at the earliest usual place on the line.
    """

    p50_ms: float
    p95_ms: float
    most_ms: float
    starts: int


@dataclass(frozen=True, slots=True)
class Triggers:
    """What the starts of a window show. Without schedule and regular rhythm `missed` is None: nothing was expected.

    `missed` of `expected` starts did not come, `missed_at` says in which gaps (start of each), or of a told `schedule`
    when each was due. `duplicates` came within
    10 s of one with the same input, of `comparable` starts that told one. `overlapping` of `timed` starts began while
    another run was still at work; `most_at_once` at the same time.
    """

    rhythm: Rhythm
    starts: int
    expected: int | None
    missed: int | None
    missed_at: Sequence[datetime]
    lateness: Lateness | None
    duplicates: int
    duplicate_at: Sequence[datetime]
    duplicate_gap_ms: float | None
    comparable: int
    overlapping: int
    overlapping_at: Sequence[datetime]
    timed: int
    most_at_once: int
    schedule: Schedule | None = None


def read_triggers(
    starts: Sequence[Start], end: datetime, elsewhere: Sequence[datetime] = (), schedule: Schedule | None = None
) -> Triggers:
    """What starts in any order show up to `end`; the time after the last start counts as a gap, too.

    With a schedule the starts that were due from the first one on are expected.

    `elsewhere` are starts of the same workflow in other environments: one in a gap is not missed, it went there.
    """
    ordered = sorted(starts, key=lambda one: (one.at, one.input_key))
    moments = [one.at for one in ordered]
    found = rhythm(moments)
    expected = _expected(moments, found, end, sorted(elsewhere), schedule)
    duplicate_at, gaps = _duplicates(ordered)
    overlapping_at, most = _overlaps(ordered)
    return Triggers(
        rhythm=found,
        starts=len(ordered),
        expected=expected.expected,
        missed=expected.missed,
        missed_at=expected.missed_at,
        lateness=expected.lateness,
        duplicates=len(gaps),
        duplicate_at=duplicate_at,
        duplicate_gap_ms=max(gaps, default=None),
        comparable=sum(bool(one.input_key) for one in ordered),
        overlapping=len(overlapping_at),
        overlapping_at=overlapping_at,
        timed=sum(one.duration_ms is not None for one in ordered),
        most_at_once=most,
        schedule=schedule,
    )


@dataclass(frozen=True, slots=True)
class _Expected:
    """What was expected of starts, and what came of it, in the words of `Triggers`."""

    expected: int | None
    missed: int | None
    missed_at: Sequence[datetime]
    lateness: Lateness | None


def _expected(
    moments: Sequence[datetime],
    found: Rhythm,
    end: datetime,
    elsewhere: Sequence[datetime],
    schedule: Schedule | None,
) -> _Expected:
    if schedule is None or not moments:
        missed_at, missed = _missed(moments, found, end, elsewhere)
        expected = None if missed is None else missed + len(set(moments))
        return _Expected(expected, missed, missed_at, _lateness(moments, found))
    kept = schedules.compare(schedule, [*moments, *elsewhere], moments[0] - schedules.EARLY, end)
    return _Expected(kept.expected, len(kept.missed_at), kept.missed_at, _quantiles(sorted(kept.late_ms)))


def _missed(
    moments: Sequence[datetime], found: Rhythm, end: datetime, elsewhere: Sequence[datetime]
) -> tuple[list[datetime], int | None]:
    """The gaps that are too long, and how many starts each left out: a gap of k intervals left out k - 1.

    Nights and weekends are gaps of a schedule too: a length of gap that comes again in one of five gaps or more, or at
    the same hour on three days, is part of the rhythm and nothing is missed in it.
    """
    if not found.is_regular or not found.interval:
        return [], None
    interval = found.interval
    inner = [(earlier, later - earlier) for earlier, later in pairwise(sorted(set(moments)))]
    long = [(at, gap) for at, gap in inner if gap > MISSED_FACTOR * interval]
    usual = [(at, gap) for at, gap in long if _recurs(at, gap, long, interval)]
    missed = [(at, gap) for at, gap in long if (at, gap) not in usual]
    since = end - moments[-1]
    if since > max([MISSED_FACTOR * interval, REPORTED_LATE, *(gap for _, gap in usual)]):
        missed.append((moments[-1], since))
    counted = [(at, _left_out(at, gap, interval, elsewhere)) for at, gap in missed]
    return [at for at, count in counted if count], sum(count for _, count in counted)


def _left_out(at: datetime, gap: timedelta, interval: timedelta, elsewhere: Sequence[datetime]) -> int:
    """How many starts a gap left out, without those that went to another environment."""
    there = bisect_left(elsewhere, at + gap) - bisect_left(elsewhere, at)
    return max(0, max(1, round(gap / interval) - 1) - there)


def _recurs(at: datetime, gap: timedelta, long: Sequence[tuple[datetime, timedelta]], interval: timedelta) -> bool:
    """Whether a pause like this comes again at the same time of day: at least three of them are a habit."""
    same = [
        other
        for other, length in long
        if abs(length - gap) <= max(interval, gap / 4)
        and _clock_distance(at, other) <= max(interval, timedelta(hours=1))
    ]
    return len({moment.date() for moment in same}) >= 3


def _clock_distance(one: datetime, other: datetime) -> timedelta:
    day = timedelta(days=1)
    apart = (one - other) % day
    return min(apart, day - apart)


def _lateness(moments: Sequence[datetime], found: Rhythm) -> Lateness | None:
    """How far starts are behind the line, from its earliest usual place (the 5 % quantile): so nothing is early."""
    ordered = sorted(set(moments))
    if not found.is_regular or not found.interval or len(ordered) <= MIN_GAPS:
        return None
    median = found.interval
    steps = [max(1, round((later - earlier) / median)) for earlier, later in pairwise(ordered)]
    numbers = list(accumulate(steps, initial=0))
    seconds = [(moment - ordered[0]).total_seconds() for moment in ordered]
    slope, start = linear_regression(numbers, seconds)
    apart = sorted(second - start - slope * number for number, second in zip(numbers, seconds, strict=True))
    first = apart[int(0.05 * (len(apart) - 1))]
    return _quantiles([max(0.0, one - first) * 1000 for one in apart])


def _quantiles(late: Sequence[float]) -> Lateness | None:
    """Of how late starts were, ascending; None for too few of them."""
    if len(late) <= MIN_GAPS:
        return None
    return Lateness(late[(len(late) - 1) // 2], late[math.ceil(0.95 * (len(late) - 1))], late[-1], len(late))


def _duplicates(ordered: Sequence[Start]) -> tuple[list[datetime], list[float]]:
    """Starts that repeat one with the same input within `DUPLICATE_WITHIN`: when, and the gap of each in ms."""
    last: dict[str, datetime] = {}
    moments, gaps = [], []
    for one in ordered:
        if not one.input_key:
            continue
        before = last.get(one.input_key)
        if before is not None and one.at - before <= DUPLICATE_WITHIN:
            moments.append(one.at)
            gaps.append((one.at - before) / timedelta(milliseconds=1))
        last[one.input_key] = one.at
    return moments, gaps


def _overlaps(ordered: Sequence[Start]) -> tuple[list[datetime], int]:
    """Starts at which another run was at work, and the most at the same time; runs without a duration are left out."""
    ends: list[datetime] = []
    moments, most = [], 0
    for one in ordered:
        if one.duration_ms is None:
            continue
        at_work = len(ends) - bisect_left(ends, one.at + timedelta(microseconds=1))
        if at_work:
            moments.append(one.at)
        most = max(most, at_work + 1)
        end = one.at + timedelta(milliseconds=max(0.0, one.duration_ms))
        ends.insert(bisect_left(ends, end), end)
    return moments, most
