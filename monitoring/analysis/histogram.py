"""A sparse log histogram of durations that merges, and percentiles from it.

Bins are as in DDSketch (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019): bin i holds durations in (g^(i-1), g^i] ms with g = (1 + a) / (1 - a); its
middle 2 g^i / (g + 1) is within `RELATIVE_ERROR` of each of them. Zero has a bin of its own.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate

RELATIVE_ERROR = 0.02
GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
LOG_GAMMA = math.log(GAMMA)
ZERO_BIN = -32768
# Durations under a microsecond count as zero.
SMALLEST_MS = 0.001

# The same bin in SQL, for the fold; `{ms}` stands for the column.
BIN_SQL = (
    f"CASE WHEN {{ms}} < {SMALLEST_MS} THEN {ZERO_BIN} "
    f"ELSE ceil(ln({{ms}}) / {LOG_GAMMA!r}::double precision) END::smallint"
)

Histogram = dict[int, int]


def bin_of(ms: float) -> int:
    """The bin of a duration in milliseconds."""
    return ZERO_BIN if ms < SMALLEST_MS else math.ceil(math.log(ms) / LOG_GAMMA)


def middle(index: int) -> float:
    """The value that stands for a bin, in milliseconds."""
    return 0.0 if index == ZERO_BIN else 2 * GAMMA**index / (GAMMA + 1)


def merge(parts: Iterable[tuple[Sequence[int], Sequence[int]]]) -> Histogram:
    """Adds sparse histograms, each given as (bins, counts)."""
    total: Counter[int] = Counter()
    for bins, counts in parts:
        for index, count in zip(bins, counts, strict=True):
            total[index] += count
    return dict(total)


def percentile(histogram: Histogram, share: float) -> float | None:
    """The duration (ms) below which `share` of the runs lie, within `RELATIVE_ERROR`; None without runs.

    The rank is `share * (n - 1)`, as in numpy's default; between two bins the value is interpolated.
    """
    return percentiles(histogram, (share,))[0]


def percentiles(histogram: Histogram, shares: Sequence[float]) -> list[float | None]:
    """As `percentile`, for several shares at once."""
    bins = sorted(histogram)
    cumulated = list(accumulate([histogram[index] for index in bins]))
    if not cumulated or cumulated[-1] == 0:
        return [None] * len(shares)

    def value_at(share: float) -> float:
        rank = share * (cumulated[-1] - 1)
        low, high = (bins[bisect_right(cumulated, place)] for place in (math.floor(rank), math.ceil(rank)))
        part = rank - math.floor(rank)
        return middle(low) * (1 - part) + middle(high) * part

    return [value_at(share) for share in shares]


def count_within(histogram: Histogram, limit_ms: float) -> int:
    """How many durations are at most `limit_ms`, within `RELATIVE_ERROR` of it."""
    last = bin_of(limit_ms)
    return sum(count for index, count in histogram.items() if index <= last)


def counts_within(histogram: Histogram, last_bins: Sequence[int]) -> tuple[int, ...]:
    """How many durations are in each of these bins or below it: `count_within`, for the bins of many limits at once."""
    bins = sorted(histogram)
    cumulated = [0, *accumulate(histogram[index] for index in bins)]
    return tuple(cumulated[bisect_right(bins, last)] for last in last_bins)
