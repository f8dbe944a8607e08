"""The long tail of durations: percentiles with what they rest on, and whether the average hides the slow runs.

Everything is computed from one log histogram (`monitoring.analysis.histogram`), so each value is within 2 % and figures
of many workflows or days can be added before. Durations in ms, shares from 0 to 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from monitoring.analysis.histogram import ZERO_BIN, Histogram, middle, percentile
from monitoring.analysis.intervals import Z_95

SHARES = (0.5, 0.9, 0.95, 0.99, 0.999)
# A percentile with fewer runs beyond it is one run's luck.
MIN_BEYOND = 10
# The tail is long when the highest percentile that can be told is this many times the median. For runs whose durations
# spread by a third around the median (log-normal, sigma 0.33) p99 is 2.2 times the median.
LONG_TAIL = 3.0
# K. M. Ashman, C. M. Bird and S. E. Zepf, "Detecting bimodality in astronomical datasets", Astronomical Journal 108
# (1994): two groups are apart when D is above 2.
APART = 2.0
# Each of two groups holds at least this share of the runs; fewer are a tail.
MIN_GROUP = 0.05
# Between two groups there is a valley: fewer runs there than this part of the lower one of the two peaks.
VALLEY = 0.5
# Bins that are read together when a valley is looked for: about 22 % of a duration.
_VALLEY_BINS = 5


@dataclass(frozen=True, slots=True)
class Percentile:
    """The duration below which `share` of the runs lie, its 95 % interval, and the number of runs beyond it.

    The interval is the usual one of order statistics (H. A. David, "Order Statistics", section 2.5) with the normal
    approximation of the binomial; an end is None where it lies outside of what was measured.
    """

    share: float
    ms: float
    low_ms: float | None
    high_ms: float | None
    beyond: int

    @property
    def is_told(self) -> bool:
        """False: too few runs lie beyond it to say."""
        return self.beyond >= MIN_BEYOND


@dataclass(frozen=True, slots=True)
class Group:
    """Runs of one of two groups of durations: how many, and around which duration (geometric mean)."""

    runs: int
    ms: float


class Hiding(StrEnum):
    """What the average says about the slow runs."""

    TOO_FEW = "too few to say"
    NO_TAIL = "no long tail"
    HIDDEN = "the average hides it"
    VISIBLE = "the average shows it"


@dataclass(frozen=True, slots=True)
class Tail:
    """The figures behind "the average hides it". `top` is the highest percentile that can be told, None without one.

    `ratio` is top over median; `slow_share` the share of all time that the runs beyond top take, of which there are
    `1 - top.share` of all; `above_mean` the share of runs that take longer than the mean.
    """

    runs: int
    mean_ms: float
    percentiles: Sequence[Percentile]
    top: Percentile | None
    ratio: float | None
    slow_share: float | None
    above_mean: float
    groups: tuple[Group, Group] | None
    hiding: Hiding

    @property
    def mean_to_median(self) -> float | None:
        """How many times the median the mean is; None where the median is 0."""
        median = self.percentiles[0].ms
        return self.mean_ms / median if median else None


def measure_tail(histogram: Histogram, mean_ms: float | None = None) -> Tail | None:
    """The tail of the durations in a histogram; None without runs. `mean_ms` is the exact mean, where it is known.

    "The average hides it": the tail is long (`LONG_TAIL`) or the runs are two groups, and the mean is nearer to the
    median than to the highest percentile that can be told (as a ratio: below the geometric mean of the two). With two
    groups it is hidden, too, when the mean lies between them, where hardly any run is.
    """
    runs = sum(histogram.values())
    if runs <= 0:
        return None
    mean = _mean(histogram) if mean_ms is None else mean_ms
    percentiles = [_percentile(histogram, share, runs) for share in SHARES]
    top = next((p for p in reversed(percentiles[1:]) if p.is_told), None)
    groups = find_groups(histogram)
    median = percentiles[0].ms
    ratio = top.ms / median if top and median else None
    slow_share = share_of_time(histogram, top.beyond) if top else None
    above = sum(count for index, count in histogram.items() if middle(index) > mean) / runs
    hiding = _hiding(mean, median, top, ratio, groups)
    return Tail(runs, mean, percentiles, top, ratio, slow_share, above, groups, hiding)


def _hiding(
    mean: float, median: float, top: Percentile | None, ratio: float | None, groups: tuple[Group, Group] | None
) -> Hiding:
    if top is None:
        return Hiding.TOO_FEW
    if groups and groups[0].ms < mean < groups[1].ms:
        return Hiding.HIDDEN
    is_long = ratio >= LONG_TAIL if ratio is not None else top.ms > 0
    if not is_long and not groups:
        return Hiding.NO_TAIL
    return Hiding.HIDDEN if mean < math.sqrt(median * top.ms) else Hiding.VISIBLE


def _percentile(histogram: Histogram, share: float, runs: int) -> Percentile:
    half = Z_95 * math.sqrt(share * (1 - share) * runs)
    last = max(runs - 1, 1)
    low, high = (share * runs - half - 1) / last, (share * runs + half) / last
    return Percentile(
        share,
        percentile(histogram, share) or 0.0,
        percentile(histogram, low) if 0 <= low <= 1 else None,
        percentile(histogram, high) if 0 <= high <= 1 else None,
        # Rounded first: 0.01 times 1,000 runs are 10 runs, not 9.999...
        math.floor(round(runs * (1 - share), 6)),
    )


def _mean(histogram: Histogram) -> float:
    return _time(histogram) / sum(histogram.values())


def _time(histogram: Histogram) -> float:
    """All durations added up, exactly: the order of the bins does not matter."""
    return math.fsum(middle(index) * count for index, count in histogram.items())


def share_of_time(histogram: Histogram, runs: int) -> float | None:
    """The share of all time that so many of the slowest runs take; None where all durations are 0."""
    total = _time(histogram)
    left, slow = runs, 0.0
    for index in sorted(histogram, reverse=True):
        taken = min(left, histogram[index])
        slow += taken * middle(index)
        left -= taken
        if not left:
            break
    return slow / total if total else None


def find_groups(histogram: Histogram) -> tuple[Group, Group] | None:
    """The two groups that the durations fall into, on a log scale; None where they are one.

    Cut where the variance between them is greatest (N. Otsu, "A threshold selection method from gray-level
    histograms", IEEE Trans. SMC 9, 1979). They are two when both hold `MIN_GROUP` of the runs and `MIN_BEYOND` runs,
    Ashman's D is above `APART`, and there is a valley between their peaks. Durations of 0 are left out.
    """
    bins = sorted(index for index, count in histogram.items() if index != ZERO_BIN and count > 0)
    counts = [histogram[index] for index in bins]
    runs = sum(counts)
    if len(bins) < 2:
        return None
    below = list(accumulate(counts))
    weighted = list(accumulate(index * count for index, count in zip(bins, counts, strict=True)))
    cut = max(range(len(bins) - 1), key=lambda at: _between(below[at], weighted[at], runs, weighted[-1]))
    fewest = max(MIN_BEYOND, MIN_GROUP * runs)
    if min(below[cut], runs - below[cut]) < fewest:
        return None
    left, right = (_moments(bins[part], counts[part]) for part in (slice(cut + 1), slice(cut + 1, None)))
    # A bin is one wide: no group is narrower than that.
    spread = math.sqrt((left[1] + right[1] + 2 / 12) / 2)
    if (right[0] - left[0]) / spread <= APART or not _has_valley(histogram, bins, cut):
        return None
    return Group(below[cut], middle(round(left[0]))), Group(runs - below[cut], middle(round(right[0])))


def _between(count: int, weighted: int, runs: int, total: int) -> float:
    """The variance between two groups, up to a factor."""
    other = runs - count
    return count * other * (weighted / count - (total - weighted) / other) ** 2


def _moments(bins: Sequence[int], counts: Sequence[int]) -> tuple[float, float]:
    runs = sum(counts)
    mean = sum(index * count for index, count in zip(bins, counts, strict=True)) / runs
    return mean, sum(count * (index - mean) ** 2 for index, count in zip(bins, counts, strict=True)) / runs


def _has_valley(histogram: Histogram, bins: Sequence[int], cut: int) -> bool:
    """Whether between the two peaks there is a place with clearly fewer runs than at the lower one.

    Clearly: two standard errors of its count are added to it before.
    """

    def around(index: int) -> int:
        half = _VALLEY_BINS // 2
        return sum(histogram.get(other, 0) for other in range(index - half, index + half + 1))

    low_peak, high_peak = max(bins[: cut + 1], key=around), max(bins[cut + 1 :], key=around)
    lowest = min(around(index) for index in range(low_peak, high_peak + 1))
    return lowest + 2 * math.sqrt(lowest) < VALLEY * min(around(low_peak), around(high_peak))
