"""The past of metrics that are looked at each minute, without a window of their own: single runs, error budgets and
failure groups."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import OperationalError

from alerts.analysis.burn_courses import LONGEST, burned
from alerts.analysis.catalogue import Family
from alerts.analysis.group_courses import QUIET, course_of_group
from alerts.analysis.readings import Subject
from alerts.analysis.rehearsing import Stretch, Track
from alerts.analysis.run_courses import at_instants
from alerts.analysis.schedules import read_schedule
from alerts.analysis.sliding import Windows
from alerts.models import AlertRule
from alerts.reads import rehearsal as records
from alerts.reads.rehearsal import Past
from alerts.reads.rehearsal_groups import past_of_groups
from alerts.reads.rehearsal_rollups import by_grain
from alerts.reads.rehearsal_runs import instants_between, runs_by_workflow, usual_gaps
from alerts.reads.schedules import own_schedules
from alerts.services.rehearsal_courses import Course, Looked
from monitoring.analysis.arrays import np
from monitoring.models import Grain, Workflow
from monitoring.reads.baselines import Usual, usual_by_workflow
from monitoring.reads.surroundings import objectives_of
from monitoring.windows import DAY, HOUR, MINUTE, Window, floor_to

# Of single runs so much is read before the first day: what ran last then.
BEFORE = timedelta(days=2)
NO_WINDOW = timedelta()


def of_runs(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, now: datetime) -> Course:
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
    course.looked.append(Looked(MINUTE, NO_WINDOW, MINUTE, first, end))
    return course


def _track(workflow_id: UUID, first: datetime, found: Windows) -> Track:
    return Track(Subject(workflow_id), (Stretch(first, MINUTE, found.values, found.samples),))


def of_budgets(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, now: datetime) -> Course:
    """How fast the budgets of today's objectives burned: by the minute as far as records reach, by the hour before."""
    course, parts = Course(), dict[Subject, list[Stretch]]()
    seam = records.records_from(team_id, rule, start - LONGEST, end) + LONGEST
    by_minute = None
    if seam < end:
        try:
            by_minute = records.by_minute(team_id, rule, seam - LONGEST, end)
        except OperationalError:
            course.was_slow = True
    hours_end = floor_to(end if by_minute is None else seam, HOUR)
    goals = _objectives(team_id, rule, end)
    if hours_end > start:
        by_hour = by_grain(team_id, rule, Grain.HOUR, start - LONGEST, hours_end)
        _add(course, parts, by_hour, goals, Looked(HOUR, NO_WINDOW, HOUR, start, hours_end))
    if by_minute is not None:
        _add(course, parts, by_minute, goals, Looked(MINUTE, NO_WINDOW, MINUTE, seam, end))
    course.tracks = [Track(subject, tuple(told)) for subject, told in parts.items()]
    return course


def _objectives(team_id: UUID, rule: AlertRule, end: datetime) -> dict[UUID, float]:
    """The success rates that workflows are to have, as they are today; those without one are left out."""
    usual = usual_by_workflow(team_id, Window(end - 7 * DAY, end), environment=rule.environment or None)
    found = {}
    for one in Workflow.objects.filter(team_id=team_id).exclude(completeness="failures-only").order_by("id"):
        wanted = objectives_of(one, usual.get(one.id, Usual()).proposals).success_rate
        if wanted is not None:
            found[one.id] = wanted.value
    return found


def _add(
    course: Course, parts: dict[Subject, list[Stretch]], past: Past, goals: Mapping[UUID, float], looked: Looked
) -> None:
    """The burn rates of each workflow with an objective over a past."""
    for subject, buckets in past.subjects.items():
        goal = goals.get(subject.workflow_id) if subject.workflow_id else None
        if goal is not None:
            found = burned(buckets, goal, past.length)
            part = Stretch(looked.start, looked.step, found.values, found.samples, None, found.high)
            parts.setdefault(subject, []).append(part)
    course.looked.append(looked)
    course.is_cut |= past.is_cut


def of_groups(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, now: datetime) -> Course:
    """Failure groups that were new, or back; from when on records are kept. No group at all is an answer, too."""
    course, first = Course(), max(start, records.kept_from(team_id, start - QUIET) + QUIET)
    if first >= end:
        return course
    try:
        past = past_of_groups(team_id, rule, first, end)
    except OperationalError:
        course.was_slow = True
        return course
    instants = instants_between(first, end)
    for subject, one in past.groups.items():
        found = course_of_group(rule.metric, one, instants)
        samples = found.values.astype(np.int64)
        part = Stretch(first, MINUTE, found.values, samples, begins=found.begins, is_once=found.is_once)
        course.tracks.append(Track(subject, (part,)))
    course.is_cut, course.is_whole = past.is_cut, True
    course.looked.append(Looked(MINUTE, NO_WINDOW, MINUTE, first, end))
    return course


LOOKS: dict[Family, Callable[[UUID, AlertRule, datetime, datetime, datetime], Course]] = {
    Family.RECENT: of_runs,
    Family.SCHEDULE: of_runs,
    Family.BURN: of_budgets,
    Family.GROUP: of_groups,
}
