"""The usual range of a quantity (ms, bytes, tokens) at a place, on a logarithmic scale, and what lies outside it."""

import math
from collections.abc import Iterable, Sequence

import msgspec

# A value is outside only when it is at least this many times the largest (or smallest) usual one.
MIN_FACTOR = 1.5
# However widely a quantity spreads, this many times its largest usual value is outside (more with few executions).
MAX_FACTOR = 3.0
# Values below one unit are as good as one: 0 ms has no logarithm.
SMALLEST = 1.0
# With few executions the extremes are badly known: the margin grows by this many executions' worth.
FEW = 10.0
MARGINS: tuple[float, ...] = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0)


class Usual(msgspec.Struct, frozen=True, array_like=True):
    """Quantiles of what was usual. `second_*` are the extremes without the execution that set the first ones."""

    runs: int
    p10: float
    median: float
    p90: float
    low: float
    high: float
    second_low: float
    second_high: float


def usual_range(by_run: Sequence[Sequence[float]]) -> Usual | None:
    """The range of a quantity from its values in each execution; None without values."""
    told = [values for values in by_run if values]
    if not told:
        return None
    pooled = sorted(value for values in told for value in values)
    lows, highs = sorted(min(values) for values in told), sorted(max(values) for values in told)
    return Usual(
        len(told),
        _shown(_quantile(pooled, 0.1)),
        _shown(_quantile(pooled, 0.5)),
        _shown(_quantile(pooled, 0.9)),
        _shown(lows[0]),
        _shown(highs[-1]),
        _shown(lows[min(1, len(lows) - 1)]),
        _shown(highs[-2] if len(highs) > 1 else highs[-1]),
    )


def upper_limit(usual: Usual, margin: float, *, left_out: bool = False) -> float:
    """Above this a value is unusually large: the largest usual one, and beyond it `margin` times the way from the
    median to it on a logarithmic scale, at least `MIN_FACTOR`. `left_out`: without the execution that set the largest.
    """
    high = max(usual.second_high if left_out else usual.high, SMALLEST)
    return high * _stretch(high / max(usual.median, SMALLEST), usual.runs - left_out, margin)


def lower_limit(usual: Usual, margin: float, *, left_out: bool = False) -> float:
    """Below this a value is unusually small; as `upper_limit`, mirrored."""
    low = max(usual.second_low if left_out else usual.low, SMALLEST)
    return low / _stretch(max(usual.median, SMALLEST) / low, usual.runs - left_out, margin)


def smallest_margin(flagged: Iterable[tuple[float, int]], runs: int, tolerated: float) -> float:
    """The smallest margin at which at most `tolerated` of the healthy executions, each left out in turn, are outside.

    `flagged` holds (margin, execution) pairs: the execution is outside at that margin. Leaving one out is how the
    chance of a false alarm is estimated for whole executions, not for single values.
    """
    outside: dict[float, set[int]] = {margin: set() for margin in MARGINS}
    for margin, run in flagged:
        outside[margin].add(run)
    return next((m for m in MARGINS if len(outside[m]) <= max(tolerated * runs, 1)), MARGINS[-1])


def _stretch(way: float, runs: int, margin: float) -> float:
    """How many times beyond an extreme its limit lies, for an extreme that is `way` times away from the median."""
    few = 1 + FEW / max(runs, 1)
    widened: float = max(way, 1.0) ** (margin * few)
    return min(max(MIN_FACTOR, widened), MAX_FACTOR * few)


def _quantile(ordered: Sequence[float], share: float) -> float:
    rank = share * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def _shown(value: float) -> float:
    """Four significant digits: a stored reference need not be longer."""
    return float(f"{value:.4g}")
