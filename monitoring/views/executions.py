"""The Executions page: search over everything, with the filters of the Failures page."""

from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.filters import TITLES
from monitoring.presentation import FilterChoice
from monitoring.reads import executions as reads
from monitoring.reads import workflows
from monitoring.reads.emptiness import is_empty
from monitoring.reads.failures import values_in_use
from monitoring.statuses import UNMET, Status
from monitoring.views.csv import MAX_ROWS, csv_response
from monitoring.views.execution_table import (
    FULL_HEADER,
    ORDER_WORDS,
    as_json,
    exported,
    filter_choices,
    full_cells,
    paging,
    sort_in_force,
    with_errors,
)
from monitoring.views.shell import Scope, clear_href, filter_chips, frame, open_scope, range_query


@require_safe
@team_page(Permission.VIEW_FIGURES)
def executions(request: TeamRequest) -> HttpResponseBase:
    """Executions that the address asks for; as CSV or JSON with `format`."""
    scope = open_scope(request)
    if answer := _export(scope, request.GET.get("format", "")):
        return answer
    found = reads.page(scope.team.id, scope.filters)
    return TemplateResponse(request, "executions/executions.html", _context(scope, found))


def _export(scope: Scope, form: str) -> HttpResponseBase | None:
    if form == "csv":
        rows = (full_cells(row) for row in exported(scope.team.id, scope.filters))
        return csv_response("executions.csv", FULL_HEADER, rows)
    if form == "json":
        rows_found = list(exported(scope.team.id, scope.filters))
        rows_shown = [as_json(row) for row in rows_found[:MAX_ROWS]]
        return JsonResponse({"results": rows_shown, "complete": len(rows_found) <= MAX_ROWS})
    return None


def _context(scope: Scope, found: reads.Page) -> dict[str, Any]:
    total = reads.count(scope.team.id, scope.filters)
    chips = filter_chips(scope)
    return {
        **frame(scope),
        **paging(scope, found),
        "chips": chips,
        "clear_href": clear_href(scope),
        "range_query": range_query(scope),
        "choices": _choices(scope),
        "rows": with_errors(scope.team.id, found.rows),
        "total": total,
        "shown": shown_words(found, total),
        "sort": sort_in_force(scope.filters),
        "order_words": ORDER_WORDS[sort_in_force(scope.filters)],
        "longer_href": scope.filters.query(from_="now-90d", to="now", after=None),
        "is_new_team": not found.rows and is_empty(scope.team.id),
    }


def _choices(scope: Scope) -> list[FilterChoice]:
    order = (Status.FAILED, Status.TIMED_OUT, Status.SUCCEEDED, Status.RUNNING, Status.QUEUED, Status.WAITING)
    rest = (Status.CANCELLED, Status.SKIPPED, Status.UNKNOWN)
    words = [status.word for status in (*order, *rest)]
    words.insert(words.index(Status.SUCCEEDED.word) + 1, UNMET)
    names = workflows.names(scope.team.id)
    values = values_in_use(scope.team.id, scope.window)
    of_workflows = [FilterChoice("workflow", TITLES["workflow"], names)] if names else []
    return [*of_workflows, *filter_choices(values, words)]


def shown_words(found: reads.Page, total: int) -> str:
    """How many rows of how many; beyond the limit of counting it says so."""
    rows = wording.count(len(found.rows))
    if total > reads.COUNT_LIMIT:
        return f"{rows} of more than {wording.count(reads.COUNT_LIMIT)}"
    return f"{rows} of {wording.count(total)}"
