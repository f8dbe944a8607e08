"""The figures of two releases side by side: each with its difference, an interval, and a plain word.

"Cannot tell" is said while the runs are too few to see a change that matters: failures or unmet runs twice as many (or
two points more, where that is more), a fifth of a duration, of cost or of tokens. It says how many more runs are
needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitoring.analysis.concentration import SIGNIFICANCE, fisher_exact, holm
from monitoring.analysis.difference import (
    MIN_RUNS,
    Difference,
    Moments,
    Reading,
    compare_means,
    compare_quantiles,
    compare_rates,
    quantile_runs,
    read,
    runs_after_needed,
    runs_to_narrow,
)
from monitoring.analysis.histogram import Histogram, middle, percentile

# Changes that matter: of a rate in points where twice as many is less, of other figures as a share.
MIN_POINTS = 0.02
SHARE = 0.2
NOTHING = Moments(0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Side:
    """The runs of one release: counts as the success rate has them, and figures over runs.

    `succeeded` of `rated`, `unmet` of `checked`; `durations` as a histogram in ms, `moments` of other figures by name.
    """

    succeeded: int = 0
    rated: int = 0
    unmet: int = 0
    checked: int = 0
    durations: Histogram = field(default_factory=dict)
    duration: Moments = NOTHING
    cost: Moments = NOTHING
    tokens: Moments = NOTHING
    retries: Moments = NOTHING


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both: `unit` is rate, ms, usd, tokens or count; `before` and `after` are None where not told.

    `more` runs of the later one would tell, where the reading is "cannot tell"; None: no number of them would, because
    the earlier one has too few, or none has told the figure.
    """

    name: str
    unit: str
    before: float | None
    after: float | None
    found: Difference | None
    reading: Reading
    more: int | None
    runs_before: int
    runs_after: int


def compare_sides(before: Side, after: Side) -> list[Compared]:
    """All figures, in the order in which pages show them."""
    rates = [
        rate_compared(
            "success_rate", (before.succeeded, before.rated), (after.succeeded, after.rated), is_success=True
        ),
        rate_compared("unmet_rate", (before.unmet, before.checked), (after.unmet, after.checked)),
    ]
    quantiles = [
        quantile_compared(name, q, before.durations, after.durations)
        for name, q in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99))
    ]
    means = [
        mean_compared(name, unit, one, other)
        for name, unit, one, other in (
            ("mean_ms", "ms", before.duration, after.duration),
            ("cost_usd", "usd", before.cost, after.cost),
            ("tokens", "tokens", before.tokens, after.tokens),
            ("retries", "count", before.retries, after.retries),
        )
    ]
    return [rates[0], *quantiles, *means, rates[1]]


def rate_compared(name: str, before: tuple[int, int], after: tuple[int, int], *, is_success: bool = False) -> Compared:
    """A rate; of failures it is asked whether they are twice as many, also where it is written as successes."""
    found = compare_rates(before, after)
    values = (_share(before), _share(after))
    if found is None:
        return Compared(name, "rate", *values, None, Reading.CANNOT_TELL, None, before[1], after[1])
    bad = 1 - found.before if is_success else found.before
    more = more_for_rate(bad, before[1], after[1])
    reading = read(found, more, higher_is_better=is_success)
    return Compared(
        name, "rate", *values, found, reading, more if reading == Reading.CANNOT_TELL else 0, before[1], after[1]
    )


def _share(counts: tuple[int, int]) -> float | None:
    return counts[0] / counts[1] if counts[1] else None


def more_for_rate(bad: float, runs_before: int, runs_after: int) -> int | None:
    """How many more runs show that a rate of bad ones doubled, or grew by `MIN_POINTS` where that is more."""
    needed = runs_after_needed(bad, min(bad + max(bad, MIN_POINTS), 1.0), runs_before)
    return None if needed is None else max(needed - runs_after, 0)


def quantile_compared(name: str, q: float, before: Histogram, after: Histogram) -> Compared:
    """A percentile of the durations."""
    found = compare_quantiles(before, after, q)
    values = (percentile(before, q), percentile(after, q))
    runs = (sum(before.values()), sum(after.values()))
    return _read(name, "ms", values, found, runs, quantile_runs(q))


def mean_compared(name: str, unit: str, before: Moments, after: Moments) -> Compared:
    """A mean over the runs that told the figure."""
    found = compare_means(before, after)
    values = (before.mean if before.runs else None, after.mean if after.runs else None)
    return _read(name, unit, values, found, (before.runs, after.runs), MIN_RUNS)


def _read(
    name: str,
    unit: str,
    values: tuple[float | None, float | None],
    found: Difference | None,
    runs: tuple[int, int],
    fewest: int,
) -> Compared:
    """The word for a figure of which less is better. Without a difference `fewest` runs are needed on each side."""
    if found is None:
        more = max(fewest - runs[1], 0) if runs[0] >= fewest and runs[1] else None
        return Compared(name, unit, *values, None, Reading.CANNOT_TELL, more, *runs)
    needed = found.runs_after if found.low == found.high == 0 else runs_to_narrow(found, SHARE)
    more = None if needed is None else needed - found.runs_after
    reading = read(found, more)
    return Compared(name, unit, *values, found, reading, more if reading == Reading.CANNOT_TELL else 0, *runs)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the runs of each release something is in: a failure group, a node, a transition.

    `p_value` is that of Fisher's exact test, corrected for all that were looked at together (Holm); `is_shown` where it
    is below 5 %.
    """

    before: int
    after: int
    runs_before: int
    runs_after: int
    p_value: float

    @property
    def is_shown(self) -> bool:
        """Whether a difference is shown."""
        return self.p_value < SIGNIFICANCE

    @property
    def share_before(self) -> float | None:
        """The share of the runs of the earlier one; None without any."""
        return _share((self.before, self.runs_before))

    @property
    def share_after(self) -> float | None:
        """The share of the runs of the later one; None without any."""
        return _share((self.after, self.runs_after))

    @property
    def change(self) -> float | None:
        """The difference of the shares; None without runs on one side."""
        before, after = self.share_before, self.share_after
        return None if before is None or after is None else after - before


def compare_shares(counts: Sequence[tuple[int, int]], runs_before: int, runs_after: int) -> list[Share]:
    """The shares with their p-values, in the order of the counts (before, after)."""
    raw = [
        fisher_exact(one, max(runs_before - one, 0), other, max(runs_after - other, 0))
        if runs_before and runs_after
        else 1.0
        for one, other in counts
    ]
    return [
        Share(one, other, runs_before, runs_after, p_value)
        for (one, other), p_value in zip(counts, holm(raw), strict=True)
    ]


def duration_moments(histogram: Histogram, mean: float | None) -> Moments:
    """Moments of durations: the told mean, and the spread of the histogram, within its 2 % of each duration."""
    runs = sum(histogram.values())
    if not runs or mean is None:
        return NOTHING
    values = [(middle(index), times) for index, times in histogram.items()]
    centre = sum(value * times for value, times in values) / runs
    spread = sum((value - centre) ** 2 * times for value, times in values)
    return Moments(runs, mean * runs, spread + runs * mean * mean)
