"""The six figures of the Executive page, each beside the period before and what it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from alerts.reads.recovery import Recovery
from billing.analysis.budget_course import BudgetState
from billing.reads.budget_words import limit_words
from billing.reads.month_costs import MonthCosts
from billing.views.words import change, compared_words, money, per, so_far_words
from monitoring import wording
from monitoring.analysis.verdict import Subject
from monitoring.cells import Column, Row, Rows, number, text
from monitoring.definitions import Line
from monitoring.reads.figures import Totals
from monitoring.reads.team_figures import Kept, TeamFigures
from monitoring.views.comparing import growth_tone, previous_words, relative_change
from monitoring.views.shell import Scope
from monitoring.views.trends_parts import outcome_lines

UNKNOWN = "unknown"
_BUDGET = {
    BudgetState.INSIDE: "inside the budget",
    BudgetState.AT_RISK: "the budget may not hold",
    BudgetState.OVER: "over the budget",
    BudgetState.UNKNOWN: "too few days to foresee it",
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
            "Success rate",
            rate_words(now),
            f"{rate_words(before)} in {words}",
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
            "Runs",
            wording.count(now.runs),
            f"{wording.count(before.runs)} in {words}",
            "runs",
            now.runs,
            before.runs,
            change=_relative(relative_change(now.runs, before.runs)),
            goal=f"{wording.count(now.failures)} of them failed",
            href=scope.href("executions"),
            metric="runs",
        ),
    ]


def _latency(scope: Scope, found: TeamFigures) -> Figure:
    now, p95, p95_before = found.now, found.now.duration_ms.p95, found.before.duration_ms.p95
    fast, fast_tone = _goal(found.kept(Subject.P95))
    words = previous_words(scope.window)
    return Figure(
        "Latency, p95",
        ms_words(p95),
        f"{ms_words(p95_before)} in {words}",
        "ms",
        p95,
        p95_before,
        change=_relative(relative_change(p95, p95_before)),
        tone=growth_tone(relative_change(p95, p95_before)),
        goal=fast,
        goal_tone=fast_tone,
        href=scope.href("workflows"),
        metric="p95",
        arithmetic=[("Runs whose duration is known", wording.count(now.timed_runs))],
    )


def rate_words(totals: Totals) -> str:
    """A success rate; unknown without one."""
    return UNKNOWN if totals.success_rate is None else wording.percent(totals.success_rate)


def ms_words(value: float | None) -> str:
    """A duration; unknown without one."""
    return UNKNOWN if value is None else wording.duration_ms(value)


def _relative(value: float | None) -> str:
    return "" if value is None else wording.signed_change(value)


def _goal(kept: Kept) -> tuple[str, str]:
    if not kept.judged:
        return "no objective can be judged", ""
    words = f"objective kept by {kept.kept} of {kept.judged} workflow{'' if kept.judged == 1 else 's'}"
    missed = f", missed by {kept.missed}" if kept.missed else ""
    return f"{words}{missed}", "fail" if kept.missed else "ok" if kept.kept == kept.judged else ""


def cost_figures(scope: Scope, costs: MonthCosts) -> list[Figure]:
    """Cost and cost per successful run of the month, as the cost page of all lines has them."""
    page = reverse("cost", args=[scope.team.slug]) + f"?at={costs.period.at}"
    days, words = so_far_words(costs.period), compared_words(costs.period)
    cost, cost_before = costs.now.cost_usd, costs.before.cost_usd
    unit, unit_before = per(cost, costs.runs.succeeded), per(cost_before, costs.runs_before.succeeded)
    goal, goal_tone = budget_words(costs)
    return [
        Figure(
            f"Cost, {days}",
            spent_words(costs),
            f"{money(cost_before)} on {words}",
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
            f"Cost per successful run, {days}",
            f"{_least(costs) if unit is not None else ''}{money(unit)}",
            f"{money(unit_before)} on {words}",
            "USD",
            unit,
            unit_before,
            change=_relative(change(unit, unit_before)),
            tone=growth_tone(change(unit, unit_before)),
            goal=f"{wording.count(costs.runs.succeeded)} runs succeeded, all environments",
            href=page,
            metric="cost_per_success",
            arithmetic=[("Cost", spent_words(costs)), ("Succeeded", wording.count(costs.runs.succeeded))],
        ),
    ]


def spent_words(costs: MonthCosts) -> str:
    """What the month cost, as far as it is known."""
    return "nothing" if costs.is_idle else f"{_least(costs)}{money(costs.now.cost_usd)}"


def _least(costs: MonthCosts) -> str:
    """Tokens without a price cost more than is known."""
    return "at least " if costs.now.unpriced_tokens and costs.now.cost_usd is not None else ""


def budget_words(costs: MonthCosts) -> tuple[str, str]:
    """Where the month stands against the budget of the team, and the tone of it."""
    row = costs.budget
    if row is None:
        if not costs.others:
            return "no budget set", ""
        over = f"{costs.over} of {len(costs.others)} budgets over" if costs.over else "no other budget is over"
        return f"no budget of the whole team; {over}", "fail" if costs.over else ""
    if row.course is None:
        return row.why_not, ""
    expected = f", {money(row.course.forecast)} expected" if row.forecast and row.forecast.usd is not None else ""
    state = row.course.state
    return f"{_BUDGET[state]}: {limit_words(row)}{expected}", _BUDGET_TONES.get(state, "")


def incident_figure(scope: Scope, now: Recovery, before: Recovery) -> Figure:
    """Incidents that opened, with the time to recover."""
    words = previous_words(scope.window)
    recovered = f"recovered in {ms_words(now.median_ms)} (median), {ms_words(now.longest_ms)} at most"
    goal = recovered if now.resolved else "time to recover unknown: none was resolved" if now.opened else "none opened"
    still = f"; {wording.count(now.open_at_end)} still open" if now.open_at_end else ""
    earlier = f", recovered in {ms_words(before.median_ms)}" if before.resolved else ""
    return Figure(
        "Incidents",
        wording.count(now.opened),
        f"{wording.count(before.opened)} in {words}{earlier}",
        "incidents",
        now.opened,
        before.opened,
        change=wording.signed_count(now.opened - before.opened),
        goal=f"{goal}{still}",
        goal_tone="warn" if now.open_at_end else "",
        href=scope.href("incidents"),
        metric="incidents",
        arithmetic=[("Opened", wording.count(now.opened)), ("Resolved", wording.count(now.resolved))],
    )


def recovery_figure(now: Recovery, before: Recovery) -> Figure:
    """The time to recover as a row of its own, for the export."""
    words = ms_words(now.median_ms), ms_words(before.median_ms)
    return Figure("Time to recover, median", *words, "ms", now.median_ms, before.median_ms)


def figure_rows(found: Sequence[Figure]) -> Rows:
    """All figures as a table, for the export."""
    columns = tuple(Column(title) for title in ("Figure", "Unit", "Value", "Before", "Against"))
    rows: list[Row] = [
        [
            *(text(one.label), text(one.unit), number(one.value, one.raw), number(one.before, one.raw_before)),
            text(one.goal),
        ]
        for one in found
    ]
    return Rows("figures", "", columns, rows, "")
