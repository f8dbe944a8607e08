"""Which incident counts to which other one: one incident of a dependency, of a whole team, of a workflow.

In this order: a rule about the dependency itself has an incident; several workflows share a dependency that fails, or
that is slow (`evidence`), which gets an incident of its own; the same metric over the whole team; another metric of the
same workflow (`analysis.precedence`). What counts to another incident sends no notice. The number of queries does not
depend on how many there are, and there is none where nothing opened.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.models import Team
from alerts.analysis.conditions import Severity
from alerts.analysis.dependencies import Cause
from alerts.analysis.precedence import EXPLAINED, LEADING, stands_for
from alerts.identity import dependency_id
from alerts.models import Incident, IncidentEvent, IncidentEventKind
from alerts.services.evidence import FAILING, SEARCHES, VERBS, Asked, Evidence
from alerts.services.incident_facts import as_facts
from alerts.services.incident_pages import dependency_page
from alerts.wording import MAX_TITLE, many

PARENT = "parent"
_RANK = {one.value: place for place, one in enumerate(Severity)}


@dataclass(slots=True)
class Grouped:
    """What grouping changed: incidents that count to another one now, and those of dependencies that opened."""

    children: list[Incident] = field(default_factory=list)
    opened: list[Incident] = field(default_factory=list)


def group(team: Team, fresh: Sequence[Incident], now: datetime) -> Grouped:
    """Groups incidents that just opened, together with those that stand alone. Changes and saves them.

    Their rules must be loaded.
    """
    done = Grouped()
    if not fresh:
        return done
    new = {one.id for one in fresh}
    others = Incident.objects.filter(team_id=team.id, resolved_at__isnull=True).exclude(id__in=new)
    standing = sorted([*fresh, *others.select_related("rule")], key=lambda one: (one.opened_at, one.id))
    alone = [one for one in standing if one.parent_id is None and one.rule is not None]
    for environment in sorted({one.environment for one in alone if one.id in new}):
        same = [one for one in alone if one.environment == environment]
        _by_dependency(team, same, standing, environment, new, now, done)
    _by_precedence(alone, standing, new, done)
    _save(team.id, done, now)
    return done


def _by_dependency(
    team: Team,
    alone: Sequence[Incident],
    standing: Sequence[Incident],
    environment: str,
    new: Collection[UUID],
    now: datetime,
    done: Grouped,
) -> None:
    """Lets incidents of workflows count to the dependency that is to blame: it fails, or else it is slow."""
    for what, search, explained in SEARCHES:
        wanted = [
            one
            for one in alone
            if one.workflow_id and one.parent_id is None and one.rule and one.rule.metric in explained
        ]
        if not any(one.id in new for one in wanted):
            continue
        leads = _leads([*standing, *done.opened], environment)
        since = min(one.since for one in wanted if one.id in new)
        about = {one.workflow_id for one in wanted if one.workflow_id}
        found = search(team.id, Asked(about, list(leads), since, environment), now)
        _blame(team, what, wanted, found, leads, environment, now, done)


def _blame(
    team: Team,
    what: str,
    wanted: Sequence[Incident],
    found: Evidence,
    leads: Mapping[Cause, Incident],
    environment: str,
    now: datetime,
    done: Grouped,
) -> None:
    by_cause: defaultdict[Cause, list[Incident]] = defaultdict(list)
    for one in wanted:
        if one.workflow_id is not None and one.workflow_id in found.causes:
            by_cause[found.causes[one.workflow_id]].append(one)
    for cause, parts in sorted(by_cause.items(), key=lambda pair: (pair[0].kind, pair[0].value)):
        lead = leads.get(cause) or _open_lead(team, cause, what, environment, parts, now, done)
        # Of what fails and is slow as well it is said that it fails.
        if lead.rule is None and (what == FAILING or lead.facts.get("dependency") == what):
            lead.facts = {**lead.facts, "how_bad": found.words[cause], "dependency": what}
        for one in parts:
            one.cause_kind, one.cause_value = cause.kind, cause.value[:500]
            _count_to(one, lead, done)


def _leads(standing: Sequence[Incident], environment: str) -> dict[Cause, Incident]:
    """Open incidents that are about a dependency: of a rule that looks at it over all workflows, else grouped ones."""
    found: dict[Cause, Incident] = {}
    for one in standing:
        is_same = one.environment in (environment, "")
        if one.rule is None and is_same:
            found.setdefault(Cause(one.cause_kind, one.cause_value), one)
        elif is_same and (cause := _looked_at(one)):
            found[cause] = one
    return found


def _looked_at(one: Incident) -> Cause | None:
    """The dependency that the rule of an incident looks at over all workflows."""
    if one.rule is None or not one.rule.scope or not one.value_text or one.workflow_id:
        return None
    return Cause(one.rule.scope, one.value_text) if one.rule.metric in EXPLAINED else None


def _open_lead(
    team: Team, cause: Cause, what: str, environment: str, parts: Sequence[Incident], now: datetime, done: Grouped
) -> Incident:
    one = Incident(
        team_id=team.id,
        rule=None,
        subject_id=dependency_id(team.id, cause.kind, cause.value, environment),
        value_text=cause.value[:500],
        environment=environment,
        title=cause.value,
        severity=max((part.severity for part in parts), key=lambda word: _RANK[word]),
        since=min(part.since for part in parts),
        opened_at=now,
        active_at=now,
        updated_at=now,
        cause_kind=cause.kind,
        cause_value=cause.value[:500],
        facts=as_facts(href=dependency_page(team.slug, cause.kind, cause.value, what), dependency=what),
    )
    Incident.objects.bulk_create([one], ignore_conflicts=True)
    kept = Incident.objects.get(team_id=team.id, subject_id=one.subject_id, rule__isnull=True, resolved_at__isnull=True)
    if kept.id == one.id:
        done.opened.append(kept)
    return kept


def _by_precedence(
    alone: Sequence[Incident], standing: Sequence[Incident], new: Collection[UUID], done: Grouped
) -> None:
    """Lets incidents count to one of the whole team, else of the same workflow, where one of both just opened."""
    whole = [one for one in standing if one.rule and not one.workflow_id and not one.value_text]
    of_workflow: defaultdict[UUID, list[Incident]] = defaultdict(list)
    for one in standing:
        if one.rule and one.workflow_id and not one.value_text and one.rule.metric in LEADING:
            of_workflow[one.workflow_id].append(one)
    for one in alone:
        if one.parent_id is not None or one.workflow_id is None:
            continue
        leads = [lead for lead in whole if _is_whole(one, lead)]
        leads += [lead for lead in of_workflow[one.workflow_id] if _is_leading(one, lead)]
        lead = next((lead for lead in leads if one.id in new or lead.id in new), None)
        if lead is not None:
            _count_to(one, lead, done)


def _is_whole(one: Incident, lead: Incident) -> bool:
    is_same = lead.environment in (one.environment, "")
    return is_same and bool(one.rule and lead.rule and lead.rule.metric == one.rule.metric)


def _is_leading(one: Incident, lead: Incident) -> bool:
    if one.rule is None or lead.rule is None or lead.environment not in (one.environment, ""):
        return False
    return stands_for(lead.rule.metric, lead.severity, one.rule.metric, one.severity)


def _count_to(one: Incident, lead: Incident, done: Grouped) -> None:
    one.parent, one.muted_by = lead, PARENT
    done.children.append(one)


def _save(team_id: UUID, done: Grouped, now: datetime) -> None:
    if not done.children:
        return
    for one in done.children:
        one.updated_at = now
    Incident.objects.bulk_update(done.children, ["parent", "muted_by", "cause_kind", "cause_value", "updated_at"])
    IncidentEvent.objects.bulk_create(
        IncidentEvent(
            team_id=team_id,
            incident=one,
            at=now,
            kind=IncidentEventKind.GROUPED,
            detail={"parent": str(one.parent_id), "title": one.parent.title if one.parent else ""},
        )
        for one in done.children
    )
    leads = {one.parent.id: one.parent for one in done.children if one.parent and one.parent.rule is None}
    _retitle(team_id, leads, now)


def _retitle(team_id: UUID, leads: Mapping[UUID, Incident], now: datetime) -> None:
    """Says in the titles of dependencies how many workflows count to them, and takes on the worst severity."""
    counts: defaultdict[UUID | None, set[UUID | None]] = defaultdict(set)
    worst: dict[UUID | None, str] = {}
    parts = Incident.objects.filter(team_id=team_id, parent_id__in=leads, resolved_at__isnull=True)
    for lead, workflow, severity in parts.values_list("parent_id", "workflow_id", "severity"):
        counts[lead].add(workflow)
        worst[lead] = max(worst.get(lead, severity), severity, key=lambda word: _RANK[word])
    for id, one in leads.items():
        one.title = f"{one.cause_value} {_verb(one)}: {many(len(counts[id]), 'workflow')}"[-MAX_TITLE:]
        one.severity, one.updated_at = max(one.severity, worst.get(id, one.severity), key=lambda w: _RANK[w]), now
    Incident.objects.bulk_update(list(leads.values()), ["title", "severity", "facts", "updated_at"])


def _verb(lead: Incident) -> str:
    return VERBS.get(str(lead.facts.get("dependency", FAILING)), VERBS[FAILING])
