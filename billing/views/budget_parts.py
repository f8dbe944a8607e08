"""How a budget is shown: its sign, the answer in one sentence, when it is passed, its month as a chart and as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.analysis.budget_course import BudgetState, Reached, ThresholdOn
from billing.analysis.periods import DAY
from billing.reads.budget_words import limit_words, owner_words, scope_words, spent_words
from billing.reads.budgets import BudgetRow
from billing.reads.cost_document import text
from billing.views.cost_charts import DAY_MS, start_of
from billing.views.words import cents, day_words, money
from monitoring import wording
from monitoring.presentation import Chart, Series, Threshold
from monitoring.templatetags.components import Sign

SIGNS = {
    BudgetState.OVER: Sign("fail", gettext_noop("Over"), "fail"),
    BudgetState.AT_RISK: Sign("warn", gettext_noop("At risk"), "warn"),
    BudgetState.INSIDE: Sign("ok", gettext_noop("Inside"), "ok"),
    BudgetState.UNKNOWN: Sign("unknown", gettext_noop("Too few days"), "idle"),
}
WILL_BE_OVER = Sign("fail", gettext_noop("Will be over"), "fail")
NO_RATE = Sign("unknown", gettext_noop("No exchange rate"), "idle")
OFF = Sign("stop", gettext_noop("Off"), "idle")
# Of the components that draw them: of signs, of verdict panels, of meters.
_PANEL_TONES = {"fail": "fail", "warn": "watch", "ok": "ok"}
_METER_TONES = {"fail": "fail", "ok": "ok"}
CSV_HEAD = (
    *("budget", "scope", "workflow", "value", "environment", "month", "amount", "currency", "rate_usd", "amount_usd"),
    *("actual_usd", "is_least", "forecast_usd", "low_usd", "high_usd", "actual_share", "forecast_share", "state"),
    *("passed_on", "expected_on", "thresholds_reached", "owner", "is_active", "id"),
)


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """A budget as tables and its page show it."""

    row: BudgetRow
    sign: Sign
    scope: str
    limit: str
    spent: str
    forecast: str
    interval: str
    when: str
    reached: Sequence[str]
    owner: str
    meter_tone: str
    meter_label: str


def line_of(row: BudgetRow) -> BudgetLine:
    """The texts of a budget."""
    found, course, sign = row.forecast, row.course, sign_of(row)
    has_forecast = found is not None and found.usd is not None
    said = row.why_not
    if course:
        said = _("{share} of {limit} spent").format(share=wording.percent(course.share), limit=limit_words(row))
    return BudgetLine(
        row,
        sign,
        scope_words(row.budget),
        limit_words(row),
        spent_words(row),
        money(found.usd) if found and has_forecast else "",
        _("{low} to {high}").format(low=money(found.low), high=money(found.high)) if found and has_forecast else "",
        when_words(row),
        [threshold_words(one) for one in row.thresholds if one.is_reached],
        owner_words(row.budget),
        _METER_TONES.get(sign.tone, "accent"),
        said,
    )


def sign_of(row: BudgetRow) -> Sign:
    """Where it stands; what is only expected is said to be so."""
    if not row.budget.is_active:
        return OFF
    if row.course is None:
        return NO_RATE
    is_expected = row.course.state is BudgetState.OVER and row.course.actual <= row.course.amount
    return WILL_BE_OVER if is_expected else SIGNS[row.course.state]


def threshold_words(one: Reached) -> str:
    """`80% spent`, `100% forecast`."""
    words = _("{percent}% spent") if one.threshold.on is ThresholdOn.ACTUAL else _("{percent}% forecast")
    return words.format(percent=one.threshold.percent)


def when_words(row: BudgetRow) -> str:
    """When it was passed, or will be; empty where neither."""
    if row.passed_on:
        return _("passed on {day}").format(day=day_words(row.passed_on))
    return _("passed by {day}").format(day=day_words(row.expected_on)) if row.expected_on else ""


def answer_of(row: BudgetRow) -> tuple[str, str]:
    """Will it hold? In one sentence, with the tone of the panel."""
    course, last = row.course, day_words(row.period.end - DAY)
    if course is None:
        return _("Unknown: {reason}").format(reason=row.why_not), "idle"
    tone = _PANEL_TONES.get(SIGNS[course.state].tone, "idle")
    if course.actual > course.amount:
        words = _("No: {spent} of {limit} is spent.")
    elif not row.period.is_running:
        words = _("Yes: {spent} of {limit} was spent.")
    elif course.state is BudgetState.OVER:
        words = _("Not at this rate: {expected} of {limit} by {day}.")
    elif course.state is BudgetState.AT_RISK:
        words = _("At risk: {expected} of {limit} by {day}.")
    elif course.state is BudgetState.INSIDE:
        words = _("Yes: {expected} of {limit} by {day}.")
    else:
        words = _("{spent} of {limit} is spent. {reason}") if row.forecast else _("{spent} of {limit} is spent.")
    said = words.format(
        spent=spent_words(row),
        limit=limit_words(row),
        expected=money(course.forecast),
        day=last,
        reason=row.forecast.reason if row.forecast else "",
    )
    return said.strip(), tone


@dataclass(frozen=True, slots=True)
class MonthDay:
    """A day of the month: what was spent by its end, or what will have been. US dollars."""

    day: date
    actual: Decimal | None
    forecast: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None


def days_of(row: BudgetRow) -> list[MonthDay]:
    """All days of the month. Today is told as it is so far, and as it will be."""
    points, total, found = {one.day: one for one in row.points}, Decimal(0), []
    for number in range((row.period.end - row.period.start).days):
        day = row.period.start + number * DAY
        total = row.sums.get(day, total)
        actual, ahead = total if day in row.period.days else None, points.get(day)
        if actual is not None or ahead:
            sums = (ahead.usd, ahead.low, ahead.high) if ahead else (None, None, None)
            found.append(MonthDay(day, actual, *sums))
    return found


def month_chart(row: BudgetRow) -> tuple[Chart, list[tuple[str, str]]]:
    """The month against the budget, and the legend."""
    days, course = days_of(row), row.course
    series = [Series(_("Actual"), [_float(one.actual) for one in days], "c1")]
    legend = [("line", _("Actual"))]
    if any(one.forecast is not None for one in days):
        series += [
            Series(_("Forecast, low"), [_float(one.low) for one in days], "c1", "average"),
            Series(_("Forecast, high"), [_float(one.high) for one in days], "c1", "area"),
        ]
        legend.append(("b2", _("Forecast range")))
    limit = (
        Threshold(float(course.amount), _("Budget {amount}").format(amount=money(course.amount))) if course else None
    )
    ends = _("by the end of {day}")
    chart = Chart(
        id="chart-month",
        kind="band",
        unit="usd",
        label=_("{month} against the budget. {answer}").format(month=row.period.name, answer=answer_of(row)[0]),
        starts=[start_of(one.day) for one in days],
        bucket_ms=DAY_MS,
        titles=[ends.format(day=day_words(one.day)) for one in days],
        series=series,
        window=(start_of(row.period.start), start_of(row.period.end)),
        height="large",
        limit=limit,
    )
    return chart, [*legend, ("dash", _("Budget"))] if limit else legend


def _float(usd: Decimal | None) -> float | None:
    return None if usd is None else float(cents(usd))


def cells_of(row: BudgetRow) -> Sequence[Any]:
    """A budget as a row of CSV; money unrounded."""
    one, course, found = row.budget, row.course, row.forecast
    sums = (text(found.usd), text(found.low), text(found.high)) if found else (None, None, None)
    shares = (course.share, course.forecast_share, course.state.value) if course else (None, None, "unknown")
    reached = ", ".join(threshold_words(each) for each in row.thresholds if each.is_reached)
    return (
        *(one.name, one.scope, one.workflow.slug if one.workflow_id else "", one.value, one.environment),
        *(f"{row.period.start:%Y-%m}", text(row.amount), row.currency, text(row.rate)),
        *(text(course.amount) if course else None, text(row.actual), "yes" if row.is_least else "no"),
        *(*sums, *shares, row.passed_on, row.expected_on, reached, owner_words(one)),
        *("yes" if one.is_active else "no", one.id),
    )
