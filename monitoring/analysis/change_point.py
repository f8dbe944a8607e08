"""When did it begin: the bucket in which a rate or a latency changed, its level before and after, and how sure that is.

Binary segmentation (L. Vostrikova, "Detecting 'disorder' in multidimensional random processes", Soviet Mathematics 24,
1981): the best split of the whole series, then of each part, as long as chance would have a split as good in under 5 %.
Each scan is linear (rates) or n log n (values) in buckets.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from monitoring import wording
from monitoring.analysis.histogram import Histogram, count_within, merge, middle, percentile
from monitoring.analysis.intervals import wilson
from monitoring.analysis.rate_scan import Split, split_rates
from monitoring.analysis.value_scan import median_interval, split_values

SIGNIFICANCE = 0.05
# Fewer runs than this, or fewer buckets, have no beginning.
MIN_RUNS = 10
MIN_BUCKETS = 4
MAX_CHANGES = 16


class Kind(StrEnum):
    """What was found; the value is how it is said."""

    BEGAN = gettext_noop("began")
    GRADUAL = gettext_noop("no single beginning: it changed gradually")
    EPISODE = gettext_noop("began and ended")
    IMPROVED = gettext_noop("got better")
    NEVER = gettext_noop("no change")
    NOT_ENOUGH = gettext_noop("too few runs to say when")

    @property
    def words(self) -> str:
        """The value in the reader's language."""
        return _(self.value)


@dataclass(frozen=True, slots=True)
class Level:
    """A rate (share) or a typical duration (ms) with its 95 % interval, and the runs (or values) behind it."""

    value: float
    low: float
    high: float
    samples: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """When a series changed. Places are numbers of buckets; "worse" means higher.

    `bucket` is the first of the new level, and the true one lies in [`earliest`, `latest`] with 95 %; for an episode
    `ended` is the first bucket after it, and `after` is the level inside it. For `IMPROVED` the bucket is when it got
    better. Without a change all of these are None and `before` is the level of the whole.
    `p_value` is the chance that a series without a change looks like this, corrected for all places looked at.
    """

    kind: Kind
    bucket: int | None = None
    earliest: int | None = None
    latest: int | None = None
    ended: int | None = None
    before: Level | None = None
    after: Level | None = None
    p_value: float | None = None
    is_duration: bool = False

    @property
    def is_found(self) -> bool:
        """Whether there is one bucket in which it got worse."""
        return self.kind in (Kind.BEGAN, Kind.EPISODE)

    @property
    def words(self) -> str:
        """`2.1% (1.5% to 3.0%) before, 12.0% (9.8% to 14.6%) after; chance alone: under 0.1%`; no times."""
        levels = self.levels
        if levels and self.kind is Kind.GRADUAL:
            return _("no single beginning: it changed gradually: {levels}").format(levels=levels)
        return levels or self.kind.words

    @property
    def levels(self) -> str:
        """The levels before and after, and what chance has to do with it; empty where they are not known."""
        if self.before is None or self.after is None or self.p_value is None:
            return ""
        return _("{before} before, {after} after; chance alone: {chance}").format(
            before=self._said(self.before), after=self._said(self.after), chance=wording.percent(self.p_value)
        )

    def _said(self, level: Level) -> str:
        write = wording.duration_ms if self.is_duration else wording.percent
        return _("{value} ({low} to {high})").format(
            value=write(level.value), low=write(level.low), high=write(level.high)
        )


def rate_beginning(events: Sequence[int], trials: Sequence[int]) -> Beginning:
    """When the share of failures (`events` of `trials` runs, by bucket) changed. Buckets without runs are welcome."""
    if sum(trials) < MIN_RUNS or sum(1 for count in trials if count) < MIN_BUCKETS:
        return Beginning(Kind.NOT_ENOUGH)

    def split(start: int, end: int) -> Split | None:
        return _shifted(split_rates(events[start:end], trials[start:end]), start)

    def level(start: int, end: int) -> Level | None:
        found = wilson(sum(events[start:end]), total := sum(trials[start:end]))
        return Level(found.rate, found.low, found.high, total) if found else None

    return _describe(len(trials), split, level, is_duration=False)


