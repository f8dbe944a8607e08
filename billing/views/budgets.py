"""Budgets of a team: will they hold? And the page of one, with its month and its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext
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
# What is kept in the history, as pages name it.
_WHAT = {"made": gettext_noop("made"), "changed": gettext_noop("changed"), "removed": gettext_noop("removed")}
_FIELDS = {
    "name": gettext_noop("name"),
    "scope": gettext_noop("scope"),
    "workflow": gettext_noop("workflow"),
    "value": gettext_noop("value"),
    "environment": gettext_noop("environment"),
    "amount": gettext_noop("amount"),
    "currency": gettext_noop("currency"),
    "thresholds": gettext_noop("thresholds"),
    "owner": gettext_noop("owner"),
    "owner group": gettext_noop("owner group"),
    "active": gettext_noop("active"),
}
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
        "question": _("Will it hold?") if row.period.is_running else _("Did it hold?"),
        "actions": [Action(_("See what it is spent on"), cost_href(request.team.slug, kept, row.period), "coin", True)],
        "charts": [chart],
        "legend": legend,
        "difference": signed_money(row.course.difference) if row.course else "",
        "periods": _months(request, row.period),
        "events": [(_happened(event), who(event), _shown_changes(event)) for event in events[:MAX_EVENTS]],
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
        return _("All budgets are off."), "idle"
    if len(rows) == 1:
        return answer_of(rows[0])
    states = [row.course.state if row.course else BudgetState.UNKNOWN for row in rows]
    over, risky = states.count(BudgetState.OVER), states.count(BudgetState.AT_RISK)
    unknown = states.count(BudgetState.UNKNOWN)
    count = wording.count(len(rows))
    if over:
        words = _passed_words(over, risky, is_running=period.is_running)
        return words.format(over=over, count=count, risky=risky), "fail"
    if risky:
        words = ngettext("{risky} of {count} budgets is at risk.", "{risky} of {count} budgets are at risk.", risky)
        return words.format(risky=risky, count=count), "watch"
    if unknown:
        return _("Not known of {unknown} of {count} budgets.").format(unknown=unknown, count=count), "idle"
    return _("Yes: {count} budgets inside.").format(count=count), "ok"


def _passed_words(over: int, risky: int, *, is_running: bool) -> str:
    """That budgets were passed; how many of how many is left to be put in."""
    if is_running and risky:
        return ngettext(
            "No: {over} of {count} budgets is passed or will be, {risky} more at risk.",
            "No: {over} of {count} budgets are passed or will be, {risky} more at risk.",
            over,
        )
    if is_running:
        return ngettext(
            "No: {over} of {count} budgets is passed or will be.",
            "No: {over} of {count} budgets are passed or will be.",
            over,
        )
    if risky:
        return ngettext(
            "No: {over} of {count} budgets was passed, {risky} more at risk.",
            "No: {over} of {count} budgets were passed, {risky} more at risk.",
            over,
        )
    return ngettext("No: {over} of {count} budgets was passed.", "No: {over} of {count} budgets were passed.", over)


def _actions(request: TeamRequest, lines: Sequence[BudgetLine]) -> list[Action]:
    if not lines:
        return []
    worst = lines[0].row.budget
    label = _("Open {name}").format(name=worst.name) if len(worst.name) <= 40 else _("Open the budget")
    href = reverse("budget", args=[request.team.slug, worst.id])
    found = [Action(label, href, "coin", primary=True)]
    if request.membership.allows(Permission.MANAGE_ALERTS):
        rule = reverse("new_rule", args=[request.team.slug]) + "?metric=budget_forecast"
        found.append(Action(_("Alert me by their thresholds"), rule, "bell"))
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
    return event.key_name or _("somebody who is gone")


def _changes(event: BudgetEvent) -> list[tuple[str, str, str]]:
    return [(name, before, after) for name, (before, after) in event.changes.items()]


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened to a budget, as its page says it."""

    at: datetime
    what: str


def _happened(event: BudgetEvent) -> Happened:
    return Happened(event.at, _(_WHAT[event.what]) if event.what in _WHAT else event.what)


def _shown_changes(event: BudgetEvent) -> list[tuple[str, str, str]]:
    """The same for the page: names of fields in its language."""
    return [(_(_FIELDS.get(name, name)), before, after) for name, before, after in _changes(event)]


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
