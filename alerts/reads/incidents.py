"""Incidents as lists, pages and the API show them."""

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Count, Q, QuerySet, When

from alerts.models import AlertDelivery, AlertRule, Incident, IncidentEvent
from alerts.reads.incident_samples import as_uuid
from alerts.reads.subjects import Subject, subjects_of
from monitoring.models import Execution, Improvement, Workflow
from monitoring.windows import Window

PAGE_SIZE = 50
MAX_CHILDREN = 100
MAX_DELIVERIES = 50
MAX_EVENTS = 200
# Open ones first, what counts to others after those; then what is over.
_PLACE = Case(When(resolved_at__isnull=False, then=2), When(muted_by="parent", then=1), default=0)
# Steps of one moment in the order in which they follow from each other.
_ORDER = (
    *("reopened", "opened", "grouped", "muted", "worse", "no_data", "notified", "escalated", "acknowledged", "noted"),
    *("linked", "resolved"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which incidents: filters that are empty leave all in; `window` those that stood at some time in it."""

    statuses: Sequence[str] = ()
    severities: Sequence[str] = ()
    workflow: str = ""
    rule: UUID | None = None
    q: str = ""
    window: Window | None = None
    after: str = ""
    limit: int = PAGE_SIZE


@dataclass(frozen=True, slots=True)
class Listed:
    """An incident in a list, with the workflow that it is about."""

    incident: Incident
    workflow: Subject | None


@dataclass(frozen=True, slots=True)
class Page:
    """Incidents, open ones first, then those that opened last; `next` is the cursor of the page after this one."""

    rows: Sequence[Listed]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything about one incident; `events` oldest first."""

    incident: Incident
    workflow: Subject | None
    children: Sequence[Listed]
    events: Sequence[IncidentEvent]
    deliveries: Sequence[AlertDelivery]
    samples: Sequence[Execution]


def page(team_id: UUID, asked: Asked) -> Page:
    """A page of incidents. Two queries."""
    found = _matching(team_id, asked).annotate(place=_PLACE)
    if cursor := _read_cursor(asked.after):
        place, opened_at, id = cursor
        earlier = Q(opened_at__lt=opened_at) | Q(opened_at=opened_at, id__gt=id)
        found = found.filter(Q(place__gt=place) | (Q(place=place) & earlier))
    ordered = found.select_related("rule", "parent", "acknowledged_by").order_by("place", "-opened_at", "id")
    rows = list(ordered[: asked.limit + 1])
    more, rows = len(rows) > asked.limit, rows[: asked.limit]
    return Page(listed(team_id, rows), _write_cursor(rows[-1]) if more else "")


def listed(team_id: UUID, incidents: Sequence[Incident]) -> list[Listed]:
    """Incidents with their workflows. One query."""
    workflows = subjects_of(team_id, [one.workflow_id for one in incidents])
    return [Listed(one, workflows.get(one.workflow_id) if one.workflow_id else None) for one in incidents]


def counts(team_id: UUID, asked: Asked) -> dict[tuple[str, bool], int]:
    """How many of the same incidents have each status, by whether they need nobody: they count to another one, or are
    of the sample; whatever statuses are asked for. One query."""
    found = _matching(team_id, Asked((), asked.severities, asked.workflow, asked.rule, asked.q, asked.window))
    keys = found.annotate(is_part=Case(When(muted_by__in=("parent", "sample"), then=True), default=False)).order_by()
    rows = keys.values_list("status", "is_part").annotate(count=Count("id", distinct=True))
    return {(status, is_part): count for status, is_part, count in rows}


def rules_of(team_id: UUID) -> list[tuple[str, str]]:
    """Ids and names of the rules that incidents may be of, removed ones left out, by name."""
    found = AlertRule.objects.filter(team_id=team_id, removed_at__isnull=True).order_by("name", "id")
    return [(str(id), name) for id, name in found.values_list("id", "name")]


def detail(team_id: UUID, incident_id: UUID) -> Detail | None:
    """One incident with what belongs to it; None for one of another team. Six queries."""
    mine = Incident.objects.filter(team_id=team_id, id=incident_id)
    one = mine.select_related("rule", "parent", "improvement", "acknowledged_by", "resolved_by").first()
    if one is None:
        return None
    parts = Incident.objects.filter(team_id=team_id, parent_id=one.id).order_by("-opened_at", "id")
    events = IncidentEvent.objects.filter(team_id=team_id, incident_id=one.id).select_related("by")
    sent = AlertDelivery.objects.filter(team_id=team_id, incident_id=one.id).select_related("channel")
    every = listed(team_id, [one, *parts.select_related("rule", "parent", "acknowledged_by")[:MAX_CHILDREN]])
    return Detail(
        incident=one,
        workflow=every[0].workflow,
        children=every[1:],
        events=in_order(events.order_by("-at", "id")[:MAX_EVENTS]),
        deliveries=list(sent.order_by("-created_at", "id")[:MAX_DELIVERIES]),
        samples=samples_of(team_id, one),
    )


def in_order(events: Iterable[IncidentEvent]) -> list[IncidentEvent]:
    """Events oldest first; those of one moment as they follow from each other."""
    return sorted(events, key=lambda one: (one.at, _ORDER.index(one.kind) if one.kind in _ORDER else 0, one.id))


def samples_of(team_id: UUID, one: Incident) -> list[Execution]:
    """The sample executions of an incident that are still kept, latest first."""
    ids = [id for text in one.facts.get("sample_ids", ()) if (id := as_uuid(text))]
    if not ids:
        return []
    kept = {found.id: found for found in Execution.objects.filter(team_id=team_id, id__in=ids)}
    return [kept[id] for id in ids if id in kept]


def improvements_for(team_id: UUID, workflow_id: UUID | None) -> list[tuple[str, str]]:
    """Improvements that may be linked: those of the workflow, or all, that changed last; ids and titles."""
    found = Improvement.objects.filter(team_id=team_id)
    mine = found.filter(workflow_id=workflow_id) if workflow_id else found
    return [(str(id), title) for id, title in mine.order_by("-changed_at", "id").values_list("id", "title")[:50]]


def _matching(team_id: UUID, asked: Asked) -> QuerySet[Incident]:
    found = Incident.objects.filter(team_id=team_id)
    if asked.statuses:
        found = found.filter(status__in=asked.statuses)
    if asked.severities:
        found = found.filter(severity__in=asked.severities)
    if asked.workflow:
        slug = Workflow.objects.filter(team_id=team_id, slug=asked.workflow).values("id")
        # What stands for several workflows is found by each of them.
        found = found.filter(Q(workflow_id__in=slug) | Q(children__workflow_id__in=slug)).distinct()
    if asked.rule:
        found = found.filter(rule_id=asked.rule)
    if asked.q:
        found = found.filter(Q(title__icontains=asked.q) | Q(rule__name__icontains=asked.q))
    if asked.window:
        stood = Q(resolved_at__isnull=True) | Q(resolved_at__gte=asked.window.start)
        found = found.filter(stood, opened_at__lt=asked.window.end)
    return found


def _read_cursor(text: str) -> tuple[int, datetime, UUID] | None:
    try:
        place, opened_at, id = json.loads(base64.urlsafe_b64decode(text.encode() + b"=="))
        return int(place), datetime.fromisoformat(opened_at), UUID(id)
    except (ValueError, TypeError, AttributeError):
        return None


def _write_cursor(one: Incident) -> str:
    place = 2 if one.resolved_at else 1 if one.muted_by == "parent" else 0
    told = [place, one.opened_at.isoformat(), str(one.id)]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
