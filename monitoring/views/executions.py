"""The Executions page: search over everything, with the filters of the Failures page."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.filters import TITLES
from monitoring.models import ViewPage
from monitoring.presentation import FilterChoice
from monitoring.reads import executions as reads
from monitoring.reads import workflows
from monitoring.reads.bounded import TooSlow, at_most
from monitoring.reads.emptiness import is_empty
from monitoring.reads.executions import ExecutionRow
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
from monitoring.views.saved_views import default_address, views_menu
from monitoring.views.searching import (
    Asked,
    as_page,
    ask,
    place_chips,
    place_links,
    record_stopped,
    search_payloads,
    searched_rows,
    searched_words,
    to_plain_address,
)
from monitoring.views.shell import Scope, clear_href, filter_chips, frame, open_scope, range_query

EXPORTS = ("csv", "json")
STATEMENT_MS = 5_000
TOO_SLOW = gettext_noop(
    "This search took longer than 5 seconds and was stopped. Choose a shorter range, or add a filter."
)


@require_safe
@team_page(Permission.VIEW_FIGURES)
def executions(request: TeamRequest) -> HttpResponseBase:
    """Executions that the address asks for; as CSV or JSON with `format`."""
    if opened := default_address(request, ViewPage.EXECUTIONS):
        return HttpResponseRedirect(opened)
    scope, form = open_scope(request), request.GET.get("format", "")
    if form not in EXPORTS and (plain := to_plain_address(request, scope)):
        return plain
    asked = ask(request, scope)
    if form in EXPORTS:
        return _export(request, asked, form)
    try:
        with at_most(STATEMENT_MS):
            shown = _deep(request, asked) if asked.is_deep else _listed(asked.scope)
    except TooSlow:
        if asked.is_deep:
            record_stopped(asked)
        shown = {"rows": [], "too_slow": _(TOO_SLOW)}
    return TemplateResponse(request, "executions/executions.html", {**_context(request, asked), **shown})


def _export(request: TeamRequest, asked: Asked, form: str) -> HttpResponseBase:
    team_id, filters = asked.scope.team.id, asked.scope.filters
    if asked.is_deep:
        found, is_whole = searched_rows(request, asked)
        rows: Iterable[ExecutionRow] = found
    else:
        rows, is_whole = exported(team_id, filters), True
    if form == "csv":
        return csv_response("executions.csv", FULL_HEADER, _cells(rows, is_whole=is_whole))
    rows = list(rows)
    shown = [as_json(row) for row in rows[:MAX_ROWS]]
    return JsonResponse({"results": shown, "complete": is_whole and len(rows) <= MAX_ROWS})


def _cells(rows: Iterable[ExecutionRow], *, is_whole: bool) -> Iterator[Sequence[Any]]:
    yield from (full_cells(row) for row in rows)
    if not is_whole:
        yield ["Not the whole range was searched; choose a shorter one for the rest."]


def _listed(scope: Scope) -> dict[str, Any]:
    """Rows that the database finds, and how many there are."""
    found = reads.page(scope.team.id, scope.filters)
    total = reads.count(scope.team.id, scope.filters)
    return {
        **paging(scope, found),
        "rows": with_errors(scope.team.id, found.rows),
        "total": total,
        "shown": shown_words(found, total),
    }


def _deep(request: TeamRequest, asked: Asked) -> dict[str, Any]:
    """Rows that a search in payloads and lines found, and how far it came."""
    found = search_payloads(request, asked)
    shown = ngettext("{count} found", "{count} found", len(found.rows))
    return {
        **paging(asked.scope, as_page(found)),
        "rows": with_errors(asked.scope.team.id, found.rows),
        "shown": shown.format(count=wording.count(len(found.rows))),
        "searched": searched_words(found, asked.scope.filters),
        "further": bool(found.next),
    }


def _context(request: TeamRequest, asked: Asked) -> dict[str, Any]:
    scope = asked.scope
    sort = sort_in_force(scope.filters)
    if asked.is_deep and sort not in ("time", "-time"):
        sort = "-time"
    return {
        **frame(scope),
        "chips": [*filter_chips(scope), *place_chips(asked)],
        "clear_href": clear_href(scope),
        "range_query": range_query(scope),
        "choices": _choices(scope),
        "notes": asked.notes,
        "place_links": place_links(request, asked),
        "is_deep": asked.is_deep,
        "may_classify": request.membership.allows(Permission.MANAGE_WORKFLOWS),
        "may_hold": request.membership.allows(Permission.MANAGE_RETENTION),
        "menu": views_menu(request, scope, ViewPage.EXECUTIONS),
        "sort": sort,
        "order_words": _(ORDER_WORDS[sort]),
        "longer_href": scope.filters.query(from_="now-90d", to="now", after=None),
        "is_new_team": not scope.environments and is_empty(scope.team.id),
    }


def _choices(scope: Scope) -> list[FilterChoice]:
    order = (Status.FAILED, Status.TIMED_OUT, Status.SUCCEEDED, Status.RUNNING, Status.QUEUED, Status.WAITING)
    rest = (Status.CANCELLED, Status.SKIPPED, Status.UNKNOWN)
    words = [status.word for status in (*order, *rest)]
    words.insert(words.index(Status.SUCCEEDED.word) + 1, UNMET)
    names = workflows.names(scope.team.id)
    values = values_in_use(scope.team.id, scope.window)
    of_workflows = [FilterChoice("workflow", _(TITLES["workflow"]), names)] if names else []
    return [*of_workflows, *filter_choices(values, words)]


def shown_words(found: reads.Page, total: int) -> str:
    """How many rows of how many; beyond the limit of counting it says so."""
    rows = wording.count(len(found.rows))
    if total > reads.COUNT_LIMIT:
        return _("{shown} of more than {total}").format(shown=rows, total=wording.count(reads.COUNT_LIMIT))
    return _("{shown} of {total}").format(shown=rows, total=wording.count(total))
