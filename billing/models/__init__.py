"""The nouns of billing."""

from billing.models.budget import Budget, BudgetEvent, BudgetScope
from billing.models.cost_event import CostEvent
from billing.models.cost_line import (
    ANY_KIND,
    ENTERED,
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
from billing.models.export import CostMail, CostMailPlan, ExportDue, ExportJob, ExportState
from billing.models.price import (
    BookModel,
    BookPrice,
    Discount,
    ExchangeRate,
    FirstRating,
    PriceOrigin,
    PriceRevision,
    ReRating,
    TeamPrice,
)
from billing.models.resource import AllocationKey, RateUnit, ResourceRate
from billing.models.statement import ProviderStatement, StatementBooking, StatementLine

__all__ = [
    "ANY_KIND",
    "ENTERED",
    "AllocationKey",
    "BookModel",
    "BookPrice",
    "Budget",
    "BudgetEvent",
    "BudgetScope",
    "CostBasis",
    "CostDimension",
    "CostDue",
    "CostEvent",
    "CostGrain",
    "CostKind",
    "CostLine",
    "CostMail",
    "CostMailPlan",
    "CostMonth",
    "CostMonthEvent",
    "CostOutcome",
    "CostRollup",
    "CostSettings",
    "Discount",
    "Entry",
    "ExchangeRate",
    "ExportDue",
    "ExportJob",
    "ExportState",
    "FirstRating",
    "MonthState",
    "PriceOrigin",
    "PriceRevision",
    "ProviderStatement",
    "RateUnit",
    "ReRating",
    "ResourceRate",
    "StatementBooking",
    "StatementLine",
    "TagSet",
    "TeamPrice",
]
