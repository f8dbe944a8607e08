"""The six figures of the Executive page, each beside the period before and what it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from alerts.reads.recovery import Recovery
from billing.analysis.budget_course import BudgetState
from billing.reads.budget_words import limit_words
from billing.reads.month_costs import MonthCosts
from billing.views.words import change, compared_words, money, per, so_far_words
from monitoring import wording
from monitoring.analysis.verdict import Subject
from monitoring.cells import Column, Row, Rows, number, text
from monitoring.definition import Line
from monitoring.reads.figures import Totals
from monitoring.reads.team_figures import Kept, TeamFigures
from monitoring.views.comparing import growth_tone, previous_words, relative_change
from monitoring.views.shell import Scope
from monitoring.views.trends_parts import outcome_lines

UNKNOWN = gettext_noop("unknown")
_BUDGET = {
    BudgetState.INSIDE: gettext_noop("inside the budget"),
    BudgetState.AT_RISK: gettext_noop("the budget may not hold"),
    BudgetState.OVER: gettext_noop("over the budget"),
    BudgetState.UNKNOWN: gettext_noop("too few days to foresee it"),
}
_BUDGET_TONES = {BudgetState.INSIDE: "ok", BudgetState.AT_RISK: "warn", BudgetState.OVER: "fail"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: value, what it was, the change with its tone, what it should be, and where it leads.

    `raw`, `raw_before` and `unit` are what an export writes; `metric` is the key of its definition,
    `arithmetic` what it is computed from.
    """

    label: str
    value: str
    before: str
    unit: str
    raw: Any
    raw_before: Any
    change: str = ""
    tone: str = ""
    goal: str = ""
    goal_tone: str = ""
    href: str = ""
    metric: str = ""
    arithmetic: Sequence[Line] = ()


def run_figures(scope: Scope, found: TeamFigures) -> list[Figure]:
    """Success rate, p95 and runs of the range."""
    now, before, words = found.now, found.before, previous_words(scope.window)
    rate = found.rate.found
    kept, kept_tone = _goal(found.kept(Subject.SUCCESS_RATE))
    return [
        Figure(
            _("Success rate"),
            rate_words(now),
            _("{value} in {period}").format(value=rate_words(before), period=words),
            "share",
            now.success_rate,
            before.success_rate,
            change=wording.percent_points(rate.change) if rate else "",
            tone={1: "ok", -1: "fail"}.get(rate.direction, "") if rate else "",
            goal=kept,
            goal_tone=kept_tone,
            href=scope.href("workflows"),
            metric="success_rate",
            arithmetic=outcome_lines(now),
        ),
        _latency(scope, found),
        Figure(
            _("Runs"),
            wording.count(now.runs),
            _("{value} in {period}").format(value=wording.count(before.runs), period=words),
            "runs",
            now.runs,
            before.runs,
            change=_relative(relative_change(now.runs, before.runs)),
            goal=ngettext("{count} of them failed", "{count} of them failed", now.failures).format(
                count=wording.count(now.failures)
            ),
            href=scope.href("executions"),
            metric="runs",
        ),
    ]


def _latency(scope: Scope, found: TeamFigures) -> Figure:
    now, p95, p95_before = found.now, found.now.duration_ms.p95, found.before.duration_ms.p95
    fast, fast_tone = _goal(found.kept(Subject.P95))
    words = previous_words(scope.window)
    return Figure(
        _("Latency, p95"),
        ms_words(p95),
        _("{value} in {period}").format(value=ms_words(p95_before), period=words),
        "ms",
        p95,
        p95_before,
        change=_relative(relative_change(p95, p95_before)),
        tone=growth_tone(relative_change(p95, p95_before)),
        goal=fast,
        goal_tone=fast_tone,
        href=scope.href("workflows"),
        metric="p95",
        arithmetic=[(_("Runs whose duration is known"), wording.count(now.timed_runs))],
    )


def rate_words(totals: Totals) -> str:
    """A success rate; unknown without one."""
    return _(UNKNOWN) if totals.success_rate is None else wording.percent(totals.success_rate)


def ms_words(value: float | None) -> str:
    """A duration; unknown without one."""
    return _(UNKNOWN) if value is None else wording.duration_ms(value)


def _relative(value: float | None) -> str:
    return "" if value is None else wording.signed_change(value)


def _goal(kept: Kept) -> tuple[str, str]:
    if not kept.judged:
        return _("no objective can be judged"), ""
    words = ngettext(
        "objective kept by {kept} of {judged} workflow", "objective kept by {kept} of {judged} workflows", kept.judged
    )
    if kept.missed:
        words = ngettext(
            "objective kept by {kept} of {judged} workflow, missed by {missed}",
            "objective kept by {kept} of {judged} workflows, missed by {missed}",
            kept.judged,
        )
    tone = "fail" if kept.missed else "ok" if kept.kept == kept.judged else ""
    return words.format(kept=kept.kept, judged=kept.judged, missed=kept.missed), tone


