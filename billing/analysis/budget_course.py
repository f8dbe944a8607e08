"""Where a budget stands: inside, at risk or over, from what is spent and what is forecast."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class BudgetState(StrEnum):
    """What can be said of a budget's period."""

    INSIDE = "inside"
    # The budget lies inside the interval of the forecast, or below it while the forecast is inside.
    AT_RISK = "at risk"
    OVER = "over"
    # Not spent yet, and no forecast.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class BudgetCourse:
    """An amount for a period, what was spent, and the forecast for its end with its interval (None: there is none)."""

    amount: Decimal
    actual: Decimal
    forecast: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def state(self) -> BudgetState:
        """`over` when it is spent, or when even the low end of the forecast is above it."""
        if self.actual > self.amount:
            return BudgetState.OVER
        if self.forecast is None or self.low is None or self.high is None:
            return BudgetState.UNKNOWN
        if self.low > self.amount:
            return BudgetState.OVER
        return BudgetState.AT_RISK if self.high > self.amount else BudgetState.INSIDE

    @property
    def difference(self) -> Decimal:
        """What the forecast, or without one what was spent, is above the amount (below: negative)."""
        return (self.actual if self.forecast is None else self.forecast) - self.amount
