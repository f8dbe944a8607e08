"""The best place to split a series of rates in two, and how often chance alone splits one as well.

The likelihood ratio scan of K. J. Worsley, "The power of likelihood ratio and cumulative sum tests for a change in a
binomial probability", Biometrika 70 (1983). Its p-value is exact for any number of runs: given how many runs failed in
all, the failures so far are a random walk with known chances, and the chance that it ever leaves the band in which no
split is as good is summed up bucket by bucket.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from monitoring.analysis.arrays import Booleans, Reals, np
from monitoring.analysis.concentration import fisher_exact

# Past this statistic the exact p-value is under 1e-9; Fisher's times the number of splits bounds it.
MAX_EXACT = 45.0
# Splits whose statistic is within this of the best one may be the true one, 95 times out of 100: the difference is the
# greatest point of a two-sided random walk (D. Siegmund, "Boundary crossing probabilities and statistical
# applications", Annals of Statistics 14, 1986), whose tail is 1 - (1 - exp(-x / 2))^2.
SAME_PLACE = -2 * math.log(1 - math.sqrt(0.95))
# Neighbouring buckets that differ are taken as a sign of bursts only when so many pairs can be compared.
MIN_PAIRS = 8
_KERNEL_WIDTH = 9.0
_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Split:
    """A series split in two: `place` is the first bucket of the new level; the true one is in [earliest, latest].

    `p_value` is the chance that a series without a change has a split as good, corrected for all places looked at.
    `statistic` is twice the gain in log likelihood (of rates). `trend` is how much of the spread between buckets a
    straight line explains, over what the step explains: 3/4 for a step in the middle, 4/3 for a line.
    """

    place: int
    earliest: int
    latest: int
    is_rise: bool
    statistic: float
    trend: float
    p_value: float


def split_rates(events: Sequence[int], trials: Sequence[int]) -> Split | None:
    """The best split of (events, trials) per bucket; None where there is nothing to split. Buckets may be empty."""
    filled = [index for index, count in enumerate(trials) if count > 0]
    x, n = [events[index] for index in filled], [trials[index] for index in filled]
    total_x, total_n = sum(x), sum(n)
    if len(filled) < 2 or not 0 < total_x < total_n:
        return None
    sums = list(zip(accumulate(x), accumulate(n), strict=True))[:-1]
    statistics = [ratio_statistic(before, runs, total_x, total_n) for before, runs in sums]
    best = max(range(len(statistics)), key=lambda place: (statistics[place], -place))
    bursts = burst_factor(x, n, skip=best)
    near = [place for place, value in enumerate(statistics) if statistics[best] - value <= SAME_PLACE * bursts]
    before, runs = sums[best]
    return Split(
        place=filled[best + 1],
        # What changed may have changed right after the last bucket that had runs.
        earliest=filled[near[0]] + 1,
        latest=filled[near[-1] + 1],
        is_rise=before * total_n < total_x * runs,
        statistic=statistics[best],
        trend=trend_share(filled, x, n, best + 1),
        p_value=scan_p_value(statistics[best] / bursts, x, n, sums[best]),
    )


def ratio_statistic(before: int, runs: int, total_x: int, total_n: int) -> float:
    """Twice the gain in log likelihood of two rates over one, with `before` of `runs` in the first part."""
    parts = _likelihood(before, runs) + _likelihood(total_x - before, total_n - runs)
    return max(0.0, 2 * (parts - _likelihood(total_x, total_n)))


def _likelihood(x: int, n: int) -> float:
    return (x * math.log(x / n) if x else 0.0) + ((n - x) * math.log((n - x) / n) if n > x else 0.0)


def burst_factor(x: Sequence[int], n: Sequence[int], *, skip: int) -> float:
    """How much more neighbouring buckets differ than chance has them, from 1: the mean chi-square of neighbours.

    Levels may change elsewhere without moving it, because only neighbours are compared (J. von Neumann, "Distribution
    of the ratio of the mean square successive difference to the variance", 1941). The pair at `skip` is left out: it is
    the one in question.
    """
    found = []
    for place in range(len(x) - 1):
        total, runs = x[place] + x[place + 1], n[place] + n[place + 1]
        if place == skip or not 0 < total < runs:
            continue
        gap = x[place] * n[place + 1] - x[place + 1] * n[place]
        found.append((runs - 1) * gap * gap / (n[place] * n[place + 1] * total * (runs - total)))
    return max(1.0, sum(found) / len(found)) if len(found) >= MIN_PAIRS else 1.0


def trend_share(places: Sequence[int], x: Sequence[int], n: Sequence[int], split: int) -> float:
    """The chi-square of a straight line over time, over that of the step after `split` filled buckets.

    P. Armitage, "Tests for linear trends in proportions and frequencies", Biometrics 11 (1955).
    """
    total_x, total_n = sum(x), sum(n)
    rate = total_x / total_n
    centre = sum(place * runs for place, runs in zip(places, n, strict=True)) / total_n
    slope = sum((place - centre) * (events - runs * rate) for place, events, runs in zip(places, x, n, strict=True))
    line = slope**2 / sum(runs * (place - centre) ** 2 for place, runs in zip(places, n, strict=True))
    runs, gap = sum(n[:split]), sum(x[:split]) - sum(n[:split]) * rate
    step = gap**2 * (1 / runs + 1 / (total_n - runs))
    return line / step if step else 0.0


def scan_p_value(statistic: float, x: Sequence[int], n: Sequence[int], best: tuple[int, int]) -> float:
    """The chance that some split of a series with one rate, as many runs and failures in all, reaches the statistic.

    `best` is (events, trials) before the best split. Linear in buckets times the width of the band.
    """
    total_x, total_n = sum(x), sum(n)
    if statistic <= _TIE:
        return 1.0
    if statistic > MAX_EXACT:
        before, runs = best
        at_best = fisher_exact(before, runs - before, total_x - before, total_n - runs - total_x + before)
        return max(1e-300, min(1.0, at_best * (len(x) - 1)))
    rare = min(total_x, total_n - total_x)
    lows, highs = _band(statistic - _TIE, n, rare)
    return max(0.0, min(1.0, 1 - _stay(lows, highs, n, rare)))


def _band(statistic: float, n: Sequence[int], rare: int) -> tuple[list[int], list[int]]:
    """For each split the least and the greatest number of events so far whose statistic is below the given one."""
    total = sum(n)
    runs = np.cumsum(np.asarray(n, dtype=np.float64))[:-1]
    least, most = np.maximum(0.0, rare - (total - runs)), np.minimum(float(rare), runs)
    centre = np.clip(np.floor(rare * runs / total), least, most)
    base = _likelihood(rare, total)

    def is_inside(events: Reals) -> Booleans:
        told = np.clip(events, least, most)
        return np.asarray((2 * (_likelihoods(told, runs, rare, total) - base) < statistic) & (told == events))

    # Both edges at once, by bisection: the least numbers in the first row, the greatest in the second.
    start = np.stack([centre, np.minimum(centre + 1, most + 1)])
    is_known = is_inside(start)
    inside = np.where(is_known, start, start + np.array([[1.0], [-1.0]]))
    beyond = np.where(is_known, np.stack([least - 1, most + 1]), start)
    while (is_open := np.abs(inside - beyond) > 1).any():
        middle = np.floor((inside + beyond) / 2)
        is_middle_inside = is_inside(middle)
        inside = np.where(is_open & is_middle_inside, middle, inside)
        beyond = np.where(is_open & ~is_middle_inside, middle, beyond)
    return inside[0].astype(int).tolist(), inside[1].astype(int).tolist()


def _likelihoods(x: Reals, n: Reals, total_x: int, total_n: int) -> Reals:
    """The log likelihood of two rates: x of n, and the others of all. Arrays of `n`'s length, or rows of it."""
    left, others = total_n - n, total_x - x
    counts = np.stack([x, n - x, others, left - others])
    sizes = np.stack([np.broadcast_to(part, x.shape) for part in (n, n, left, left)])
    # A count of 0 adds nothing.
    terms = counts * np.log(np.where(counts > 0, counts, 1.0) / np.where(counts > 0, sizes, 1.0))
    return np.asarray((terms[0] + terms[1]) + (terms[2] + terms[3]))


def _stay(lows: Sequence[int], highs: Sequence[int], n: Sequence[int], rare: int) -> float:
    """The chance that the walk stays inside the band to its known end."""
    rate = rare / sum(n)
    kernels: dict[int, tuple[int, Reals]] = {}
    start, chances = 0, np.ones(1)
    for place, runs in enumerate(n):
        if runs not in kernels:
            kernels[runs] = _kernel(runs, rate)
        offset, kernel = kernels[runs]
        start, chances = start + offset, np.convolve(chances, kernel)
        low, high = (lows[place], highs[place]) if place < len(lows) else (rare, rare)
        first, last = max(low, start), min(high, start + len(chances) - 1)
        if first > last:
            return 0.0
        start, chances = first, chances[first - start : last - start + 1]
    whole = math.exp(_log_binomial(rare, sum(n), rate))
    return float(chances[0]) / whole


def _kernel(runs: int, rate: float) -> tuple[int, Reals]:
    """(least number of events that matters, chances from there) of one bucket."""
    spread = _KERNEL_WIDTH * (math.sqrt(runs * rate * (1 - rate)) + 2)
    low, high = max(0, math.floor(runs * rate - spread)), min(runs, math.ceil(runs * rate + spread))
    # Each chance from the one before it, on the log scale: many buckets have as many kernels.
    k = np.arange(low, high, dtype=np.float64)
    steps = np.cumsum(np.log((runs - k) / (k + 1)) + math.log(rate) - math.log1p(-rate))
    return low, np.exp(_log_binomial(low, runs, rate) + np.concatenate([np.zeros(1), steps]))


def _log_binomial(k: int, n: int, p: float) -> float:
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choose + k * math.log(p) + (n - k) * math.log1p(-p)
