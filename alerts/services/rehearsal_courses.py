"""The past of what a rule looks at, as finely as it is known: what a rehearsal applies a condition to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError

from alerts.analysis.burn_courses import LONGEST_MINUTES, burned
from alerts.analysis.catalogue import METRICS, Family
from alerts.analysis.pace import step_of
from alerts.analysis.readings import Subject
from alerts.analysis.rehearsing import Stretch, Track
from alerts.analysis.run_courses import at_instants
from alerts.analysis.schedules import read_schedule
from alerts.analysis.sliding import Windows, over_windows
from alerts.models import AlertRule
from alerts.reads import rehearsal as records
from alerts.reads.measures_usual import UNUSUAL, Ranges, read_ranges
from alerts.reads.rehearsal import Past
from alerts.reads.rehearsal_rollups import by_grain
from alerts.reads.rehearsal_runs import instants_between, runs_by_workflow, usual_gaps
from alerts.reads.schedules import own_schedules
from monitoring.analysis.arrays import np
from monitoring.models import Grain, Workflow
from monitoring.reads.baselines import Usual, usual_by_workflow
from monitoring.reads.figures import Totals
from monitoring.reads.surroundings import objectives_of
from monitoring.windows import DAY, HOUR, MINUTE, Window, ceil_to, floor_to, minute_floor

# Of single runs so much is read before the first day: what ran last then.
BEFORE = timedelta(days=2)
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
    """The past of what a rule looks at, before its condition is applied: for one rule, or for a rule and its change."""

    tracks: list[Track] = field(default_factory=list)
    looked: list[Looked] = field(default_factory=list)
    is_cut: bool = False
    was_slow: bool = False


def course_of(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, now: datetime) -> Course:
    """The past of what a rule looks at. Call it inside the team's context."""
    if METRICS[rule.metric].family in (Family.RECENT, Family.SCHEDULE):
        return _of_runs(team_id, rule, start, end, now)
    if METRICS[rule.metric].family is Family.BURN:
        return _of_budgets(team_id, rule, start, end)
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


def _of_runs(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, now: datetime) -> Course:
    """Single runs, looked at each minute; where there are too many only the last days."""
    course, first = Course(), records.records_from(team_id, rule, start - BEFORE, end)
    try:
        runs = runs_by_workflow(team_id, rule, first, end)
    except OperationalError:
        course.was_slow = True
        return course
    first = max(start, first)
    gaps = usual_gaps(team_id, rule, runs, now) if rule.metric == "late" else {}
    instants, told = instants_between(first, end), read_schedule(rule.parameters)
    own = own_schedules(team_id, [rule]) if rule.metric == "missed_schedule" and told is None else {}
    for workflow_id, mine in list(runs.items())[: records.MAX_SUBJECTS]:
        schedule = told or own.get(workflow_id)
        found = at_instants(rule.condition, mine, instants, gap_s=gaps.get(workflow_id), schedule=schedule)
        course.tracks.append(_track(workflow_id, first, found))
    course.is_cut = len(runs) > records.MAX_SUBJECTS
    course.looked.append(Looked(MINUTE, timedelta(), MINUTE, first, end))
    return course


def _of_budgets(team_id: UUID, rule: AlertRule, start: datetime, end: datetime) -> Course:
    """How fast the budgets of today's objectives burned; by the minute, because the shortest window is five of them."""
    course, longest = Course(), LONGEST_MINUTES * MINUTE
    first = records.records_from(team_id, rule, start - longest, end)
    if first + longest >= end:
        return course
    try:
        past = records.by_minute(team_id, rule, first, end)
    except OperationalError:
        course.was_slow = True
        return course
    usual = usual_by_workflow(team_id, Window(end - 7 * DAY, end), environment=rule.environment or None)
    workflows = Workflow.objects.filter(team_id=team_id).exclude(completeness="failures-only").in_bulk()
    for subject, buckets in past.subjects.items():
        workflow = workflows.get(subject.workflow_id) if subject.workflow_id else None
        proposed = usual.get(workflow.id, Usual()).proposals if workflow else Usual().proposals
        wanted = objectives_of(workflow, proposed).success_rate if workflow else None
        if wanted is not None:
            found = burned(buckets, wanted.value)
            part = Stretch(first + longest, MINUTE, found.values, found.samples, None, found.high)
            course.tracks.append(Track(subject, (part,)))
    course.is_cut = past.is_cut
    course.looked.append(Looked(MINUTE, timedelta(), MINUTE, first + longest, end))
    return course


def _track(workflow_id: UUID, first: datetime, found: Windows) -> Track:
    return Track(Subject(workflow_id), (Stretch(first, MINUTE, found.values, found.samples),))
