"""The past of figures over windows, as finely as it is known: what a rehearsal applies a condition to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError

from alerts.analysis.pace import step_of
from alerts.analysis.readings import Subject
from alerts.analysis.rehearsing import Stretch, Track
from alerts.analysis.sliding import over_windows
from alerts.models import AlertRule
from alerts.reads import rehearsal as records
from alerts.reads.measures_usual import UNUSUAL, Ranges, read_ranges
from alerts.reads.rehearsal import Past
from alerts.reads.rehearsal_rollups import by_grain
from monitoring.analysis.arrays import np
from monitoring.models import Grain
from monitoring.reads.figures import Totals
from monitoring.windows import DAY, HOUR, MINUTE, Window, ceil_to, floor_to, minute_floor

# Usual ranges are worked out for each window: of so many subjects.
MAX_USUAL_SUBJECTS = 10


@dataclass(frozen=True, slots=True)
class Looked:
    """How finely a part of the past was looked at: windows of `window` at each `step`, their ends in [start, end]."""

    grain: timedelta
    window: timedelta
    step: timedelta
    start: datetime
    end: datetime


@dataclass(slots=True)
class Course:
    """The past of what a rule looks at, before its condition is applied: for one rule, or for a rule and its change.

    `is_whole`: what is looked for was looked for, so that no track at all is an answer, too.
    """

    tracks: list[Track] = field(default_factory=list)
    looked: list[Looked] = field(default_factory=list)
    is_cut: bool = False
    was_slow: bool = False
    is_whole: bool = False


def of_windows(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, now: datetime) -> Course:
    """The past of a figure over windows. Call it inside the team's context."""
    window = timedelta(seconds=rule.window_s)
    minutes_from = _minutes_from(team_id, rule, start - window, end, now)
    try:
        return _read(team_id, rule, start, end, minutes_from)
    except OperationalError:
        course = _read(team_id, rule, start, end, max(minutes_from, minute_floor(now)))
        course.was_slow = True
        return course


def _minutes_from(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, now: datetime) -> datetime:
    """From when on the past is read by the minute. Windows of more than a day are read by the hour: a minute more or
    less says nothing about them."""
    if timedelta(seconds=rule.window_s) > DAY:
        return end
    if not records.can_count_records(rule):
        return max(minute_floor(now), start)
    return records.records_from(team_id, rule, start, end)


def _read(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, minutes_from: datetime) -> Course:
    """Hours up to where the first window of minutes ends, then minutes."""
    course, window = Course(), timedelta(seconds=rule.window_s)
    by_hour, seam = max(window, HOUR), minutes_from + window
    parts: dict[Subject, list[Stretch]] = {}
    if seam > start:
        hours_end = min(floor_to(seam, HOUR), floor_to(end, HOUR))
        past = by_grain(team_id, rule, Grain.HOUR, start - by_hour, hours_end)
        _add(course, parts, rule, past, Looked(HOUR, by_hour, HOUR, start, hours_end))
    if seam < end:
        first, step = max(start, seam), step_of(rule.condition)
        reader = records.by_minute if records.can_count_records(rule) else _minute_rollups
        past = reader(team_id, rule, first - window, end)
        _add(course, parts, rule, past, Looked(MINUTE, window, step, ceil_to(first, step), end))
    usual = read_ranges(team_id, [rule]) if rule.comparison in UNUSUAL else None
    if usual is not None:
        course.is_cut |= len(parts) > MAX_USUAL_SUBJECTS
        parts = dict(list(parts.items())[:MAX_USUAL_SUBJECTS])
        windows = [looked.window for looked in course.looked]
        for subject, told in parts.items():
            told[:] = [_with_usual(usual, rule, subject, one, windows) for one in told]
    course.tracks = [Track(subject, tuple(told)) for subject, told in parts.items()]
    return course


def _with_usual(
    usual: Ranges, rule: AlertRule, subject: Subject, stretch: Stretch, windows: Sequence[timedelta]
) -> Stretch:
    """The windows with their usual ranges, those of today; the same hours of the week with as many runs share one."""
    window = windows[0] if stretch.step == HOUR else windows[-1]
    low, high = np.full(len(stretch.values), np.nan), np.full(len(stretch.values), np.nan)
    known: dict[tuple[int, int, int], tuple[float | None, float | None]] = {}
    for index in np.flatnonzero(~np.isnan(stretch.values)).tolist():
        end, samples = stretch.at(index), int(stretch.samples[index])
        start = end - window
        key = (_hour_of_week(start), _hour_of_week(end - MINUTE), samples)
        if key not in known:
            behind = Totals(runs=samples, succeeded=samples, histogram={0: samples})
            known[key] = usual.limits(rule, subject, behind, Window(start, end))
        limits = known[key]
        low[index], high[index] = (np.nan if limit is None else limit for limit in limits)
    return Stretch(stretch.first, stretch.step, stretch.values, stretch.samples, low, high)


def _hour_of_week(moment: datetime) -> int:
    return moment.weekday() * 24 + moment.hour


def _minute_rollups(team_id: UUID, rule: AlertRule, start: datetime, end: datetime) -> Past:
    return by_grain(team_id, rule, Grain.MINUTE, start, end)


def _add(course: Course, parts: dict[Subject, list[Stretch]], rule: AlertRule, past: Past, looked: Looked) -> None:
    """The windows of each subject over a past."""
    length, every = looked.window // past.length, looked.step // past.length
    skip = (looked.start - (past.start + looked.window)) // past.length
    for subject, buckets in past.subjects.items():
        found = over_windows(rule.metric, buckets, length, every, skip)
        if len(found.values):
            parts.setdefault(subject, []).append(Stretch(looked.start, looked.step, found.values, found.samples))
    course.looked.append(looked)
    course.is_cut |= past.is_cut