def cost_figures(scope: Scope, costs: MonthCosts) -> list[Figure]:
    """Cost and cost per successful run of the month, as the cost page of all lines has them."""
    page = reverse("cost", args=[scope.team.slug]) + f"?at={costs.period.at}"
    days, words = so_far_words(costs.period), compared_words(costs.period)
    cost, cost_before = costs.now.cost_usd, costs.before.cost_usd
    unit, unit_before = per(cost, costs.runs.succeeded), per(cost_before, costs.runs_before.succeeded)
    goal, goal_tone = budget_words(costs)
    return [
        Figure(
            _("Cost, {days}").format(days=days),
            spent_words(costs),
            _("{value} on {days}").format(value=money(cost_before), days=words),
            "USD",
            cost,
            cost_before,
            change=_relative(change(cost, cost_before)),
            tone=growth_tone(change(cost, cost_before)),
            goal=goal,
            goal_tone=goal_tone,
            href=page,
            metric="cost",
        ),
        Figure(
            _("Cost per successful run, {days}").format(days=days),
            _at_least(costs, money(unit)) if unit is not None else money(unit),
            _("{value} on {days}").format(value=money(unit_before), days=words),
            "USD",
            unit,
            unit_before,
            change=_relative(change(unit, unit_before)),
            tone=growth_tone(change(unit, unit_before)),
            goal=_succeeded(costs.runs.succeeded),
            href=page,
            metric="cost_per_success",
            arithmetic=[(_("Cost"), spent_words(costs)), (_("Succeeded"), wording.count(costs.runs.succeeded))],
        ),
    ]


def spent_words(costs: MonthCosts) -> str:
    """What the month cost, as far as it is known."""
    return _("nothing") if costs.is_idle else _at_least(costs, money(costs.now.cost_usd))


def _at_least(costs: MonthCosts, amount: str) -> str:
    """Tokens without a price cost more than is known."""
    is_more = costs.now.unpriced_tokens and costs.now.cost_usd is not None
    return _("at least {amount}").format(amount=amount) if is_more else amount


def _succeeded(number: int) -> str:
    told = ngettext("{count} run succeeded, all environments", "{count} runs succeeded, all environments", number)
    return told.format(count=wording.count(number))


def budget_words(costs: MonthCosts) -> tuple[str, str]:
    """Where the month stands against the budget of the team, and the tone of it."""
    row = costs.budget
    if row is None:
        if not costs.others:
            return _("no budget set"), ""
        if not costs.over:
            return _("no budget of the whole team; no other budget is over"), ""
        told = ngettext(
            "no budget of the whole team; {over} of {count} budget over",
            "no budget of the whole team; {over} of {count} budgets over",
            len(costs.others),
        )
        return told.format(over=costs.over, count=len(costs.others)), "fail"
    if row.course is None:
        return row.why_not, ""
    state, words = row.course.state, _("{state}: {limit}")
    if row.forecast and row.forecast.usd is not None:
        words = _("{state}: {limit}, {amount} expected")
    parts = {"state": _(_BUDGET[state]), "limit": limit_words(row), "amount": money(row.course.forecast)}
    return words.format(**parts), _BUDGET_TONES.get(state, "")


def incident_figure(scope: Scope, now: Recovery, before: Recovery) -> Figure:
    """Incidents that opened, with the time to recover."""
    words = previous_words(scope.window)
    earlier = _("{value} in {period}, recovered in {median}") if before.resolved else _("{value} in {period}")
    return Figure(
        _("Incidents"),
        wording.count(now.opened),
        earlier.format(value=wording.count(before.opened), period=words, median=ms_words(before.median_ms)),
        "incidents",
        now.opened,
        before.opened,
        change=wording.signed_count(now.opened - before.opened),
        goal=_recovered(now),
        goal_tone="warn" if now.open_at_end else "",
        href=scope.href("incidents"),
        metric="incidents",
        arithmetic=[(_("Opened"), wording.count(now.opened)), (_("Resolved"), wording.count(now.resolved))],
    )


def _recovered(now: Recovery) -> str:
    goal = _("time to recover unknown: none was resolved") if now.opened else _("none opened")
    if now.resolved:
        goal = _("recovered in {median} (median), {longest} at most").format(
            median=ms_words(now.median_ms), longest=ms_words(now.longest_ms)
        )
    if not now.open_at_end:
        return goal
    still = ngettext("{goal}; {count} still open", "{goal}; {count} still open", now.open_at_end)
    return still.format(goal=goal, count=wording.count(now.open_at_end))


def recovery_figure(now: Recovery, before: Recovery) -> Figure:
    """The time to recover as a row of its own, for the export."""
    words = ms_words(now.median_ms), ms_words(before.median_ms)
    return Figure(_("Time to recover, median"), *words, "ms", now.median_ms, before.median_ms)


def figure_rows(found: Sequence[Figure]) -> Rows:
    """All figures as a table, for the export."""
    titles = (
        *(gettext_noop("Figure"), gettext_noop("Unit"), gettext_noop("Value")),
        *(gettext_noop("Before"), gettext_noop("Against")),
    )
    columns = tuple(Column(title) for title in titles)
    rows: list[Row] = [
        [
            *(text(one.label), text(one.unit), number(one.value, one.raw), number(one.before, one.raw_before)),
            text(one.goal),
        ]
        for one in found
    ]
    return Rows("figures", "", columns, rows, "")
