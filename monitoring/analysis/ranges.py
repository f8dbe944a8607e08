"""Usual ranges: where a figure lies 95 times out of 100, given how much stands behind it, and whether one is outside.

A figure has one of three shapes:

- RATE, events of trials (error rate). Beta-binomial: the binomial spread of so few trials, plus the spread of the rate
  itself from hour to hour (`spread`: the correlation of two trials of the same hour), plus what the history leaves
  unsure. J. G. Skellam, "A probability distribution derived from the binomial distribution by regarding the probability
  of success as variable between the sets of trials", JRSS B 10 (1948).
- COUNT, events per unit of exposure (runs an hour, retries a run). Negative binomial with mean m and variance
  m + `spread` m^2; Poisson where the spread is 0. M. Greenwood and G. U. Yule, JRSS 83 (1920).
- AMOUNT, positive figures (durations, tokens, cost). Normal on the logarithm, so that a range scales with its figures;
  `spread` is the standard deviation of the natural logarithm.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts import formats
from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop, ngettext
from monitoring import wording
from monitoring.analysis.intervals import Z_95

TAIL = 0.025
# Ranges for more trials than this are those for this many: they are hardly narrower, and never too narrow.
MAX_TRIALS = 1_000
# Above this mean the negative binomial is read from the gamma distribution by Wilson and Hilferty's cube root
# (E. B. Wilson and M. M. Hilferty, "The distribution of chi-square", PNAS 17, 1931).
MAX_EXACT_MEAN = 500.0
# A range of amounts ends at this many powers of e around its middle: nothing is outside that, and it stays a number.
MAX_HALF = 100.0
# Variance of a median over that of a mean, for normal figures.
_MEDIAN_LOSS = math.pi / 2
_ROUNDING = 1e-9


class Shape(StrEnum):
    """How a figure spreads."""

    RATE = "rate"
    COUNT = "count"
    AMOUNT = "amount"


class Metric(StrEnum):
    """The figures that have usual ranges."""

    DURATION_P50 = "duration_p50"
    DURATION_P95 = "duration_p95"
    TOKENS = "tokens"
    COST = "cost"
    ERROR_RATE = "error_rate"
    RETRIES = "retries"
    VOLUME = "volume"

    @property
    def shape(self) -> Shape:
        """How the figure spreads."""
        return _SHAPES.get(self, Shape.AMOUNT)


_SHAPES = {Metric.ERROR_RATE: Shape.RATE, Metric.RETRIES: Shape.COUNT, Metric.VOLUME: Shape.COUNT}


class Pool(StrEnum):
    """Which hours of the history a range is made of, narrowest first; the value is how it is said."""

    SAME_HOUR_OF_WEEK = gettext_noop("the same hour of the week")
    SAME_HOUR_OF_SUCH_DAYS = gettext_noop("the same hour on such days")
    NEAR_HOURS_OF_SUCH_DAYS = gettext_noop("the hours around it on such days")
    ALL_HOURS = gettext_noop("all hours")

    @property
    def words(self) -> str:
        """The value in the reader's language."""
        return _(self.value)


@dataclass(frozen=True, slots=True)
class Range:
    """The usual range of a figure: `low` to `high` holds for `typical` samples (trials, exposure, runs behind).

    `points` hours with `samples` samples stand behind it; `pool` says which hours. Units: shares of 1, events per unit
    of exposure, or the figure's own (ms, tokens, US dollars). `spread` is explained at the top.
    """

    metric: Metric
    low: float
    middle: float
    high: float
    spread: float
    points: int
    samples: int
    typical: int
    pool: Pool

    @property
    def words(self) -> str:
        """`usual 1.2 s to 3.4 s (the same hour of the week, 8 hours, 431 runs)`."""
        if self.metric is Metric.VOLUME:
            text = _("usual {low} to {high} ({which_hours}, {hours})")
        else:
            text = _("usual {low} to {high} ({which_hours}, {hours}, {runs} runs)")
        return text.format(runs=wording.count(self.samples), **_told(self, self.low, self.high))


