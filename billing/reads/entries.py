"""What was entered in a month: adjustments, credits and commitments, with who booked each, when and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing.analysis.allocation import next_month
from billing.models import ENTERED, CostEvent, CostLine, TagSet
from monitoring.models import Label, Workflow

# How many a page and an answer of the API list.
MOST = 1_000
_LABELS = ("environment_id", "provider_id", "model_id")


@dataclass(frozen=True, slots=True)
class EnteredLine:
    """An entry with its names. `by` and `at` are empty where nobody wrote them down; `rate` is of its currency."""

    row: CostLine
    workflow: str
    environment: str
    provider: str
    model: str
    tags: Mapping[str, str]
    by: str
    at: datetime | None
    rate: Decimal | None
    # It is the difference of this statement.
    statement_id: str


def entries_of(team_id: UUID, month: date) -> list[EnteredLine]:
    """The entries that count in a month, by day. Five queries."""
    rows = _entered(team_id).filter(booked_on__gte=month, booked_on__lt=next_month(month))
    return _named(team_id, list(rows.order_by("booked_on", "id")[:MOST]))


def find_entry(team_id: UUID, line_id: int) -> EnteredLine | None:
    """One entry."""
    found = _named(team_id, list(_entered(team_id).filter(id=line_id)))
    return found[0] if found else None


def _entered(team_id: UUID) -> QuerySet[CostLine]:
    return CostLine.objects.filter(team_id=team_id, entry__in=ENTERED)


def _named(team_id: UUID, rows: Sequence[CostLine]) -> list[EnteredLine]:
    ids = {getattr(row, column) for row in rows for column in _LABELS}
    labels = dict(Label.objects.filter(team_id=team_id, id__in=ids).values_list("id", "value"))
    workflows = dict(
        Workflow.objects.filter(team_id=team_id, id__in={row.workflow_id for row in rows}).values_list("id", "name")
    )
    tags = dict(
        TagSet.objects.filter(team_id=team_id, id__in={row.tag_set_id for row in rows}).values_list("id", "tags")
    )
    events = CostEvent.objects.filter(
        team_id=team_id, subject="entry", what="added", subject_id__in=[str(row.id) for row in rows]
    )
    # The last time that it was added: an entry may have been removed and booked again.
    added = {one.subject_id: one for one in events.select_related("by").order_by("at", "id")}
    return [_entry(row, workflows, labels, tags.get(row.tag_set_id) or {}, added.get(str(row.id))) for row in rows]


def _entry(
    row: CostLine,
    workflows: Mapping[UUID, str],
    labels: Mapping[int, str],
    tags: Mapping[str, str],
    added: CostEvent | None,
) -> EnteredLine:
    detail = added.detail if added else {}
    environment, provider, model = (labels.get(getattr(row, column), "") for column in _LABELS)
    rate = detail.get("rate")
    return EnteredLine(
        row,
        workflows.get(row.workflow_id, ""),
        environment,
        provider,
        model,
        tags,
        who(added) if added else "",
        added.at if added else None,
        Decimal(rate) if rate else None,
        detail.get("statement", ""),
    )


def who(event: CostEvent) -> str:
    """Who did it: a person, or a key with its maker."""
    person = event.by.email if event.by else ""
    if event.key_name:
        words = _("API key {name} of {person}") if person else _("API key {name}")
        return words.format(name=event.key_name, person=person)
    return person or "Steadyrun"
