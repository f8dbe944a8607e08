"""The nouns of billing."""

from billing.models.cost_line import (
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
from billing.models.statement import ProviderStatement, StatementLine

__all__ = [
    "BookModel",
    "BookPrice",
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
    "ProviderStatement",
    "ReRating",
    "StatementLine",
    "TagSet",
    "TeamPrice",
]
