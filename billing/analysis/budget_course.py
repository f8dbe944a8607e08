"""Where a budget stands: inside, at risk or over, from what is spent and what is forecast; and when it is passed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from billing.analysis.forecast import Point
from billing.analysis.sums import WIDE

_NONE = Decimal(0)


class BudgetState(StrEnum):
    """What can be said of a budget's period."""

    INSIDE = "inside"
    # The budget lies inside the interval of the forecast, or below it while the forecast is inside.
    AT_RISK = "at risk"
    OVER = "over"
    # Not spent yet, and no forecast.
    UNKNOWN = "unknown"


class ThresholdOn(StrEnum):
    """What a threshold is held against."""

    ACTUAL = "actual"
    FORECAST = "forecast"


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

    @property
    def share(self) -> float:
        """What was spent, out of the amount."""
        return float(self.actual / self.amount)

    @property
    def forecast_share(self) -> float | None:
        """What is forecast, out of the amount. What is over already is so without a forecast, too."""
        if self.forecast is not None:
            return float(self.forecast / self.amount)
        return self.share if self.actual > self.amount else None

    def share_on(self, on: ThresholdOn) -> float | None:
        """The share that a threshold is held against."""
        return self.share if on is ThresholdOn.ACTUAL else self.forecast_share


@dataclass(frozen=True, slots=True)
class Threshold:
    """A share of a budget, in percent, that somebody wants to know of."""

    on: ThresholdOn
    percent: int

    @property
    def share(self) -> float:
        """Out of 1."""
        return self.percent / 100


@dataclass(frozen=True, slots=True)
class Reached:
    """A threshold and whether it is reached. `day`: when what was spent did, or when the forecast says that it will
    (None: not in this period)."""

    threshold: Threshold
    is_reached: bool
    day: date | None = None


def thresholds_of(told: Sequence[Mapping[str, Any]]) -> list[Threshold]:
    """Thresholds as budgets keep them, in the order in which they are reached."""
    found = [Threshold(ThresholdOn(one["on"]), int(one["percent"])) for one in told]
    return sorted(found, key=lambda one: (one.percent, one.on.value))


def sums_by_day(by_day: Mapping[date, Decimal]) -> dict[date, Decimal]:
    """What was spent up to the end of each day that has a cost."""
    found, total = dict[date, Decimal](), _NONE
    for day in sorted(by_day):
        total = WIDE.add(total, by_day[day])
        found[day] = total
    return found


def spent_on(sums: Mapping[date, Decimal], amount: Decimal, *, is_over: bool = True) -> date | None:
    """The day at whose end the amount was exceeded (else: reached) and stayed so; None: it is not. Credits may take
    back what was over."""
    found: date | None = None
    for day in sorted(sums, reverse=True):
        if not (sums[day] > amount if is_over else sums[day] >= amount):
            break
        found = day
    return found


def expected_on(points: Sequence[Point], amount: Decimal, *, is_over: bool = True) -> date | None:
    """The day at whose end the forecast exceeds (else: reaches) the amount; None: it does not."""
    return next((one.day for one in points if (one.usd > amount if is_over else one.usd >= amount)), None)


def reached(
    told: Sequence[Threshold], course: BudgetCourse, sums: Mapping[date, Decimal], points: Sequence[Point]
) -> list[Reached]:
    """Each threshold with whether it is reached, and when: at the threshold itself it is."""
    found = []
    for one in told:
        share, amount = course.share_on(one.on), course.amount * one.percent / 100
        day = spent_on(sums, amount, is_over=False) or expected_on(points, amount, is_over=False)
        found.append(Reached(one, share is not None and share >= one.share, day))
    return found


def lowest(told: Sequence[Threshold], on: ThresholdOn) -> float | None:
    """The lowest threshold on this, as a share of 1; None: there is none."""
    return min((one.share for one in told if one.on is on), default=None)
