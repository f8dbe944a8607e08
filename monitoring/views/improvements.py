"""The improvements of a team: what is planned, what was released, did it help?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.models import User
from accounts.permissions import Permission
from monitoring.models import ChangeKind, Improvement, ImprovementStatus
from monitoring.presentation import FilterChip, FilterChoice
from monitoring.reads import improvements as reads
from monitoring.reads.workflows import names
from monitoring.templatetags.components import Sign, changed_query
from monitoring.views.csv import csv_response
from monitoring.views.improvement_words import STATUS_SIGNS, missing_words, row_words
from monitoring.views.shell import open_scope, step_rail

HEAD = (
    *("improvement", "workflow", "kind", "status", "owner", "metric", "expected_change", "release", "before", "after"),
    *("change", "low", "high", "runs_needed", "reopened_by", "created_at", "changed_at", "tracker_url"),
)
PARAMS = ("workflow", "owner", "kind", "status")
MAX_VALUE = 200


@dataclass(frozen=True, slots=True)
class Row:
    """An improvement as the table shows it."""

    improvement: Improvement
    sign: Sign
    kind: str
    metric: str
    figures: str
    missing: str


@dataclass(frozen=True, slots=True)
class Column:
    """A status with how many improvements have it, and the address that shows them."""

    sign: Sign
    count: int
    href: str
    is_current: bool


@team_page(Permission.VIEW_FIGURES)
@require_safe
def improvements(request: TeamRequest) -> HttpResponseBase:
    """The list with figures by status, or with `format=csv` its rows."""
    chosen = chosen_of(request.GET)
    found = reads.listing(request.team.id, chosen)
    if request.GET.get("format") == "csv":
        return csv_response("improvements.csv", HEAD, [_cells(one) for one in found])
    slug, workflows = chosen.workflow, names(request.team.id)
    scope = open_scope(request, slug if slug in dict(workflows) else None)
    people = reads.members(request.team.id)
    is_known = not slug or scope.workflow is not None
    counted = reads.counts(request.team.id, scope.workflow.id if scope.workflow else None) if is_known else {}
    context = {
        "scope": scope,
        "rows": [_row(one) for one in found],
        "columns": [_column(request, status, counted.get(status, 0)) for status in ImprovementStatus.values],
        "chips": _chips(request.GET, chosen, dict(workflows), people),
        "clear_href": "?",
        "choices": _choices(workflows, people),
        "shown": _("first {count} shown").format(count=reads.MAX_ROWS) if len(found) == reads.MAX_ROWS else "",
        "is_new": not found and chosen == reads.Chosen(),
        "rail": step_rail(scope, None, current=5),
        "may_manage": request.membership.allows(Permission.MANAGE_WORKFLOWS),
        "may_set_up": request.membership.allows(Permission.MANAGE_KEYS),
        "plan_href": reverse("plan_improvement", args=[request.team.slug]) + (f"?workflow={slug}" if slug else ""),
    }
    return TemplateResponse(request, "improvements/improvements.html", context)


def chosen_of(query: QueryDict) -> reads.Chosen:
    """The filters of the address; what is no value of one finds nothing."""
    told = {name: query.get(name, "").replace("\x00", "")[:MAX_VALUE] for name in PARAMS}
    owner = None
    if told["owner"]:
        try:
            owner = UUID(told["owner"])
        except ValueError:
            owner = UUID(int=0)
    return reads.Chosen(told["workflow"], owner, told["kind"], told["status"])


def _row(one: Improvement) -> Row:
    return Row(
        one,
        STATUS_SIGNS[one.status],
        one.get_kind_display(),
        one.get_metric_display(),
        row_words(one.metric, one.result),
        missing_words(one.result) if one.status == ImprovementStatus.RELEASED else "",
    )


def _column(request: TeamRequest, status: str, count: int) -> Column:
    is_current = request.GET.get("status") == status
    href = changed_query(request.GET, status=None if is_current else status)
    return Column(STATUS_SIGNS[status], count, href, is_current)


def _choices(workflows: Sequence[tuple[str, str]], people: Sequence[User]) -> list[FilterChoice]:
    return [
        FilterChoice("workflow", _("Workflow"), workflows),
        FilterChoice("owner", _("Owner"), [(str(user.id), user.email) for user in people]),
        FilterChoice("kind", _("Kind of change"), list(ChangeKind.choices)),
        FilterChoice(
            "status", _("Status"), [(status, STATUS_SIGNS[status].word) for status in ImprovementStatus.values]
        ),
    ]


def _chips(
    query: QueryDict, chosen: reads.Chosen, workflows: dict[str, str], people: Sequence[User]
) -> list[FilterChip]:
    owners = {user.id: user.email for user in people}
    told = {
        "workflow": (_("Workflow"), chosen.workflow and workflows.get(chosen.workflow, chosen.workflow)),
        "owner": (_("Owner"), chosen.owner and owners.get(chosen.owner, _("nobody here"))),
        "kind": (_("Kind"), chosen.kind and reads.KINDS.get(chosen.kind, chosen.kind)),
        "status": (_("Status"), STATUS_SIGNS[chosen.status].word if chosen.status in STATUS_SIGNS else chosen.status),
    }
    return [
        FilterChip(title, str(value), changed_query(query, **{name: None}) or "?")
        for name, (title, value) in told.items()
        if value
    ]


def _cells(one: Improvement) -> tuple[Any, ...]:
    result = one.result or {}
    return (
        *(one.title, one.workflow.name, one.kind, str(one.status), one.owner.email if one.owner else None),
        *(one.metric, one.expected_change, one.release.name if one.release else None),
        *(result.get(name) for name in ("before", "after", "change", "low", "high", "runs_needed")),
        one.reopened_by.name if one.reopened_by else None,
        *(one.created_at.isoformat(), one.changed_at.isoformat(), one.tracker_url or None),
    )
