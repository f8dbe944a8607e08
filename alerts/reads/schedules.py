"""Runs that were due and did not start (`Family.SCHEDULE`). Two queries at most: latest starts, and own schedules."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from alerts.analysis.readings import Reading, Subject
from alerts.analysis.schedule_proposal import ProposedSchedule, propose_schedule
from alerts.analysis.schedules import (
    Missed,
    Schedule,
    check_schedule,
    has_schedule,
    missed,
    read_schedule,
    usual_grace,
)
from alerts.models import AlertRule
from alerts.reads.latest_runs import Latest, latest_runs
from alerts.reads.places import Place, places_of, wanted_by
from monitoring import wording
from monitoring.models import Workflow
from monitoring.reads.recency import recent_runs
from monitoring.reads.schedules import schedule_of

# Runs overlap: of so many that came last, one started last.
RUNS = 50
_MS = timedelta(milliseconds=1)


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """How many expected runs each workflow of a rule misses, by the rule's schedule, else by the workflow's own.

    Nothing can be said of a schedule that means nothing.
    """
    latest = latest_runs(team_id, wanted_by(rules), now, RUNS)
    own = own_schedules(team_id, [rule for rule in rules if not has_schedule(rule.parameters)])
    return {rule.id: _readings(rule, latest, own, now) for rule in rules}


def own_schedules(team_id: UUID, rules: Sequence[AlertRule]) -> dict[UUID, Schedule]:
    """The schedules that workflows have themselves: set by a member, else told by executions."""
    if not rules:
        return {}
    mine = Workflow.objects.filter(~Q(schedule="") | ~Q(told_schedule=""), team_id=team_id)
    if (ids := wanted_by(rules).workflow_ids) is not None:
        mine = mine.filter(id__in=ids)
    return {one.id: own for one in mine.order_by("id") if (own := own_schedule(one)) is not None}


def own_schedule(workflow: Workflow) -> Schedule | None:
    """The schedule of one workflow; None without one that can be read."""
    told = schedule_of(workflow)
    if told is None:
        return None
    return Schedule(told.grace or usual_grace(told.cron, told.zone), cron=told.cron, zone=told.zone)


def proposed_schedule(
    team_id: UUID, workflow_id: UUID, environment: str | None, zones: Sequence[str], now: datetime
) -> ProposedSchedule | None:
    """The schedule that the latest starts of a workflow propose; for a form that begins with it. One query."""
    return propose_schedule(recent_runs(team_id, workflow_id, environment or None, now).starts, zones)


def _readings(
    rule: AlertRule, latest: Mapping[Place, Latest], own: Mapping[UUID, Schedule], now: datetime
) -> list[Reading]:
    if not has_schedule(rule.parameters):
        asked = own if rule.workflow_id is None else {rule.workflow_id: own.get(rule.workflow_id)}
        return [_reading(rule, id, schedule, "It has no schedule.", latest, now) for id, schedule in asked.items()]
    if rule.workflow_id is None:
        return [Reading(Subject(), now, None, words="A schedule belongs to one workflow.")]
    reasons = check_schedule(rule.parameters)
    said = "; ".join(f"{field} {reason}" for field, reason in reasons.items())
    schedule = read_schedule(rule.parameters)
    return [_reading(rule, rule.workflow_id, schedule, f"The schedule cannot be read: {said}", latest, now)]


def _reading(
    rule: AlertRule,
    workflow_id: UUID,
    schedule: Schedule | None,
    unknown: str,
    latest: Mapping[Place, Latest],
    now: datetime,
) -> Reading:
    """What a workflow misses by a schedule; without one, `unknown` says why there is none."""
    subject = Subject(workflow_id)
    if schedule is None:
        return Reading(subject, now, None, words=unknown)
    mine = places_of(rule, workflow_id, latest)
    runs = [(start, run.id) for one in mine for run in one.runs if (start := run.started_at or run.at) <= now]
    last, last_id = max(runs, default=(None, None))
    # What was due before somebody asked is not missed. Rules change for many reasons, so their making counts.
    found = missed(schedule, last, rule.created_at, now)
    words = _words(schedule, found, last, now) if found.count else ""
    ids = (last_id,) if last_id is not None else ()
    return Reading(subject, now, float(found.count), 1, since=found.first, words=words, execution_ids=ids)


def _words(schedule: Schedule, found: Missed, last: datetime | None, now: datetime) -> str:
    when = f"{schedule.cron} ({schedule.zone})" if schedule.cron else f"every {_length(schedule.period)}"
    due = found.first or now
    late = f"The run that was due at {due:%Y-%m-%d %H:%M} UTC has not started"
    if found.count > 1:
        late = f"{wording.count(found.count)} runs that were due since {due:%Y-%m-%d %H:%M} UTC have not started"
    before = f"the last one started {_length(now - last)} ago" if last else "no run is known"
    return f"{late}: {when}, {_length(schedule.grace)} of grace; {before}"


def _length(length: timedelta | None) -> str:
    return wording.duration_ms((length or timedelta(0)) / _MS)