class Side(StrEnum):
    """Where a figure lies."""

    BELOW = "below"
    INSIDE = "inside"
    ABOVE = "above"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a figure lies against its usual range; `low` and `high` are those for as many samples as it has."""

    side: Side
    value: float
    low: float
    high: float
    words: str

    @property
    def is_outside(self) -> bool:
        """Whether the figure is below or above its usual range."""
        return self.side is not Side.INSIDE


def write(metric: Metric, value: float) -> str:
    """A figure of a metric with its unit."""
    if metric is Metric.ERROR_RATE:
        return wording.percent(value)
    if metric in (Metric.DURATION_P50, Metric.DURATION_P95):
        return wording.duration_ms(value)
    if metric is Metric.COST:
        return formats.dollars(f"{value:,.4g}")
    if metric is Metric.TOKENS:
        return wording.tokens(value)
    return formats.number(f"{value:,.3g}") if value < 100 else wording.count(value)


def is_outside(usual: Range, value: float, samples: int) -> Place:
    """Where `value` lies, given the samples it is made of.

    RATE: share of `samples` trials. COUNT: events per unit, over `samples` units (hours, runs). AMOUNT: a median,
    percentile or mean of `samples` runs. Without samples nothing is outside.
    """
    low, high = limits(usual, samples)
    if samples <= 0:
        return Place(Side.INSIDE, value, low, high, _("nothing to compare"))
    margin = _ROUNDING * max(1.0, abs(value))
    side = Side.BELOW if value < low - margin else Side.ABOVE if value > high + margin else Side.INSIDE
    words = _(_PLACED[side]).format(value=write(usual.metric, value), **_told(usual, low, high))
    return Place(side, value, low, high, words)


_PLACED = {
    Side.BELOW: gettext_noop("{value}, below the usual {low} to {high} ({which_hours}, {hours})"),
    Side.INSIDE: gettext_noop("{value}, inside the usual {low} to {high} ({which_hours}, {hours})"),
    Side.ABOVE: gettext_noop("{value}, above the usual {low} to {high} ({which_hours}, {hours})"),
}


def _told(usual: Range, low: float, high: float) -> dict[str, str]:
    hours = ngettext("{count} hour", "{count} hours", usual.points).format(count=wording.count(usual.points))
    ends = {"low": write(usual.metric, low), "high": write(usual.metric, high)}
    return {**ends, "which_hours": usual.pool.words, "hours": hours}


def limits(usual: Range, samples: float) -> tuple[float, float]:
    """The usual range for a figure of `samples` samples: wider for fewer. Without samples: everything. Exposure may be
    broken: five minutes are a twelfth of an hour.

    AMOUNT: fewer samples than `typical` widen by the square root of their ratio; more never narrow it, since how much
    of the spread is from hour to hour is not known.
    """
    shape = usual.metric.shape
    if samples <= 0:
        return 0.0, 1.0 if shape is Shape.RATE else math.inf
    if shape is Shape.RATE:
        return _rate_limits(usual, int(samples))
    if shape is Shape.COUNT:
        return _count_limits(usual, samples)
    if usual.middle <= 0:
        return 0.0, 0.0
    few = max(1.0, usual.typical / samples)
    half = min(MAX_HALF, Z_95 * usual.spread * math.sqrt(few + _MEDIAN_LOSS / max(usual.points, 1)))
    return usual.middle * math.exp(-half), usual.middle * math.exp(half)


def _rate_limits(usual: Range, samples: int) -> tuple[float, float]:
    """Beta-binomial; half an event more on both sides is Jeffreys's prior, so a history without events says little."""
    trials = min(samples, MAX_TRIALS)
    rate = (usual.middle * usual.samples + 0.5) / (usual.samples + 1)
    independent = usual.samples / (1 + max(usual.typical - 1, 0) * usual.spread)
    correlation = usual.spread + (1 - usual.spread) / (independent + 1)
    weight = 1 / correlation - 1
    if weight <= _ROUNDING:
        return 0.0, 1.0
    low, high = beta_binomial_range(trials, rate * weight, (1 - rate) * weight)
    return low / trials, high / trials