def latency_beginning(buckets: Sequence[Histogram], limit_ms: float | None = None) -> Beginning:
    """When runs became slower: the share of runs above `limit_ms` (the median of all when None) changed.

    Levels are shares above the limit where one is given, else median durations (ms) with their 95 % intervals.
    """
    whole = merge((list(one), list(one.values())) for one in buckets)
    limit = limit_ms if limit_ms is not None else percentile(whole, 0.5)
    runs = [sum(one.values()) for one in buckets]
    above = [count - count_within(one, limit or 0.0) for one, count in zip(buckets, runs, strict=True)]
    if limit_ms is not None:
        return rate_beginning(above, runs)
    if sum(runs) < MIN_RUNS or sum(1 for count in runs if count) < MIN_BUCKETS:
        return Beginning(Kind.NOT_ENOUGH, is_duration=True)

    def split(start: int, end: int) -> Split | None:
        return _shifted(split_rates(above[start:end], runs[start:end]), start)

    return _describe(len(runs), split, lambda start, end: _median_level(buckets[start:end]), is_duration=True)


def _median_level(buckets: Sequence[Histogram]) -> Level | None:
    whole = merge((list(one), list(one.values())) for one in buckets)
    runs = sum(whole.values())
    value = percentile(whole, 0.5)
    if value is None:
        return None
    low, high = median_interval(runs)
    return Level(value, _ranked(whole, low), _ranked(whole, high), runs)


def _ranked(histogram: Histogram, rank: int) -> float:
    passed, value = 0, 0.0
    for index in sorted(histogram):
        passed, value = passed + histogram[index], middle(index)
        if passed > rank:
            break
    return value


def value_beginning(values: Sequence[float | None]) -> Beginning:
    """When a figure of buckets (a median, say; None where there is none) changed, by its ranks alone."""
    if sum(value is not None for value in values) < MIN_RUNS:
        return Beginning(Kind.NOT_ENOUGH, is_duration=True)

    def split(start: int, end: int) -> Split | None:
        return _shifted(split_values(values[start:end]), start)

    def level(start: int, end: int) -> Level | None:
        told = sorted(value for value in values[start:end] if value is not None)
        if not told:
            return None
        low, high = median_interval(len(told))
        return Level(median(told), told[low], told[high], len(told))

    return _describe(len(values), split, level, is_duration=True)


Splitter = Callable[[int, int], Split | None]
Leveller = Callable[[int, int], Level | None]


def _shifted(split: Split | None, start: int) -> Split | None:
    if split is None:
        return None
    places = (split.place + start, split.earliest + start, split.latest + start)
    return Split(*places, split.is_rise, split.statistic, split.trend, split.p_value)


def _changes(length: int, split: Splitter) -> list[Split]:
    """The changes of a series in order of time."""
    found: list[Split] = []
    open_parts = [(0, length)]
    while open_parts and len(found) < MAX_CHANGES:
        start, end = open_parts.pop(0)
        if end - start < 2:
            continue
        best = split(start, end)
        if best is not None and best.p_value < SIGNIFICANCE:
            found.append(best)
            open_parts += [(start, best.place), (best.place, end)]
    return sorted(found, key=lambda change: change.place)


def _describe(length: int, split: Splitter, level: Leveller, *, is_duration: bool) -> Beginning:
    changes = _changes(length, split)
    if not changes:
        return Beginning(Kind.NEVER, before=level(0, length), is_duration=is_duration)
    last = len(changes) - 1
    has_ended = not changes[last].is_rise
    at = last
    if has_ended:
        at = next((place for place in range(last, -1, -1) if changes[place].is_rise), last)
    while at > 0 and changes[at].is_rise and changes[at - 1].is_rise:
        at -= 1
    change = changes[at]
    start = changes[at - 1].place if at else 0
    ended = next((one.place for one in changes[at + 1 :] if not one.is_rise), None) if change.is_rise else None
    end = ended if ended is not None else length
    kind = _kind(change, split(start, end), ended is not None)
    return Beginning(
        kind=kind,
        bucket=None if kind is Kind.GRADUAL else change.place,
        earliest=change.earliest,
        latest=change.latest,
        ended=ended,
        before=level(start, change.place),
        after=level(change.place, end),
        p_value=change.p_value,
        is_duration=is_duration,
    )


def _kind(change: Split, alone: Split | None, has_ended: bool) -> Kind:
    """A straight line that explains more of this stretch than its best step is no single beginning."""
    if not change.is_rise:
        return Kind.IMPROVED
    if alone is not None and alone.trend > 1:
        return Kind.GRADUAL
    return Kind.EPISODE if has_ended else Kind.BEGAN
