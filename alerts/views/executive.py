"""The Executive page: is it stable, what did it cost, are we getting better? Words before figures, on one page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Any

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
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
QUESTION = gettext_noop("Is it stable?")


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
                format_html(_("<span>Open <bdi>{workflow}</bdi></span>"), workflow=worst.name),
                scope.href("trends", worst.slug),
                "flow",
                primary=True,
            )
        )
    if team.workflows:
        actions.append(Action(_("See all workflows"), scope.href("workflows"), "list"))
    if found.incidents.open_at_end:
        actions.append(Action(_("See open incidents"), reverse("incidents", args=[scope.team.slug]), "bell"))
    said = sentences(team, found.incidents, found.costs) if team.workflows else []
    return Panel(_(QUESTION), answer, word, tone, said, [], actions[:2])


def _answer(scope: Scope, team: TeamFigures) -> tuple[str, str, str]:
    if not team.workflows:
        none = _("No runs in {environments} in this range.").format(environments=scope.environment_words)
        return none, _("No runs"), "idle"
    all_of, bad, watched, stable = (
        len(team.workflows),
        *(team.count(kind) for kind in (Kind.NOT_STABLE, Kind.WATCH, Kind.STABLE)),
    )
    unknown = all_of - bad - watched - stable
    if bad:
        return _told(_unstable(bad, all_of), bad, all_of, unknown), _("Not stable"), "fail"
    if watched:
        return _told(_watched(watched, all_of), watched, all_of, unknown), _("Watch"), "watch"
    if not stable:
        return _("It cannot be told: no workflow has an objective and enough runs."), _("No verdict"), "idle"
    return _told(_stable(stable, all_of), stable, all_of, unknown), _("Stable"), "ok"


def _unstable(count: int, total: int) -> str:
    if total == 1:
        return _("No: {count} of {total} workflow is not stable")
    return ngettext(
        "No: {count} of {total} workflows is not stable", "No: {count} of {total} workflows are not stable", count
    )


def _watched(count: int, total: int) -> str:
    if total == 1:
        return _("Mostly: {count} of {total} workflow is to be watched, none is unstable")
    return ngettext(
        "Mostly: {count} of {total} workflows is to be watched, none is unstable",
        "Mostly: {count} of {total} workflows are to be watched, none is unstable",
        count,
    )


def _stable(count: int, total: int) -> str:
    if total == 1:
        return _("Yes: {count} of {total} workflow is stable")
    return ngettext(
        "Yes: {count} of {total} workflows is stable", "Yes: {count} of {total} workflows are stable", count
    )


def _told(words: str, count: int, total: int, unknown: int) -> str:
    """The answer as a sentence, with how many workflows have none."""
    answer = words.format(count=wording.count(count), total=wording.count(total))
    if not unknown:
        return _("{answer}.").format(answer=answer)
    rest = ngettext("{answer}; {count} cannot be judged.", "{answer}; {count} cannot be judged.", unknown)
    return rest.format(answer=answer, count=wording.count(unknown))


def _moment_words(scope: Scope) -> str:
    """What paper says about itself: the range, the environment, when it was made; in UTC."""
    start, end, made = (
        wording.moment(one.astimezone(UTC), scope.now) for one in (scope.window.start, scope.window.end, scope.now)
    )
    return _("{start} to {end}, {environments}. Made {made}").format(
        start=start, end=end, environments=scope.environment_words, made=made
    )
