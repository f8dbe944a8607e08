"""Costs as JSON, the same for pages and API: money as decimal text, so that no digit is lost; null is not known."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from billing.analysis.decomposition import Effect
from billing.analysis.periods import Days, Period
from billing.reads.cost import Figures
from billing.reads.cost_page import CostPage
from billing.reads.cost_rows import NamedRow
from billing.reads.runs import Runs

USD_FIELDS = ("cost_usd", "failed_usd", "retried_usd", "diverged_usd", "useful_usd", "settled_usd", "told_usd")


def text(usd: Decimal | None) -> str | None:
    """An amount without an exponent."""
    return None if usd is None else f"{usd:f}"


def figures_document(figures: Figures) -> dict[str, Any]:
    """The sums of lines."""
    return {
        **{name: text(getattr(figures, name)) for name in USD_FIELDS},
        "computed_usd": text(figures.priced_usd),
        "difference_usd": text(figures.difference_usd),
        "waste_usd": text(figures.waste_usd),
        "waste_share": figures.waste_share,
        "tokens": figures.tokens,
        "unpriced_tokens": figures.unpriced_tokens,
        "calls": figures.calls,
    }


def unit_document(figures: Figures, runs: Runs | None) -> dict[str, Any]:
    """Sums with runs and what each cost; runs are null where none belong to the filters."""
    cost = figures.cost_usd
    return {
        **figures_document(figures),
        "runs": runs.runs if runs else None,
        "succeeded": runs.succeeded if runs else None,
        "per_run_usd": text(cost / runs.runs) if cost is not None and runs and runs.runs else None,
        "per_success_usd": text(cost / runs.succeeded) if cost is not None and runs and runs.succeeded else None,
    }


def period_document(period: Period) -> dict[str, Any]:
    """The period and what it is compared with; the last day is included."""
    return {"kind": period.kind.value, "name": period.name, **_days(period.days), "compared": _days(period.compared)}


def _days(days: Days) -> dict[str, Any]:
    return {"first_day": days.start, "last_day": days.end - days.start.resolution}


def effects_document(effects: Sequence[Effect]) -> list[dict[str, Any]]:
    """What changed; the amounts add up to the change."""
    return [{"factor": one.factor.value, "name": one.name, "usd": text(one.usd)} for one in effects]


def summary_document(page: CostPage) -> dict[str, Any]:
    """The whole of a page but its rows."""
    found, budget, reported = page.forecast, page.budget, page.reported
    return {
        "period": period_document(page.period),
        "as_of": page.as_of,
        "now": unit_document(page.now, page.runs),
        "before": unit_document(page.before, page.runs_before),
        "change_usd": text(page.change_usd),
        "effects": effects_document(page.effects),
        "forecast": {
            "usd": text(found.usd),
            "low_usd": text(found.low),
            "high_usd": text(found.high),
            "known_days": found.known_days,
            "reason": found.reason,
        }
        if found
        else None,
        "budget": {"amount_usd": text(budget.amount), "state": budget.state.value} if budget else None,
        "unusual": [
            {
                "first_day": one.found.first,
                "last_day": one.found.last,
                "day": one.found.day,
                "usd": text(one.found.usd),
                "usual_usd": text(one.found.usual),
                "compared_with": one.found.like,
                "effects": effects_document(one.effects),
            }
            for one in page.odd
        ],
        "reporting": {
            "currency": reported.reporting.currency,
            "amount": text(reported.now.amount),
            "lowest_rate_usd": text(reported.now.low),
            "highest_rate_usd": text(reported.now.high),
            "days_without_rate": list(reported.now.missing),
        }
        if reported
        else None,
    }


def row_document(row: NamedRow) -> dict[str, Any]:
    """A row of a grouping."""
    return {"name": row.key or None, "now": figures_document(row.now), "before": figures_document(row.before)}
