"""What a metric usually is in a window: the usual ranges of the product's figures, as far as they say it. Pure.

A usual range (`monitoring.analysis.ranges`) holds 95 of 100 hours. A rule looks each minute, so what begins there would
begin all day: its limits are `WIDENED` times as far from the middle.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.analysis.intervals import Z_95
from monitoring.analysis.ranges import Metric, Range, Shape, limits

WIDENED = 2.0

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What stands behind a figure: runs that count in the success rate, runs, timed runs, and the window's hours."""

    rated: int
    runs: int
    timed: int
    hours: float


# The usual ranges that each metric needs.
NEEDED: dict[str, tuple[Metric, ...]] = {
    "error_rate": (Metric.ERROR_RATE,),
    "failures": (Metric.ERROR_RATE,),
    "runs": (Metric.VOLUME,),
    "duration_p50": (Metric.DURATION_P50,),
    "duration_p95": (Metric.DURATION_P95,),
    "retry_rate": (Metric.RETRIES,),
    "tokens_per_run": (Metric.TOKENS,),
    "cost_per_run_usd": (Metric.COST,),
    "tokens": (Metric.TOKENS, Metric.VOLUME),
    "cost_usd": (Metric.COST, Metric.VOLUME),
}


def limits_of(metric: str, usual: Mapping[Metric, Range], behind: Exposure) -> Limits | None:
    """Between which values a metric is as usual, in its own unit; None where no history says so."""
    ranges = [usual.get(one) for one in NEEDED.get(metric, ())]
    told = [one for one in ranges if one is not None]
    if not told or len(told) < len(ranges):
        return None
    if metric == "error_rate":
        return _widened(told[0], behind.rated)
    if metric == "failures":
        return _times(_widened(told[0], behind.rated), behind.rated)
    if metric == "runs":
        return _times(_widened(told[0], behind.hours), behind.hours)
    if len(told) > 1:
        return _used(told[0], told[1], behind.hours)
    return _widened(told[0], behind.timed if metric.startswith("duration") else behind.runs)


def _widened(usual: Range, samples: float) -> Limits | None:
    """The limits of an alert, given what stands behind the figure. Amounts are widened on the scale of logarithms."""
    if samples <= 0:
        return None
    low, high = limits(usual, samples)
    if usual.metric.shape is not Shape.AMOUNT:
        middle = min(max(usual.middle, low), high)
        wide = max(0.0, middle - WIDENED * (middle - low)), middle + WIDENED * (high - middle)
        return (wide[0], min(1.0, wide[1])) if usual.metric.shape is Shape.RATE else wide
    if low <= 0:
        return None
    return usual.middle * (low / usual.middle) ** WIDENED, usual.middle * (high / usual.middle) ** WIDENED


def _times(found: Limits | None, factor: float) -> Limits | None:
    return (found[0] * factor, found[1] * factor) if found is not None else None


def _used(each: Range, volume: Range, hours: float) -> Limits | None:
    """What all runs of a window use together: the usual number of runs times what one usually uses.

    The variance of the logarithm is that of the one (negative binomial, relative: 1/m + spread) plus that of the other.
    """
    runs = volume.middle * hours
    if runs <= 0 or each.middle <= 0:
        return None
    middle, spread = runs * each.middle, math.sqrt(1 / runs + volume.spread + each.spread**2)
    half = min(100.0, WIDENED * Z_95 * spread)
    return middle * math.exp(-half), middle * math.exp(half)
