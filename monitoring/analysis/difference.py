"""Whether a figure differs between two sets of runs: the difference with its interval, and how many runs tell it.

Always after minus before, in the unit of the figure; rates are shares from 0 to 1. A difference is shown when its
interval leaves out 0. The two sets must be disjoint and their runs independent of each other.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate
from statistics import NormalDist

from accounts.phrases import gettext_noop
from monitoring.analysis.histogram import GAMMA, SMALLEST_MS, ZERO_BIN, Histogram, percentile
from monitoring.analysis.intervals import wilson

LEVEL = 0.95
POWER = 0.8
ALPHA = 0.05
# With fewer runs on one side nothing is said of a mean: runs are skewed, and its interval holds for many only.
MIN_RUNS = 20
# A number of runs that is greater is as good as none.
MOST_RUNS = 10_000_000
# Below so many degrees of freedom the series for Student's quantile is not exact enough.
_MIN_FREEDOM = 3.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Two values and `change` = after - before with its interval [low, high].

    `ratio` is after over before with its interval; None where before is 0, its interval also for rates.
    """

    before: float
    after: float
    runs_before: int
    runs_after: int
    change: float
    low: float
    high: float
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None

    @property
    def direction(self) -> int:
        """1: higher after, -1: lower, 0: no difference is shown."""
        return int(self.low > 0) - int(self.high < 0)


@dataclass(frozen=True, slots=True)
class Moments:
    """A figure over runs: how many told it, the sum of it and the sum of its squares."""

    runs: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """The mean; 0 without runs."""
        return self.total / self.runs if self.runs else 0.0

    @property
    def variance(self) -> float:
        """The unbiased variance; 0 with fewer than two runs."""
        return max(self.squares - self.total * self.mean, 0.0) / (self.runs - 1) if self.runs > 1 else 0.0


class Reading(StrEnum):
    """What a difference means; the value is also what exports write."""

    BETTER = gettext_noop("better")
    WORSE = gettext_noop("worse")
    NO_DIFFERENCE = gettext_noop("no difference shown")
    CANNOT_TELL = gettext_noop("cannot tell")


def read(found: Difference | None, more: int | None, *, higher_is_better: bool = False) -> Reading:
    """The word for a difference. `more` runs are needed to see a change that matters (None: not known how many)."""
    if found is not None and found.direction:
        return Reading.BETTER if (found.direction > 0) == higher_is_better else Reading.WORSE
    return Reading.NO_DIFFERENCE if found is not None and more == 0 else Reading.CANNOT_TELL


def compare_rates(before: tuple[int, int], after: tuple[int, int], level: float = LEVEL) -> Difference | None:
    """The difference of two proportions, each given as (events, runs); None where one side has no runs.

    R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven
    methods", Statistics in Medicine 17 (1998), method 10: the hybrid of two Wilson intervals.
    """
    first, second = (wilson(events, runs, z_of(level)) for events, runs in (before, after))
    if first is None or second is None:
        return None
    low, high = _mover((first.low, first.rate, first.high), (second.low, second.rate, second.high))
    ratio = second.rate / first.rate if first.rate else None
    return Difference(
        first.rate, second.rate, before[1], after[1], second.rate - first.rate, max(low, -1.0), min(high, 1.0), ratio
    )


def compare_means(before: Moments, after: Moments, level: float = LEVEL) -> Difference | None:
    """The difference of two means; None where one side has fewer than `MIN_RUNS` runs.

    B. L. Welch, "The generalization of Student's problem when several different population variances are involved",
    Biometrika 34 (1947). The interval of the ratio is that of its logarithm, from the same variances: L. V. Hedges,
    J. Gurevitch and P. S. Curtis, "The meta-analysis of response ratios in experimental ecology", Ecology 80 (1999).
    """
    if min(before.runs, after.runs) < MIN_RUNS:
        return None
    parts = [side.variance / side.runs for side in (before, after)]
    spread = math.sqrt(sum(parts))
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (before.runs - 1) + parts[1] ** 2 / (after.runs - 1)) if spread else 1
    t = t_quantile(0.5 + level / 2, freedom) if spread else 0.0
    change = after.mean - before.mean
    ratio: tuple[float | None, float | None, float | None] = (None, None, None)
    if before.mean > 0 and after.mean > 0:
        middle, half = after.mean / before.mean, t * math.sqrt(parts[0] / before.mean**2 + parts[1] / after.mean**2)
        # A ratio nobody could write down is as good as none.
        ratio = (middle, middle * math.exp(-half), middle * math.exp(half)) if half < 300 else (middle, None, None)
    return Difference(
        before.mean, after.mean, before.runs, after.runs, change, change - t * spread, change + t * spread, *ratio
    )


def compare_quantiles(before: Histogram, after: Histogram, q: float, level: float = LEVEL) -> Difference | None:
    """The difference of the q-quantiles of two histograms, in ms; None where a side has too few runs for its interval.

    Each side's interval is that of order statistics (H. A. David, "Order Statistics", 1970, section 2.5), widened to
    the edges of its bins; they are combined as G. Y. Zou and A. Donner do, "Construction of confidence limits about
    effect measures: a general approach", Statistics in Medicine 27 (2008), for the ratio on the logarithmic scale.
    """
    first, second = (_quantile_interval(histogram, q, level) for histogram in (before, after))
    if first is None or second is None:
        return None
    low, high = _mover(first, second)
    logs = _mover(_each(math.log, first), _each(math.log, second))
    return Difference(
        first[1],
        second[1],
        sum(before.values()),
        sum(after.values()),
        second[1] - first[1],
        low,
        high,
        second[1] / first[1],
        *_each(math.exp, logs),
    )


