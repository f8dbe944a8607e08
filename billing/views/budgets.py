"""Budgets of a team: will they hold? And the page of one, with its month and its history."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from billing.analysis.budget_course import BudgetState
from billing.analysis.periods import Period, parse_period
from billing.models import Budget, BudgetEvent
from billing.reads.budgets import BudgetRow, budget_rows, budgets_of, find_budget
from billing.reads.cost_document import text
from billing.views.budget_parts import CSV_HEAD, BudgetLine, answer_of, cells_of, days_of, line_of, month_chart
from billing.views.words import signed_money
from monitoring import wording
from monitoring.presentation import Action, Link
from monitoring.templatetags.components import changed_query
from monitoring.views.csv import csv_response

MONTHS_SHOWN = 12
MAX_EVENTS = 200
_ORDER = (BudgetState.OVER, BudgetState.AT_RISK, BudgetState.UNKNOWN, BudgetState.INSIDE)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def budgets(request: TeamRequest) -> HttpResponseBase:
    """The list, what is worst first, or with `format=csv` its rows."""
    period = _period(request)
    rows = budget_rows(request.team.id, period, list(budgets_of(request.team.id)))
    rows.sort(key=_worst_first)
    if request.GET.get("format") == "csv":
        return csv_response(f"budgets-{period.at}.csv", CSV_HEAD, [cells_of(row) for row in rows])
    lines = [line_of(row) for row in rows]
    answer, tone = _answer([row for row in rows if row.budget.is_active], period)
    context = {
        "lines": lines,
        "answer": answer,
        "tone": tone,
        "actions": _actions(request, lines),
        "period": period,
        "months": _months(request, period),
        "may_manage": request.membership.allows(Permission.MANAGE_COSTS),
    }
    return TemplateResponse(request, "budgets/budgets.html", context)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def budget(request: TeamRequest, budget: UUID) -> HttpResponseBase:
    """One budget in a month; with `format=csv` its course, or with `table=` its `thresholds` or `history`."""
    kept = find_budget(request.team.id, budget)
    if kept is None:
        raise Http404("No such budget.")
    (row,) = budget_rows(request.team.id, _period(request), [kept])
    events = list(BudgetEvent.objects.filter(team_id=request.team.id, budget=kept).select_related("by"))
    events.sort(key=lambda event: (event.at, event.what), reverse=True)
    if request.GET.get("format") == "csv":
        return _csv(row, events, request.GET.get("table", ""))
    answer, tone = answer_of(row)
    chart, legend = month_chart(row)
    context = {
        "one": kept,
        "line": line_of(row),
        "row": row,
        "answer": answer,
        "tone": tone,
        "question": "Will it hold?" if row.period.is_running else "Did it hold?",
        "actions": [Action("See what it is spent on", cost_href(request.team.slug, kept, row.period), "coin", True)],
        "charts": [chart],
        "legend": legend,
        "difference": signed_money(row.course.difference) if row.course else "",
        "periods": _months(request, row.period),
        "events": [(event, who(event), _changes(event)) for event in events[:MAX_EVENTS]],
        "may_manage": request.membership.allows(Permission.MANAGE_COSTS),
        "course_csv": changed_query(request.GET, format="csv"),
        "thresholds_csv": changed_query(request.GET, format="csv", table="thresholds"),
        "history_csv": changed_query(request.GET, format="csv", table="history"),
    }
    return TemplateResponse(request, "budgets/budget.html", context)


def _period(request: TeamRequest) -> Period:
    return parse_period("month", request.GET.get("at"), timezone.now().date())


def _months(request: TeamRequest, period: Period) -> list[Link]:
    newest = parse_period("month", None, period.today)
    found = [newest.step(-number) for number in range(MONTHS_SHOWN)]
    found = found if period in found else [*found, period]
    return [Link(one.name, changed_query(request.GET, at=one.at), one == period) for one in found]


def _worst_first(row: BudgetRow) -> tuple[Any, ...]:
    state = row.course.state if row.course else BudgetState.UNKNOWN
    share = row.course.forecast_share or row.course.share if row.course else 0.0
    return not row.budget.is_active, _ORDER.index(state), -share, row.budget.name


def _answer(rows: Sequence[BudgetRow], period: Period) -> tuple[str, str]:
    """Will they hold? In one sentence, with the tone of the panel."""
    if not rows:
        return "All budgets are off.", "idle"
    if len(rows) == 1:
        return answer_of(rows[0])
    states = [row.course.state if row.course else BudgetState.UNKNOWN for row in rows]
    over, risky = states.count(BudgetState.OVER), states.count(BudgetState.AT_RISK)
    unknown = states.count(BudgetState.UNKNOWN)
    count = f"{wording.count(len(rows))} budgets"
    if over:
        verb = ("is" if over == 1 else "are") if period.is_running else ("was" if over == 1 else "were")
        ahead = " or will be" if period.is_running else ""
        return f"No: {over} of {count} {verb} passed{ahead}{f', {risky} more at risk' if risky else ''}.", "fail"
    if risky:
        return f"{risky} of {count} {'is' if risky == 1 else 'are'} at risk.", "watch"
    if unknown:
        return f"Not known of {unknown} of {count}.", "idle"
    return f"Yes: {count} inside.", "ok"


def _actions(request: TeamRequest, lines: Sequence[BudgetLine]) -> list[Action]:
    if not lines:
        return []
    worst = lines[0].row.budget
    name = worst.name if len(worst.name) <= 40 else "the budget"
    href = reverse("budget", args=[request.team.slug, worst.id])
    found = [Action(f"Open {name}", href, "coin", primary=True)]
    if request.membership.allows(Permission.MANAGE_ALERTS):
        rule = reverse("new_rule", args=[request.team.slug]) + "?metric=budget_forecast"
        found.append(Action("Alert me by their thresholds", rule, "bell"))
    return found


def cost_href(slug: str, one: Budget, period: Period) -> str:
    """The cost page of just what a budget is for."""
    told = {"period": "month", "at": period.at}
    if one.environment:
        told["env"] = one.environment
    if one.workflow_id:
        told["workflow"] = one.workflow.slug
    elif one.value:
        told[one.scope] = one.value
    return f"{reverse('cost', args=[slug])}?{urlencode(told)}"


def who(event: BudgetEvent) -> str:
    """Who did it."""
    if event.by is not None:
        return str(event.by.email)
    return event.key_name or "somebody who is gone"


def _changes(event: BudgetEvent) -> list[tuple[str, str, str]]:
    return [(name, before, after) for name, (before, after) in event.changes.items()]


def _csv(row: BudgetRow, events: Sequence[BudgetEvent], table: str) -> HttpResponseBase:
    if table == "history":
        cells = [
            (event.at.isoformat(), who(event), event.what, *change)
            for event in events
            for change in _changes(event) or [("", "", "")]
        ]
        return csv_response("budget-history.csv", ("at", "by", "what", "field", "before", "after"), cells)
    if table == "thresholds":
        reached = [
            (one.threshold.on.value, one.threshold.percent, "yes" if one.is_reached else "no", one.day)
            for one in row.thresholds
        ]
        return csv_response(f"budget-thresholds-{row.period.at}.csv", ("on", "percent", "is_reached", "day"), reached)
    head = ("by_the_end_of", "actual_usd", "forecast_usd", "low_usd", "high_usd")
    days = [(one.day, text(one.actual), text(one.forecast), text(one.low), text(one.high)) for one in days_of(row)]
    return csv_response(f"budget-{row.period.at}.csv", head, days)
