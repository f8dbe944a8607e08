"""Runs that were due and did not start (`Family.SCHEDULE`). One query for the latest starts of all workflows."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from alerts.analysis.readings import Reading, Subject
from alerts.analysis.schedules import Missed, Schedule, check_schedule, missed, read_schedule
from alerts.models import AlertRule
from alerts.reads.latest_runs import Latest, latest_runs
from alerts.reads.places import Place, subjects_of, wanted_by
from monitoring import wording

# Runs overlap: of so many that came last, one started last.
RUNS = 20
_MS = timedelta(milliseconds=1)


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """How many expected runs each workflow of a rule misses; nothing can be said of a schedule that means nothing."""
    latest = latest_runs(team_id, wanted_by(rules), now, RUNS)
    return {rule.id: _readings(rule, latest, now) for rule in rules}


def _readings(rule: AlertRule, latest: Mapping[Place, Latest], now: datetime) -> list[Reading]:
    if rule.workflow_id is None:
        return [Reading(Subject(), now, None, words="A schedule belongs to one workflow.")]
    subject, schedule = Subject(rule.workflow_id), read_schedule(rule.parameters)
    if schedule is None:
        reasons = check_schedule(rule.parameters)
        said = "; ".join(f"{field} {reason}" for field, reason in reasons.items())
        return [Reading(subject, now, None, words=f"The schedule cannot be read: {said}")]
    mine = subjects_of(rule, latest).get(subject, [])
    runs = [(start, run.id) for one in mine for run in one.runs if (start := run.started_at or run.at) <= now]
    last, last_id = max(runs, default=(None, None))
    # What was due before somebody said so is not missed.
    found = missed(schedule, last, _told_at(rule), now)
    words = _words(schedule, found, last, now) if found.count else ""
    ids = (last_id,) if last_id is not None else ()
    return [Reading(subject, now, float(found.count), 1, since=found.first, words=words, execution_ids=ids)]


def _told_at(rule: AlertRule) -> datetime:
    """Since when runs are expected. Rules change for many reasons, so their making counts."""
    return rule.created_at


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
