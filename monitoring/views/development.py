"""The Development page: what did my change do? Nodes, new failure groups, releases compared, recent executions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.cells import Rows
from monitoring.filters import TITLES, Filters
from monitoring.presentation import Action, FilterChoice
from monitoring.reads import development as reads
from monitoring.reads.development_nodes import Nodes, nodes_of
from monitoring.reads.executions import ExecutionRow, page
from monitoring.reads.figures import Totals
from monitoring.reads.rollup_rows import pending
from monitoring.views.comparing import growth_tone, interval_words, previous_words, rate_tone, relative_change
from monitoring.views.csv import csv_response
from monitoring.views.development_rows import (
    TRACE_HEADER,
    changed_words,
    compare_href,
    failing_rows,
    group_rows,
    release_rows,
    slow_rows,
    trace_cells,
)
from monitoring.views.execution_table import with_errors
from monitoring.views.shell import Scope, filter_chips, frame, open_scope, range_query
from monitoring.views.trends_parts import Kpi, outcome_lines
from monitoring.views.trends_verdict import Panel

SHOWN, TRACES, EXPORTED = 10, 20, 500
TABLES = ("failing", "slow", "groups", "releases", "traces")
QUESTION = "What did my change do?"
# The filters of this page; others of an address say nothing here.
_KEPT = ("env", "workflow")


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that the page shows."""

    now: Totals
    before: Totals
    nodes: Nodes
    groups: Sequence[reads.NewGroup]
    pairs: Sequence[reads.ReleasePair]
    traces: Sequence[ExecutionRow]


@team_page(Permission.VIEW_FIGURES)
@require_safe
def development(request: TeamRequest) -> HttpResponseBase:
    """The page, or with `format=csv` one of its `TABLES` (`table`)."""
    scope = open_scope(request)
    known = reads.workflows_of(request.team.id)
    where = where_of(scope, known)
    if request.GET.get("format") == "csv":
        return _export(scope, where, request.GET.get("table", ""))
    totals = reads.totals_of(where)
    found = Found(
        *totals,
        nodes=nodes_of(where, SHOWN),
        groups=reads.new_groups(where),
        pairs=reads.release_pairs(where),
        traces=_traces(scope, TRACES),
    )
    context = {
        **frame(scope),
        **_tables(scope, found),
        "panel": panel(scope, found),
        "kpis": kpis(scope, found),
        "traces": found.traces,
        "has_runs": bool(found.now.runs),
        "range_query": range_query(scope),
        "executions_href": scope.href("executions"),
        "chips": [chip for chip in filter_chips(scope) if chip.name == TITLES["workflow"]],
        "clear_href": scope.filters.query(workflow=None, after=None),
        "choices": [FilterChoice("workflow", TITLES["workflow"], [(one.slug, one.name) for one in known])],
        "previous_words": previous_words(scope.window),
        "as_of": min(where.marked.waiting_since, scope.now),
        "is_new": not known,
        "longer_href": scope.filters.query(from_="now-90d", to="now", after=None),
    }
    return TemplateResponse(request, "development/development.html", context)


def where_of(scope: Scope, known: Sequence[reads.Named]) -> reads.Where:
    """What the address asks for."""
    choice = scope.filters["workflow"]
    mine = reads.chosen(known, choice)
    return reads.Where(scope.team.id, scope.window, scope.environment, mine, not choice, pending(scope.team.id))


def _traces(scope: Scope, limit: int) -> list[ExecutionRow]:
    return with_errors(scope.team.id, page(scope.team.id, _of_executions(scope.filters), limit=limit).rows)


def _of_executions(filters: Filters) -> Filters:
    """The latest executions of the same workflows, environment and range."""
    choices = {name: choice for name, choice in filters.choices.items() if name in _KEPT}
    return replace(filters, choices=choices, q="", sort="-time", after="")


def _tables(scope: Scope, found: Found) -> dict[str, Rows]:
    return {
        "failing": failing_rows(scope, found.nodes),
        "slow": slow_rows(scope, found.nodes),
        "groups": group_rows(scope, found.groups[:SHOWN]).first(SHOWN, of=len(found.groups)),
        "releases": release_rows(scope, found.pairs[:SHOWN]).first(SHOWN, of=len(found.pairs)),
    }


def _export(scope: Scope, where: reads.Where, table: str) -> HttpResponseBase:
    if table not in TABLES:
        raise Http404(f"No such table. Allowed: {', '.join(TABLES)}.")
    name = f"development-{table}.csv"
    if table == "traces":
        return csv_response(name, TRACE_HEADER, [trace_cells(row) for row in _traces(scope, EXPORTED)])
    if table in ("failing", "slow"):
        make = failing_rows if table == "failing" else slow_rows
        rows = make(scope, nodes_of(where, EXPORTED))
    elif table == "groups":
        rows = group_rows(scope, reads.new_groups(where))
    else:
        rows = release_rows(scope, reads.release_pairs(where))
    return csv_response(name, rows.header, rows.raw)


