"""The tables of the cost page as CSV: the rows and columns shown, money unrounded."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.http import StreamingHttpResponse

from billing.reads.cost import NOTHING
from billing.reads.cost_page import CostPage, figures_by_bucket
from billing.reads.runs import Runs
from billing.views.cost_rows import NamedLine, model_lines, provider_lines, workflow_lines
from billing.views.scope import CostScope
from billing.views.words import cell, effect_words, per
from monitoring.views.csv import csv_response

Table = tuple[Sequence[str], list[Sequence[Any]]]
_NAMED = ("tokens", "calls", "cost_usd", "waste_usd", "unpriced_tokens", "cost_usd_before", "change")


def as_csv(scope: CostScope, page: CostPage, table: str) -> StreamingHttpResponse:
    """One of `TABLES`; the workflows for what is none."""
    name = table if table in TABLES else "workflows"
    head, rows = TABLES[name](scope, page)
    return csv_response(f"cost-{name}-{page.period.at}.csv", head, rows)


def _workflows(scope: CostScope, page: CostPage) -> Table:
    head = (
        *("workflow", "runs", "succeeded", "cost_usd", "per_run_usd", "per_success_usd", "waste_usd", "waste_share"),
        *("unpriced_tokens", "cost_usd_before", "change"),
    )
    return head, [
        (
            *(row.name, row.runs, row.succeeded, cell(row.cost_usd), cell(row.per_run), cell(row.per_success)),
            *(cell(row.waste_usd), row.waste_share, row.unpriced_tokens, cell(row.before_usd), row.change),
        )
        for row in workflow_lines(scope, page)
    ]


def _named(row: NamedLine) -> Sequence[Any]:
    used = (row.tokens, row.calls, cell(row.cost_usd), cell(row.waste_usd), row.unpriced_tokens)
    return (*used, cell(row.before_usd), row.change)


def _providers(scope: CostScope, page: CostPage) -> Table:
    return ("provider", *_NAMED), [(row.name, *_named(row)) for row in provider_lines(scope, page)]


def _models(scope: CostScope, page: CostPage) -> Table:
    return ("model", "provider", *_NAMED), [(row.name, row.note, *_named(row)) for row in model_lines(scope, page)]


def _days(_scope: CostScope, page: CostPage) -> Table:
    """By day, of a year by month, with the reporting currency where there is one."""
    told = figures_by_bucket(page)
    reporting = page.reported.reporting if page.reported else None
    converts = reporting is not None and not page.course.is_monthly
    head = (
        *("month" if page.course.is_monthly else "day", "cost_usd", "waste_usd", "tokens", "unpriced_tokens", "runs"),
        *("succeeded", "per_run_usd", "per_success_usd", *(("currency", "rate_usd", "amount") if converts else ())),
    )
    rows: list[Sequence[Any]] = []
    for day in page.course.buckets(page.period.days):
        one = told.get(day, NOTHING)
        runs = None if page.course.runs is None else page.course.runs.get(day, Runs())
        counts = (runs.runs, runs.succeeded) if runs else (None, None)
        units = [cell(per(one.cost_usd, count)) for count in counts]
        row = [day, cell(one.cost_usd), cell(one.waste_usd), one.tokens, one.unpriced_tokens, *counts, *units]
        if converts and reporting is not None:
            rate = reporting.rate_on(day)
            row += [reporting.currency, cell(rate), cell(_over(one.cost_usd, rate))]
        rows.append(row)
    return head, rows


def _over(usd: Decimal | None, rate: Decimal | None) -> Decimal | None:
    return usd / rate if usd is not None and rate else None


def _changes(_scope: CostScope, page: CostPage) -> Table:
    return ("effect", "usd"), [(effect_words(one), cell(one.usd)) for one in page.effects]


def _budget(_scope: CostScope, page: CostPage) -> Table:
    """What is spent by the end of each day, and the forecast of those to come."""
    total, rows = Decimal(0), list[Sequence[Any]]()
    costs, points = page.course.costs, page.forecast.course if page.forecast else ()
    ahead = {point.day for point in points}
    for day in page.course.buckets(page.period.days):
        total += costs.get(day, Decimal(0))
        if day not in ahead:
            rows.append((day, cell(total), None, None, None))
    rows += [(one.day, None, cell(one.usd), cell(one.low), cell(one.high)) for one in points]
    return ("by_the_end_of", "actual_usd", "forecast_usd", "low_usd", "high_usd"), rows


def _unusual(_scope: CostScope, page: CostPage) -> Table:
    head = ("first_day", "last_day", "excess_usd", "day", "usd", "usual_usd", "compared_with", "effect", "effect_usd")
    return head, [
        (
            *(one.found.first, one.found.last, cell(one.found.excess), one.found.day, cell(one.found.usd)),
            *(cell(one.found.usual), one.found.like, effect_words(effect), cell(effect.usd)),
        )
        for one in page.odd
        for effect in one.effects
    ]


TABLES: Mapping[str, Callable[[CostScope, CostPage], Table]] = {
    "workflows": _workflows,
    "providers": _providers,
    "models": _models,
    "days": _days,
    "changes": _changes,
    "budget": _budget,
    "unusual": _unusual,
}
