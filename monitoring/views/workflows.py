"""All workflows of a team, worst first: which process needs attention?"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.presentation import Action
from monitoring.reads import trends
from monitoring.reads.verdict import Kind
from monitoring.reads.workflows import WorkflowRow, listing
from monitoring.statuses import UNMET
from monitoring.views.comparing import interval_words, previous_words, rate_tone, sort_rows
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope, clear_href, filter_chips, frame, open_scope, source_words
from monitoring.views.trends_verdict import Panel

HEAD = (
    "workflow", "verdict", "runs", "success_rate", "success_low", "success_high", "failures",
    "p50_ms", "p95_ms", "success_change", "last_run_at", "unmet",
)  # fmt: skip
MAX_SHOWN = 500
_ANSWERS = {
    Kind.NOT_STABLE: (
        gettext_noop("{count} of {all} workflows is not stable."),
        gettext_noop("{count} of {all} workflows are not stable."),
    ),
    Kind.WATCH: (
        gettext_noop("{count} of {all} workflows is to be watched."),
        gettext_noop("{count} of {all} workflows are to be watched."),
    ),
    Kind.NO_OBJECTIVE: (
        gettext_noop("{count} of {all} workflows has no objective, so no verdict."),
        gettext_noop("{count} of {all} workflows have no objective, so no verdict."),
    ),
    Kind.NOT_ENOUGH_DATA: (
        gettext_noop("{count} of {all} workflows has too few runs for a verdict."),
        gettext_noop("{count} of {all} workflows have too few runs for a verdict."),
    ),
    Kind.FAILURES_ONLY: (
        gettext_noop("{count} of {all} workflows has only failures reported, so no verdict."),
        gettext_noop("{count} of {all} workflows have only failures reported, so no verdict."),
    ),
}

# What the columns sort by; rows without a value come last in either direction.
SORTS: dict[str, Callable[["Row"], Any]] = {
    "name": lambda row: row.name.lower(),
    "runs": lambda row: row.runs,
    "success": lambda row: row.success_rate,
    "failures": lambda row: row.failures,
    "p50": lambda row: row.p50_ms,
    "p95": lambda row: row.p95_ms,
    "change": lambda row: row.change,
    "last": lambda row: row.last_run_at,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A workflow as the table shows it; shares of 1, milliseconds."""

    name: str
    href: str
    type: str
    is_sample: bool
    completeness: str
    is_failures_only: bool
    kind: Kind
    verdict: str
    reason: str
    tone: str
    runs: int
    success_rate: float | None
    interval: str
    low: float | None
    high: float | None
    unmet: int
    unmet_href: str
    failures: int
    failures_href: str
    p50_ms: float | None
    p95_ms: float | None
    change: float | None
    change_tone: str
    points: Sequence[int]
    last_run_at: datetime | None


