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
from billing.models.resource import AllocationKey, RateUnit, ResourceRate

__all__ = [
    "AllocationKey",
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
    "RateUnit",
    "ReRating",
    "ResourceRate",
    "TagSet",
    "TeamPrice",
]