def beta_binomial_range(trials: int, a: float, b: float) -> tuple[int, int]:
    """The 2.5 and 97.5 % quantiles of the number of events in `trials` trials whose rate is Beta(a, b)."""
    if a > b:
        low, high = beta_binomial_range(trials, b, a)
        return trials - high, trials - low
    return _quantiles(_beta_binomial(trials, a, b))


def _beta_binomial(trials: int, a: float, b: float) -> Iterator[float]:
    """The chances of 0, 1, 2 ... events, one after the other: few are needed where events are rare."""
    first = math.lgamma(b + trials) - math.lgamma(b) + math.lgamma(a + b) - math.lgamma(a + b + trials)
    chance = math.exp(first)
    yield chance
    for k in range(trials):
        chance *= (trials - k) * (a + k) / ((k + 1) * (b + trials - k - 1))
        yield chance


def _count_limits(usual: Range, exposure: float) -> tuple[float, float]:
    """Negative binomial; the half event stands for a history in which nothing happened yet."""
    mean = max(usual.middle, 0.5 / max(usual.samples, 1)) * exposure
    relative = usual.spread + _MEDIAN_LOSS * (exposure / mean / max(usual.samples, 1) + usual.spread / usual.points)
    low, high = negative_binomial_range(mean, relative)
    return low / exposure, high / exposure


def negative_binomial_range(mean: float, spread: float) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles of a count with this mean and variance mean + spread mean^2."""
    if mean > MAX_EXACT_MEAN:
        part = (1 / mean + spread) / 9
        low, high = (mean * max(0.0, 1 - part + z * math.sqrt(part)) ** 3 for z in (-Z_95, Z_95))
        return math.floor(low), math.ceil(high)
    chance = math.exp(-mean if spread * mean < _ROUNDING else -math.log1p(spread * mean) / spread)
    chances, total, k = [chance], chance, 0
    while total < 1 - TAIL and k < 100 * MAX_EXACT_MEAN:
        chance *= mean * (1 + spread * k) / ((k + 1) * (1 + spread * mean))
        k += 1
        total += chance
        chances.append(chance)
    return _quantiles(chances)


def _quantiles(chances: Iterable[float]) -> tuple[int, int]:
    total, low, k = 0.0, -1, 0
    for k, chance in enumerate(chances):
        total += chance
        if low < 0 and total > TAIL:
            low = k
        if total >= 1 - TAIL:
            return max(low, 0), k
    return max(low, 0), k


def together(parts: Sequence[Range]) -> Range | None:
    """The range of a figure over several hours at once, each hour given with its own range; None without hours.

    The middle is weighted by the runs of a usual such hour, on the log scale for amounts. Hours are taken to move
    together (the spread stays), because incidents and busy days last longer than one; so it is rather wide.
    """
    if not parts:
        return None
    weights = [max(part.typical, 1) for part in parts]
    total = sum(weights)
    is_amount = parts[0].metric.shape is Shape.AMOUNT and all(part.middle > 0 for part in parts)
    middles = [math.log(part.middle) if is_amount else part.middle for part in parts]
    middle = sum(w * m for w, m in zip(weights, middles, strict=True)) / total
    distinct = list(dict.fromkeys(parts))
    rough = Range(
        metric=parts[0].metric,
        low=0.0,
        middle=math.exp(middle) if is_amount else middle,
        high=0.0,
        spread=sum(w * part.spread for w, part in zip(weights, parts, strict=True)) / total,
        points=sum(part.points for part in distinct),
        samples=sum(part.samples for part in distinct),
        typical=total,
        pool=max((part.pool for part in parts), key=list(Pool).index),
    )
    return with_limits(rough)


def with_limits(usual: Range) -> Range:
    """The same range with `low` and `high` worked out for its `typical` samples."""
    low, high = limits(usual, max(usual.typical, 1))
    return Range(
        usual.metric, low, usual.middle, high, usual.spread, usual.points, usual.samples, usual.typical, usual.pool
    )
