"""The nouns of billing."""

from billing.models.budget import Budget, BudgetEvent, BudgetScope
from billing.models.cost_line import (
    ANY_KIND,
    CostBasis,
    CostDimension,
    CostDue,
    CostGrain,
    CostKind,
    CostLine,
    CostOutcome,
    CostRollup,
    CostSettings,
    Entry,
    TagSet,
)
from billing.models.cost_month import CostMonth, CostMonthEvent, MonthState
from billing.models.price import (
    BookModel,
    BookPrice,
    Discount,
    ExchangeRate,
    PriceOrigin,
    PriceRevision,
    ReRating,
    TeamPrice,
)

__all__ = [
    "ANY_KIND",
    "BookModel",
    "BookPrice",
    "Budget",
    "BudgetEvent",
    "BudgetScope",
    "CostBasis",
    "CostDimension",
    "CostDue",
    "CostGrain",
    "CostKind",
    "CostLine",
    "CostMonth",
    "CostMonthEvent",
    "CostOutcome",
    "CostRollup",
    "CostSettings",
    "Discount",
    "Entry",
    "ExchangeRate",
    "MonthState",
    "PriceOrigin",
    "PriceRevision",
    "ReRating",
    "TagSet",
    "TeamPrice",
]
