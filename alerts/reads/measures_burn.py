"""Measures how fast error budgets burn (`Family.BURN`): `monitoring.analysis.objectives.burn`, of each workflow with an
objective, set or else proposed by its history. One look at the newest whole minute; three queries for an environment.

The value is the burn rate; `high` is the factor of the alarm whose windows both reached it, and is left out where none
did.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule
from monitoring.analysis.objectives import ALARMS, Recent, burn
from monitoring.models import Workflow
from monitoring.reads.baselines import Usual, usual_by_workflow
from monitoring.reads.recency import recents
from monitoring.reads.surroundings import objectives_of
from monitoring.windows import MINUTE, Window, floor_to

_WEEK = timedelta(days=7)
_NO_RATE = "Only failures are reported: there is no rate."
_NO_OBJECTIVE = "No objective of a success rate is set or proposed."


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """A reading of each workflow that a rule looks at. Of all workflows together there is no objective, and so none."""
    found: dict[UUID, list[Reading]] = {}
    end = floor_to(now, MINUTE)
    workflows = {one.id: one for one in _named(team_id, rules)}
    for environment in sorted({rule.environment for rule in rules}):
        one = environment or None
        recent = recents(team_id, end, now, environment=one)
        usual = usual_by_workflow(team_id, Window(end - _WEEK, end), environment=one)
        for rule in rules:
            if rule.environment == environment:
                told = _looked_at(rule, workflows, recent)
                found[rule.id] = [_reading(each, recent.get(each.id, ()), usual, end) for each in told]
    return found


def _named(team_id: UUID, rules: Sequence[AlertRule]) -> Iterable[Workflow]:
    """The workflows that the rules look at."""
    mine = Workflow.objects.filter(team_id=team_id)
    ids = [rule.workflow_id for rule in rules if rule.workflow_id is not None]
    return mine.filter(id__in=ids) if len(ids) == len(rules) else mine


def _looked_at(
    rule: AlertRule, workflows: Mapping[UUID, Workflow], recent: Mapping[UUID, Sequence[Recent]]
) -> Iterable[Workflow]:
    if rule.workflow_id is not None:
        return [workflows[rule.workflow_id]] if rule.workflow_id in workflows else []
    return [workflows[id] for id in sorted(recent.keys() & workflows.keys())] if rule.is_per_workflow else []


def _reading(workflow: Workflow, recent: Sequence[Recent], usual: Mapping[UUID, Usual], end: datetime) -> Reading:
    subject = Subject(workflow.id)
    if workflow.completeness == "failures-only":
        return Reading(subject, end, None, words=_NO_RATE)
    wanted = objectives_of(workflow, usual.get(workflow.id, Usual()).proposals).success_rate
    if wanted is None:
        return Reading(subject, end, None, words=_NO_OBJECTIVE)
    found = burn(wanted.value, recent)
    if found.rate is None or found.hours is None:
        return Reading(subject, end, None, words=f"{found.words}.")
    alarm = next((one for one in ALARMS if abs(one.long_hours - found.hours) < 1e-6), None)
    high = alarm.factor if found.is_too_fast and alarm is not None else None
    samples = next((one.rated for one in recent if abs(one.hours - found.hours) < 1e-6), 0)
    return Reading(subject, end, found.rate, samples, high=high, words=f"{found.words}.")
