"""The Executive page: is it stable, what did it cost, are we getting better? Words before figures, on one page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.reads.recovery import Recovery, recovery
from alerts.views.executive_figures import (
    Figure,
    cost_figures,
    figure_rows,
    incident_figure,
    recovery_figure,
    run_figures,
)
from alerts.views.executive_words import improvement_rows, sentences, worst_rows
from billing.reads.month_costs import MonthCosts, month_costs
from monitoring import wording
from monitoring.analysis.verdict import Kind
from monitoring.cells import Rows
from monitoring.models import Improvement, ImprovementStatus
from monitoring.presentation import Action
from monitoring.reads.improvements import with_statuses
from monitoring.reads.team_figures import TeamFigures, team_figures
from monitoring.views.comparing import previous_words
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope, frame, open_scope
from monitoring.views.trends_verdict import Panel
from monitoring.windows import parse_window

DEFAULT_FROM = "now-30d"
WORST, SHOWN = 3, 5
OPEN = (ImprovementStatus.REOPENED, ImprovementStatus.RELEASED, ImprovementStatus.PLANNED)
TABLES = ("figures", "worst", "improvements")
QUESTION = "Is it stable?"


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that the page shows."""

    team: TeamFigures
    incidents: Recovery
    incidents_before: Recovery
    costs: MonthCosts
    improvements: Sequence[Improvement]


@team_page(Permission.VIEW_FIGURES)
@require_safe
def executive(request: TeamRequest) -> HttpResponseBase:
    """The page, or with `format=csv` one of its `TABLES` (`table`)."""
    scope = _last_month(open_scope(request), request)
    found = _read(scope)
    tables = _tables(scope, found)
    if request.GET.get("format") == "csv":
        rows = tables.get(request.GET.get("table", ""))
        if rows is None:
            raise Http404(f"No such table. Allowed: {', '.join(TABLES)}.")
        return csv_response(f"executive-{rows.key}.csv", rows.header, rows.raw)
    context: dict[str, Any] = {
        **frame(scope),
        "panel": panel(scope, found),
        "figures": _figures(scope, found),
        "worst": tables["worst"].first(WORST),
        "improvements": tables["improvements"].first(SHOWN),
        "as_of": min(found.team.marked.waiting_since, scope.now),
        "made": _moment_words(scope),
        "previous_words": previous_words(scope.window),
        "is_new": not found.team.workflows and not found.team.idle,
    }
    return TemplateResponse(request, "executive/executive.html", context)


def _last_month(scope: Scope, request: TeamRequest) -> Scope:
    """The last 30 days where the address asks for no range."""
    if "from" in request.GET or "to" in request.GET:
        return scope
    return replace(scope, filters=replace(scope.filters, window=parse_window(DEFAULT_FROM, "now", scope.now)))


def _read(scope: Scope) -> Found:
    team, window = scope.team.id, scope.window
    last = (window.end - timedelta(microseconds=1)).astimezone(UTC).date()
    now, before = recovery(team, [window, window.previous()], environment=scope.environment)
    return Found(
        team_figures(team, window, scope.now, environment=scope.environment),
        now,
        before,
        month_costs(team, last, scope.now.astimezone(UTC).date()),
        with_statuses(team, OPEN),
    )


def _figures(scope: Scope, found: Found) -> list[Figure]:
    return [
        *run_figures(scope, found.team),
        *cost_figures(scope, found.costs),
        incident_figure(scope, found.incidents, found.incidents_before),
    ]


def _tables(scope: Scope, found: Found) -> dict[str, Rows]:
    figures = [*_figures(scope, found), recovery_figure(found.incidents, found.incidents_before)]
    rows = [
        figure_rows(figures),
        worst_rows(scope, found.team.workflows),
        improvement_rows(scope, found.improvements),
    ]
    return {one.key: one for one in rows}


def panel(scope: Scope, found: Found) -> Panel:
    """The answer from the verdicts on all workflows with runs, the worst first."""
    team = found.team
    answer, word, tone = _answer(scope, team)
    actions = []
    if team.workflows and tone in ("fail", "watch"):
        worst = team.workflows[0]
        actions.append(
            Action(
                format_html("<span>Open <bdi>{}</bdi></span>", worst.name),
                scope.href("trends", worst.slug),
                "flow",
                primary=True,
            )
        )
    if team.workflows:
        actions.append(Action("See all workflows", scope.href("workflows"), "list"))
    if found.incidents.open_at_end:
        actions.append(Action("See open incidents", reverse("incidents", args=[scope.team.slug]), "bell"))
    said = sentences(team, found.incidents, found.costs) if team.workflows else []
    return Panel(QUESTION, answer, word, tone, said, [], actions[:2])


def _answer(scope: Scope, team: TeamFigures) -> tuple[str, str, str]:
    if not team.workflows:
        return f"No runs in {scope.environment_words} in this range.", "No runs", "idle"
    all_of, bad, watched, stable = (
        len(team.workflows),
        *(team.count(kind) for kind in (Kind.NOT_STABLE, Kind.WATCH, Kind.STABLE)),
    )
    unknown = all_of - bad - watched - stable
    rest = f"; {wording.count(unknown)} cannot be judged" if unknown else ""
    if bad:
        return f"No: {_are(bad, all_of)} not stable{rest}.", "Not stable", "fail"
    if watched:
        return f"Mostly: {_are(watched, all_of)} to be watched, none is unstable{rest}.", "Watch", "watch"
    if not stable:
        return "It cannot be told: no workflow has an objective and enough runs.", "No verdict", "idle"
    return f"Yes: {_are(stable, all_of)} stable{rest}.", "Stable", "ok"


def _are(count: int, of: int) -> str:
    noun, verb = "workflow" if of == 1 else "workflows", "is" if count == 1 else "are"
    return f"{wording.count(count)} of {wording.count(of)} {noun} {verb}"


def _moment_words(scope: Scope) -> str:
    """What paper says about itself: the range, the environment, when it was made; in UTC."""
    start, end, made = (
        wording.moment(one.astimezone(UTC), scope.now) for one in (scope.window.start, scope.window.end, scope.now)
    )
    return f"{start} to {end}, {scope.environment_words}. Made {made}"