def runs_needed(rate_before: float, change: float, power: float = POWER, alpha: float = ALPHA) -> int:
    """How many runs of each side show that a rate changed by `change`, a share of it (-0.5: halved, 1.0: doubled).

    J. L. Fleiss, B. Levin and M. C. Paik, "Statistical Methods for Rates and Proportions" (2003), section 4.2, with
    the correction for whole numbers of J. T. Casagrande, M. C. Pike and P. G. Smith, "An improved approximate formula
    for calculating sample sizes for comparing two binomial distributions", Biometrics 34 (1978). ValueError for a rate
    of 0 and a change of 0: no number shows them.
    """
    rate_after = min(rate_before * (1 + change), 1.0)
    if not 0 < rate_before <= 1 or rate_after == rate_before or rate_after < 0:
        raise ValueError("a rate in (0, 1] and a change other than 0, of at least -1, are needed")
    gap, spread = abs(rate_after - rate_before), _spread(rate_before) + _spread(rate_after)
    plain = spread * (_reach(power, alpha) / gap) ** 2
    return math.ceil(plain / 4 * (1 + math.sqrt(1 + 4 / (plain * gap))) ** 2) if plain else math.ceil(1 / gap)


def runs_after_needed(
    rate_before: float, rate_after: float, runs_before: int, power: float = POWER, alpha: float = ALPHA
) -> int | None:
    """How many runs after show that a rate of `runs_before` runs changed to `rate_after`; the sources of `runs_needed`.

    None: the runs before are too few for any number of runs after.
    """
    gap, reach = abs(rate_after - rate_before), _reach(power, alpha)
    if not runs_before or not gap:
        return None

    def is_enough(runs: int) -> bool:
        spread = math.sqrt(_spread(rate_before) / runs_before + _spread(rate_after) / runs)
        return gap - (1 / runs_before + 1 / runs) / 2 >= reach * spread

    return _smallest(is_enough)


def runs_to_narrow(found: Difference, share: float) -> int | None:
    """How many runs after narrow the interval of a ratio to `share` each way, by its width now: widths fall as 1 / √n.

    None where there is no interval of a ratio, or the runs before are too few for any number.
    """
    if found.ratio_low is None or found.ratio_high is None or found.ratio_low <= 0:
        return None
    width = (math.log(found.ratio_high) - math.log(found.ratio_low)) / 2
    wanted = math.log1p(share)
    if width <= wanted:
        return found.runs_after
    # The spread of both sides together may be this; both are taken to spread alike.
    allowed = (1 / found.runs_before + 1 / found.runs_after) * (wanted / width) ** 2 - 1 / found.runs_before
    return math.ceil(1 / allowed) if allowed > 1 / MOST_RUNS else None


@lru_cache(maxsize=64)
def quantile_runs(q: float, level: float = LEVEL) -> int:
    """The fewest runs that bound a quantile on both sides."""
    return next(runs for runs in range(1, MOST_RUNS) if _ranks(runs, q, level) is not None)


@lru_cache(maxsize=64)
def z_of(level: float) -> float:
    """The normal quantile of a two-sided level: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def t_quantile(share: float, freedom: float) -> float:
    """Student's quantile. M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions" (1964), 26.7.5."""
    z, v = NormalDist().inv_cdf(share), max(freedom, _MIN_FREEDOM)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def _spread(rate: float) -> float:
    return rate * (1 - rate)


def _reach(power: float, alpha: float) -> float:
    return NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power)


def _smallest(is_enough: Callable[[int], bool], most: int = MOST_RUNS) -> int | None:
    """The smallest number that is enough, by bisection; None when `most` is not."""
    if not is_enough(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _mover(before: Sequence[float], after: Sequence[float]) -> tuple[float, float]:
    """The interval of after - before from (low, value, high) of each: distances to the ends, squared and added."""
    change = after[1] - before[1]
    below = math.hypot(after[1] - after[0], before[2] - before[1])
    above = math.hypot(after[2] - after[1], before[1] - before[0])
    return change - below, change + above


def _each(change: Callable[[float], float], values: Sequence[float]) -> tuple[float, ...]:
    return tuple(change(value) for value in values)


def _ranks(runs: int, q: float, level: float) -> tuple[int, int] | None:
    """The places (from 1) of the sorted runs between which the quantile lies; None where one is not among them."""
    half = z_of(level) * math.sqrt(runs * q * (1 - q))
    low, high = math.floor(runs * q - half), math.ceil(runs * q + half)
    return (low, high) if low >= 1 and high <= runs else None


def _quantile_interval(histogram: Histogram, q: float, level: float) -> tuple[float, float, float] | None:
    """(low, value, high) of a quantile in ms; None where an end lies outside of what was measured."""
    ranks, value = _ranks(sum(histogram.values()), q, level), percentile(histogram, q)
    if value is None or ranks is None:
        return None
    bins = sorted(histogram)
    places = list(accumulate(histogram[index] for index in bins))
    edges = [next(i for i, place in zip(bins, places, strict=True) if place >= rank) for rank in ranks]
    lowest = SMALLEST_MS if edges[0] == ZERO_BIN else GAMMA ** (edges[0] - 1)
    highest = SMALLEST_MS if edges[1] == ZERO_BIN else GAMMA ** edges[1]
    return lowest, max(value, SMALLEST_MS), highest
