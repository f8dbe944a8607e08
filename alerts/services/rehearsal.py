"""Runs a rule over the last 30 days before it is saved: when it would have fired, and how many notices it would send.

Judging and states are those of the evaluation (`alerts.analysis.rehearsing`). Silences, maintenance, quiet hours and
grouping are left out: what is rehearsed is the rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError

from alerts.analysis.catalogue import METRICS, Family
from alerts.analysis.conditions import Comparison
from alerts.analysis.pace import step_of
from alerts.analysis.readings import Subject
from alerts.analysis.rehearsing import Advised, Firing, Stretch, Track, rehearse, weekly_threshold
from alerts.analysis.sliding import NEEDS, over_windows
from alerts.analysis.wanted import UNASKED
from alerts.models import AlertRule
from alerts.reads import rehearsal as records
from alerts.reads.rehearsal import Past
from alerts.reads.rehearsal_rollups import by_grain
from monitoring.models import Grain
from monitoring.windows import DAY, HOUR, MINUTE, ceil_to, floor_to, minute_floor

LENGTH = timedelta(days=30)
# One when an incident opens, one when it is over.
NOTICES_EACH = 2
UNREHEARSED = {
    Family.LIVE: "What was at work at each moment of the past is not kept: this cannot be rehearsed.",
    Family.SOURCE: "When each source reported in the past is kept by the hour alone: this cannot be rehearsed.",
    Family.BURN: "A burn rate is not rehearsed. Rehearse an error rate to see the failures behind it.",
    Family.GROUP: "Failure groups are not rehearsed: their past is on their page.",
    Family.RECENT: "",
    Family.SCHEDULE: "",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """How finely a part of the past was looked at: windows of `window` at each `step`, their ends in [start, end]."""

    grain: timedelta
    window: timedelta
    step: timedelta
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rule would have done in [start, end]. `why_not`: why it cannot be told; then there is nothing else.

    `is_cut`: it looks at more subjects than were looked at, those with most runs. `was_slow`: reading by the minute
    took too long, so hours were read.
    """

    start: datetime
    end: datetime
    why_not: str = ""
    tracks: Sequence[Track] = ()
    firings: Sequence[Firing] = ()
    looked: Sequence[Looked] = ()
    advised: Advised | None = None
    is_cut: bool = False
    was_slow: bool = False

    @property
    def notices(self) -> int:
        """How many notices one channel would have been sent."""
        return sum(NOTICES_EACH if one.until else 1 for one in self.firings)

    @property
    def fired(self) -> timedelta:
        """How long it fired, all subjects added up."""
        return sum((one.length(self.end) for one in self.firings), timedelta())


@dataclass(slots=True)
class Course:
    """The past of what a rule looks at, before its condition is applied: for one rule, or for a rule and its change."""

    tracks: list[Track] = field(default_factory=list)
    looked: list[Looked] = field(default_factory=list)
    is_cut: bool = False
    was_slow: bool = False


def rehearse_rule(team_id: UUID, rule: AlertRule, now: datetime) -> Rehearsal:
    """What a rule, kept or not, would have done in the last 30 days. Call it inside the team's context."""
    return rehearse_rules(team_id, [rule], now)[0]


def rehearse_rules(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> list[Rehearsal]:
    """The same for some rules: those that look at the same share what is read."""
    courses: dict[tuple[object, ...], Course] = {}
    end = floor_to(now, MINUTE)
    start = floor_to(end - LENGTH, HOUR)
    found = []
    for rule in rules:
        if why_not := _why_not(rule):
            found.append(Rehearsal(start, end, why_not))
            continue
        key = _key(rule)
        if key not in courses:
            courses[key] = course_of(team_id, rule, start, end, now)
        found.append(_rehearsed(rule, courses[key], start, end))
    return found


def _why_not(rule: AlertRule) -> str:
    metric = METRICS.get(rule.metric)
    if metric is None:
        return "The metric is not known."
    return UNREHEARSED.get(metric.family, "") if rule.metric not in NEEDS else ""


def _key(rule: AlertRule) -> tuple[object, ...]:
    """Rules with the same one have the same past."""
    is_usual = rule.comparison in (Comparison.UNUSUAL, Comparison.UNUSUAL_EITHER)
    target = (rule.workflow_id, rule.is_per_workflow, rule.scope, rule.value, rule.environment)
    return rule.metric, target, rule.window_s, is_usual, str(sorted(rule.parameters.items()))


def _rehearsed(rule: AlertRule, course: Course, start: datetime, end: datetime) -> Rehearsal:
    condition = rule.condition
    is_asked = rule.metric not in UNASKED
    return Rehearsal(
        start,
        end,
        tracks=course.tracks,
        firings=rehearse(condition, course.tracks),
        looked=course.looked,
        advised=weekly_threshold(condition, course.tracks, end - start) if is_asked and course.tracks else None,
        is_cut=course.is_cut,
        was_slow=course.was_slow,
    )


def course_of(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, now: datetime) -> Course:
    """The past of what a rule looks at, as finely as it is known."""
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
    course.tracks = [Track(subject, tuple(told)) for subject, told in parts.items()]
    return course


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