def panel(scope: Scope, found: Found) -> Panel:
    """The answer: the latest release that is worse, else new failures, else the latest one that is better."""
    told = [(one, *changed_words(one)) for one in found.pairs]
    worse = [one for one, _, tone in told if tone == "fail"]
    better = [one for one, _, tone in told if tone == "ok"]
    answer, word, tone = "No release is surely better or worse than the one before it", "No difference", "ok"
    if worse:
        answer, word, tone = _release_answer(worse, "worse"), "Worse", "fail"
    elif found.groups:
        many = len(found.groups)
        answer, word, tone = (
            f"{wording.count(many)} new failure group{'' if many == 1 else 's'}",
            "New failures",
            "watch",
        )
    elif better:
        answer, word, tone = _release_answer(better, "better"), "Better", "ok"
    elif not found.now.runs:
        answer, word, tone = f"No runs in {scope.environment_words} in this range", "No runs", "idle"
    elif not found.pairs:
        answer, word, tone = "No release is known, so nothing can be compared", "No release", "idle"
    lead = next(iter([*worse, *better]), None)
    return Panel(
        QUESTION, format_html("{}.", answer), word, tone, _evidence(found, lead), [], _actions(scope, found, lead)
    )


def _release_answer(found: Sequence[reads.ReleasePair], word: str) -> str:
    if len(found) > 1:
        return f"{wording.count(len(found))} releases are {word} than those before them"
    one = found[0]
    names = one.release.name, one.workflow.name, word, one.previous.name if one.previous else ""
    return format_html("Release <bdi>{}</bdi> of <bdi>{}</bdi> is {} than <bdi>{}</bdi>", *names)


def _evidence(found: Found, lead: reads.ReleasePair | None) -> list[SafeString]:
    said = []
    if lead is not None and lead.previous is not None:
        said.append(
            format_html(
                "<b><bdi>{}</bdi></b>: <b>{}</b> of its finished runs succeed, {} before; p95 <b>{}</b>, {} before.",
                lead.release.name,
                wording.percent(lead.now.success_rate),
                wording.percent(lead.before.success_rate),
                wording.duration_ms(lead.now.duration_ms.p95),
                wording.duration_ms(lead.before.duration_ms.p95),
            )
        )
    if found.nodes.failing:
        worst = found.nodes.failing[0]
        said.append(
            format_html(
                "The node <b><bdi>{}</bdi></b> of <bdi>{}</bdi> has <b>{}</b> of all failed visits.",
                *(worst.name, worst.workflow.name, wording.percent(worst.share, 0)),
            )
        )
    return said


def _actions(scope: Scope, found: Found, lead: reads.ReleasePair | None) -> list[Action]:
    actions = []
    if lead is not None:
        actions.append(Action("Compare the two releases", compare_href(scope, lead), "flow", primary=True))
    if found.groups:
        newest = scope.href("failure_group", found.groups[0].id)
        actions.append(Action("Open the newest failure group", newest, "flag", primary=not actions))
    if found.now.failures:
        failed = scope.href("executions", status=["failed", "timed_out"])
        actions.append(Action(f"See the {wording.count(found.now.failures)} failed runs", failed, "list"))
    return actions[:2]


def kpis(scope: Scope, found: Found) -> list[Kpi]:
    """Success rate, p95, failed runs and new failure groups beside the period before."""
    now, before, words = found.now, found.before, f"on {previous_words(scope.window)}"
    success, earlier = now.success, before.success
    points = success.rate - earlier.rate if success and earlier else None
    slower = relative_change(now.duration_ms.p95, before.duration_ms.p95)
    none = "unknown: only failures are reported" if now.is_failures_only else "unknown: no run finished"
    return [
        Kpi(
            "Success rate",
            wording.percent(success.rate) if success else "unknown",
            change="" if points is None else wording.percent_points(points),
            tone=rate_tone(success, earlier),
            note=_joined(words if points is not None else "", interval_words(success)) if success else none,
            metric="success_rate",
            arithmetic=outcome_lines(now),
        ),
        Kpi(
            "Latency, p95",
            "unknown" if now.duration_ms.p95 is None else wording.duration_ms(now.duration_ms.p95),
            change="" if slower is None else wording.signed_change(slower),
            tone=growth_tone(slower),
            note=words if slower is not None else "nothing to compare it with",
            metric="p95",
        ),
        Kpi(
            "Failed runs",
            wording.count(now.failures),
            change=wording.signed_count(now.failures - before.failures) if before.runs else "",
            note=_joined(words if before.runs else "", f"of {wording.count(now.runs)} runs"),
            metric="failures",
            arithmetic=[("Failed", wording.count(now.failed)), ("Timed out", wording.count(now.timed_out))],
        ),
        Kpi(
            "New failure groups",
            wording.count(len(found.groups)),
            note="first failure in this range",
            metric="new_groups",
        ),
    ]


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
