"""The best place to split a series of figures in two by their ranks, so that no outlier decides.

A. N. Pettitt, "A non-parametric approach to the change-point problem", Applied Statistics 28 (1979). Its p-value is an
approximation that errs on the safe side; figures are n log n.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from monitoring.analysis.rate_scan import Split

# Places whose statistic is within this part of the best one may be the true one. Tried on simulated steps, not derived.
SAME_PLACE = 0.75


def split_values(values: Sequence[float | None]) -> Split | None:
    """The best split of one figure per bucket, None where there is none; None with fewer than two figures.

    `statistic` is Pettitt's K.
    """
    filled = [index for index, value in enumerate(values) if value is not None]
    ranks = middle_ranks([value for value in values if value is not None])
    n = len(ranks)
    if n < 2 or min(ranks) == max(ranks):
        return None
    gaps = [2 * total - (place + 1) * (n + 1) for place, total in enumerate(accumulate(ranks))][:-1]
    best = max(range(n - 1), key=lambda place: (abs(gaps[place]), -place))
    near = [place for place, gap in enumerate(gaps) if abs(gap) >= SAME_PLACE * abs(gaps[best])]
    k = gaps[best]
    size = best + 1
    return Split(
        place=filled[best + 1],
        earliest=filled[near[0]] + 1,
        latest=filled[near[-1] + 1],
        is_rise=k < 0,
        statistic=abs(k),
        trend=_line(filled, ranks) / ((k / 2) ** 2 * n / (size * (n - size))),
        p_value=min(1.0, 2 * math.exp(-6 * k * k / (n**3 + n**2))),
    )


def middle_ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the middle of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in range(start, end + 1):
            ranks[order[place]] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def _line(places: Sequence[int], ranks: Sequence[float]) -> float:
    """The sum of squares of the ranks that a straight line explains."""
    centre, level = sum(places) / len(places), (len(ranks) + 1) / 2
    slope = sum((place - centre) * (rank - level) for place, rank in zip(places, ranks, strict=True))
    return slope * slope / sum((place - centre) ** 2 for place in places)


@lru_cache(maxsize=1024)
def median_interval(n: int) -> tuple[int, int]:
    """The places (from 0) of the sorted figures between which their true median lies with at least 95 %.

    From the binomial distribution; under six figures that is all of them. H. A. David, "Order Statistics" (1970).
    """
    if n < 1:
        return 0, 0
    if n > 200:
        half = 0.98 * math.sqrt(n)
        return max(0, math.floor(n / 2 - half)), min(n - 1, math.ceil(n / 2 + half))
    chance = total = 0.5**n
    k = 0
    while total <= 0.025:
        chance *= (n - k) / (k + 1)
        k += 1
        total += chance
    low = max(k - 1, 0)
    return low, n - 1 - low
