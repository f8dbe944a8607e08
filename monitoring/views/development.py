"""The Development page: what did my change do? Nodes, new failure groups, releases compared, recent executions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.cells import Rows
from monitoring.filters import TITLES, Filters
from monitoring.presentation import Action, FilterChip, FilterChoice
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
        "chips": _chips(scope),
        "clear_href": scope.filters.query(workflow=None, after=None),
        "choices": [FilterChoice("workflow", _(TITLES["workflow"]), [(one.slug, one.name) for one in known])],
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


def _chips(scope: Scope) -> list[FilterChip]:
    chips = filter_chips(scope, names=("workflow",))
    # A text to search for says nothing here.
    return chips[:-1] if scope.filters.q else chips


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
    tones = [(one, changed_words(one)[1]) for one in found.pairs]
    worse = [one for one, tone in tones if tone == "fail"]
    better = [one for one, tone in tones if tone == "ok"]
    answer, word, tone = _("No release is surely better or worse than the one before it."), _("No difference"), "ok"
    if worse:
        answer, word, tone = _worse_answer(worse), _("Worse"), "fail"
    elif found.groups:
        number = len(found.groups)
        answer = ngettext("{count} new failure group.", "{count} new failure groups.", number)
        answer, word, tone = answer.format(count=wording.count(number)), _("New failures"), "watch"
    elif better:
        answer, word, tone = _better_answer(better), _("Better"), "ok"
    elif not found.now.runs:
        answer = _("No runs in {environment} in this range.").format(environment=scope.environment_words)
        word, tone = _("No runs"), "idle"
    elif not found.pairs:
        answer, word, tone = _("No release is known, so nothing can be compared."), _("No release"), "idle"
    lead = next(iter([*worse, *better]), None)
    question = _("What did my change do?")
    return Panel(
        question, conditional_escape(answer), word, tone, _evidence(found, lead), [], _actions(scope, found, lead)
    )


def _worse_answer(found: Sequence[reads.ReleasePair]) -> str:
    if len(found) == 1:
        text = _("Release <bdi>{release}</bdi> of <bdi>{workflow}</bdi> is worse than <bdi>{previous}</bdi>.")
        return format_html(text, **_names(found[0]))
    return ngettext(
        "{count} release is worse than the one before it.",
        "{count} releases are worse than those before them.",
        len(found),
    ).format(count=wording.count(len(found)))


def _better_answer(found: Sequence[reads.ReleasePair]) -> str:
    if len(found) == 1:
        text = _("Release <bdi>{release}</bdi> of <bdi>{workflow}</bdi> is better than <bdi>{previous}</bdi>.")
        return format_html(text, **_names(found[0]))
    return ngettext(
        "{count} release is better than the one before it.",
        "{count} releases are better than those before them.",
        len(found),
    ).format(count=wording.count(len(found)))


def _names(one: reads.ReleasePair) -> dict[str, str]:
    previous = one.previous.name if one.previous else ""
    return {"release": one.release.name, "workflow": one.workflow.name, "previous": previous}


def _evidence(found: Found, lead: reads.ReleasePair | None) -> list[SafeString]:
    said = []
    if lead is not None and lead.previous is not None:
        text = _(
            "<b><bdi>{release}</bdi></b>: <b>{rate}</b> of its finished runs succeed, {rate_before} before; "
            "p95 <b>{p95}</b>, {p95_before} before."
        )
        figures = {
            "rate": wording.percent(lead.now.success_rate),
            "rate_before": wording.percent(lead.before.success_rate),
            "p95": wording.duration_ms(lead.now.duration_ms.p95),
            "p95_before": wording.duration_ms(lead.before.duration_ms.p95),
        }
        said.append(format_html(text, release=lead.release.name, **figures))
    if found.nodes.failing:
        worst = found.nodes.failing[0]
        text = _("The node <b><bdi>{node}</bdi></b> of <bdi>{workflow}</bdi> has <b>{share}</b> of all failed visits.")
        share = wording.percent(worst.share, 0)
        said.append(format_html(text, node=worst.name, workflow=worst.workflow.name, share=share))
    return said


def _actions(scope: Scope, found: Found, lead: reads.ReleasePair | None) -> list[Action]:
    actions = []
    if lead is not None:
        actions.append(Action(_("Compare the two releases"), compare_href(scope, lead), "flow", primary=True))
    if found.groups:
        newest = scope.href("failure_group", found.groups[0].id)
        actions.append(Action(_("Open the newest failure group"), newest, "flag", primary=not actions))
    if found.now.failures:
        failed = scope.href("executions", status=["failed", "timed_out"])
        label = ngettext("See the {count} failed run", "See the {count} failed runs", found.now.failures)
        actions.append(Action(label.format(count=wording.count(found.now.failures)), failed, "list"))
    return actions[:2]


def kpis(scope: Scope, found: Found) -> list[Kpi]:
    """Success rate, p95, failed runs and new failure groups beside the period before."""
    now, before = found.now, found.before
    words = _("on {period}").format(period=previous_words(scope.window))
    success, earlier = now.success, before.success
    points = success.rate - earlier.rate if success and earlier else None
    slower = relative_change(now.duration_ms.p95, before.duration_ms.p95)
    none = _("unknown: only failures are reported") if now.is_failures_only else _("unknown: no run finished")
    return [
        Kpi(
            _("Success rate"),
            wording.percent(success.rate) if success else _("unknown"),
            change="" if points is None else wording.percent_points(points),
            tone=rate_tone(success, earlier),
            note=_joined(words if points is not None else "", interval_words(success)) if success else none,
            metric="success_rate",
            arithmetic=outcome_lines(now),
        ),
        Kpi(
            _("Latency, p95"),
            _("unknown") if now.duration_ms.p95 is None else wording.duration_ms(now.duration_ms.p95),
            change="" if slower is None else wording.signed_change(slower),
            tone=growth_tone(slower),
            note=words if slower is not None else _("nothing to compare it with"),
            metric="p95",
        ),
        _failed_kpi(now, before, words),
        Kpi(
            _("New failure groups"),
            wording.count(len(found.groups)),
            note=_("first failure in this range"),
            metric="new_groups",
        ),
    ]


def _failed_kpi(now: Totals, before: Totals, since: str) -> Kpi:
    runs = ngettext("of {count} run", "of {count} runs", now.runs).format(count=wording.count(now.runs))
    return Kpi(
        _("Failed runs"),
        wording.count(now.failures),
        change=wording.signed_count(now.failures - before.failures) if before.runs else "",
        note=_joined(since if before.runs else "", runs),
        metric="failures",
        arithmetic=[(_("Failed"), wording.count(now.failed)), (_("Timed out"), wording.count(now.timed_out))],
    )


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
