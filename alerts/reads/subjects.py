"""What incidents are about, as routes and silences ask for it: the workflow with its owner and tags, rule, severity."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.statements import run_prepared
from alerts.analysis.catalogue import Scope
from alerts.analysis.matchers import Facts
from alerts.models import AlertRule, Incident
from billing.reads.budgets import owners_by_name


@dataclass(frozen=True, slots=True)
class Subject:
    """A workflow as alerts name it."""

    id: UUID
    name: str
    slug: str
    owner_id: UUID | None
    group_id: UUID | None
    tags: Sequence[str]
    is_sample: bool = False


_WORKFLOWS = """SELECT id, name, slug, owner_id, owner_group_id, tags, is_sample FROM workflow
    WHERE team_id = %(team)s AND id = ANY(%(ids)s)"""


def subjects_of(team_id: UUID, workflow_ids: Iterable[UUID | None]) -> dict[UUID, Subject]:
    """These workflows, by id. One query."""
    ids = sorted({id for id in workflow_ids if id is not None})
    if not ids:
        return {}
    return {row[0]: Subject(*row) for row in run_prepared(_WORKFLOWS, {"team": team_id, "ids": ids})}


def facts_of(
    rule: AlertRule | None, severity: str, environment: str, workflow: Subject | None, extra: Iterable[str] = ()
) -> Facts:
    """The values that matchers are compared with. `extra` are more tags."""
    tags = {*(rule.tags if rule else ()), *(workflow.tags if workflow else ()), *extra}
    told: dict[str, Iterable[str]] = {
        "severity": [severity],
        "environment": [environment] if environment else [],
        "metric": [rule.metric] if rule else [],
        "rule": [str(rule.id)] if rule else [],
        "workflow": [workflow.slug] if workflow else [],
        "owner": [str(workflow.owner_id)] if workflow and workflow.owner_id else [],
        "group": [str(workflow.group_id)] if workflow and workflow.group_id else [],
        "tag": [str(one) for one in tags],
        "sample": ["yes"] if workflow and workflow.is_sample else [],
    }
    return {name: frozenset(values) for name, values in told.items()}


def facts_of_incident(one: Incident, workflows: Mapping[UUID, Subject]) -> Facts:
    """The facts of an incident by itself. Its rule must be loaded."""
    workflow = workflows.get(one.workflow_id) if one.workflow_id else None
    return facts_of(one.rule, one.severity, one.environment, workflow)


def parts_of(
    team_id: UUID, incidents: Sequence[Incident], workflows: Mapping[UUID, Subject] | None = None
) -> dict[UUID, list[Facts]]:
    """The facts of each incident: its own, and for one of a dependency those of the open ones it stands for."""
    leads = [one.id for one in incidents if one.rule_id is None]
    children: defaultdict[UUID | None, list[Incident]] = defaultdict(list)
    if leads:
        mine = Incident.objects.filter(team_id=team_id, parent_id__in=leads, resolved_at__isnull=True)
        for child in mine.select_related("rule").order_by("id"):
            children[child.parent_id].append(child)
    everyone = [*incidents, *(child for found in children.values() for child in found)]
    known = dict(workflows or {})
    if missing := {one.workflow_id for one in everyone} - {None, *known}:
        known |= subjects_of(team_id, missing)
    found = {
        one.id: [_as_part(one, part, known) for part in children.get(one.id, ())] or [facts_of_incident(one, known)]
        for one in incidents
    }
    for one, owner in _owners_of_budgets(team_id, incidents):
        found[one.id] = [{**facts, **owner} for facts in found[one.id]]
    return found


def _owners_of_budgets(team_id: UUID, incidents: Sequence[Incident]) -> Iterable[tuple[Incident, Facts]]:
    """Who answers for the budgets that incidents are about. One query where there are any."""
    mine = [one for one in incidents if one.rule is not None and one.rule.scope == Scope.BUDGET]
    owners = owners_by_name(team_id, [one.value_text for one in mine]) if mine else {}
    for one in mine:
        user, group = owners.get(one.value_text, (None, None))
        told = {"owner": [str(user)] if user else [], "group": [str(group)] if group else []}
        yield one, {name: frozenset(values) for name, values in told.items()}


def _as_part(lead: Incident, part: Incident, workflows: Mapping[UUID, Subject]) -> Facts:
    """The facts of a part, with the severity that the whole has."""
    return {**facts_of_incident(part, workflows), "severity": frozenset({lead.severity})}