@team_page(Permission.VIEW_FIGURES)
@require_safe
def workflows(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` its rows."""
    scope = open_scope(request)
    found = [
        _row(scope, one) for one in listing(request.team.id, scope.window, scope.now, environment=scope.environment)
    ]
    rows = sort_rows([row for row in found if _matches(row, scope)], scope.filters.sort, SORTS)
    if request.GET.get("format") == "csv":
        return csv_response("workflows.csv", HEAD, [_cells(row) for row in rows])
    as_of = trends.as_of(request.team.id, scope.now)
    return TemplateResponse(request, "workflows/workflows.html", context(request, scope, found, rows, as_of))


def context(
    request: TeamRequest, scope: Scope, found: Sequence[Row], rows: Sequence[Row], as_of: datetime
) -> dict[str, Any]:
    """What the template shows: `found` are all workflows, `rows` those that the filters leave."""
    return {
        **frame(scope),
        "as_of": as_of,
        "rows": rows[:MAX_SHOWN],
        "shown": _("first {shown} of {count} shown").format(
            shown=wording.count(MAX_SHOWN), count=wording.count(len(rows))
        )
        if len(rows) > MAX_SHOWN
        else "",
        "counted": ngettext("{count} workflow", "{count} workflows", len(found)).format(
            count=wording.count(len(found))
        ),
        "is_new": not found,
        "verdict": panel(scope, found) if found else None,
        "chips": filter_chips(scope),
        "clear_href": clear_href(scope),
        "sort": scope.filters.sort,
        "previous_words": previous_words(scope.window),
    }


def panel(scope: Scope, rows: Sequence[Row]) -> Panel:
    """Which process needs attention: the worst one by its verdict, else the one with most failures."""
    kinds = Counter(row.kind for row in rows)
    worst = rows[0]
    answer, word, tone = _answer(worst.kind, kinds[worst.kind], len(rows)), worst.verdict, worst.tone
    if not any(row.runs for row in rows):
        answer = _("No runs in {environment} in this range.").format(environment=scope.environment_words)
        word, tone = _("No runs"), "idle"
    actions = []
    if worst.runs:
        actions.append(Action(_("Open {name}").format(name=worst.name), worst.href, "flow", primary=True))
    if worst.failures:
        label = ngettext("See its failed sample", "See its {count} failed samples", worst.failures)
        actions.append(Action(label.format(count=wording.count(worst.failures)), worst.failures_href, "list"))
    return Panel(_("Which process needs attention?"), answer, word, tone, _evidence(rows), [], actions)


def _evidence(rows: Sequence[Row]) -> list[SafeString]:
    worst = rows[0]
    if worst.success_rate is None:
        return []
    runs, failures = sum(row.runs for row in rows), sum(row.failures for row in rows)
    return [
        format_html(
            _(
                "<b>{name}</b> comes first: <b>{share}</b> of its finished runs succeed, {own_failures} of {own_runs} "
                "failed. All workflows together: {runs} runs, {failures} failures."
            ),
            name=worst.name,
            share=wording.percent(worst.success_rate),
            own_failures=wording.count(worst.failures),
            own_runs=wording.count(worst.runs),
            runs=wording.count(runs),
            failures=wording.count(failures),
        )
    ]


def _answer(kind: Kind, count: int, of: int) -> str:
    """How many of all have the verdict of the worst one."""
    if kind is Kind.STABLE:
        return _("None: all workflows are stable.")
    return ngettext(*_ANSWERS[kind], count).format(count=count, all=of)


def _matches(row: Row, scope: Scope) -> bool:
    text = f"{row.name} {row.type} {row.verdict}".lower()
    return all(word in text for word in scope.filters.q.lower().split())


def _row(scope: Scope, one: WorkflowRow) -> Row:
    success, before = one.totals.success, one.previous.success
    return Row(
        name=one.name,
        href=scope.href("trends", one.slug, q=None),
        type=source_words(one.type),
        is_sample=one.is_sample,
        completeness=wording.completeness(one.completeness, one.sample_rate, one.sample_rate_max),
        is_failures_only=one.totals.is_failures_only,
        kind=one.verdict.kind,
        verdict=one.verdict.word,
        reason=one.verdict.sentence,
        tone=one.verdict.tone,
        runs=one.totals.runs,
        success_rate=one.totals.success_rate,
        interval=interval_words(success) if success else "",
        low=success.low if success else None,
        high=success.high if success else None,
        unmet=one.totals.unmet,
        unmet_href=scope.href("executions", workflow=one.slug, status=UNMET, q=None) if one.totals.unmet else "",
        failures=one.totals.failures,
        failures_href=scope.href("failures", one.slug, q=None),
        p50_ms=one.totals.duration_ms.p50,
        p95_ms=one.totals.duration_ms.p95,
        change=success.rate - before.rate if success and before else None,
        change_tone=rate_tone(success, before),
        points=[point.totals.failures for point in one.points],
        last_run_at=one.last_run_at,
    )


def _cells(row: Row) -> tuple[Any, ...]:
    last = row.last_run_at.isoformat() if row.last_run_at else None
    figures = (row.runs, row.success_rate, row.low, row.high, row.failures, row.p50_ms, row.p95_ms, row.change)
    return (row.name, row.verdict, *figures, last, row.unmet)
