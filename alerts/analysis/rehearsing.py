"""A rule run over the past: when it would have fired, and which threshold would have told about once a week. Pure.

Values come as arrays of windows; what they mean is said by the same `judge` and `advance` as in evaluation. Only
windows that can begin something, and those while something goes on, are handed to them: the others change nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.analysis.catalogue import METRICS, Family
from alerts.analysis.conditions import Comparison, Condition, NoData, State
from alerts.analysis.judging import judge
from alerts.analysis.readings import Reading, Subject
from alerts.analysis.sliding import Floats, Ints
from alerts.analysis.states import Change, Memory, Transition, advance
from monitoring.analysis.arrays import Booleans, np

_CHUNK = 32
# A threshold that fires for more of the time than this tells nothing any more.
MAX_FIRING_SHARE = 0.25
WEEK = timedelta(days=7)
Mask = Booleans


@dataclass(frozen=True, slots=True)
class Stretch:
    """Windows of one length at equal steps: the first one ends at `first`. `low`, `high`: usual ranges, where asked.
    `begins`: the windows at which something may begin, where that is not each; `is_once`: when it was over, no window
    does any more."""

    first: datetime
    step: timedelta
    values: Floats
    samples: Ints
    low: Floats | None = None
    high: Floats | None = None
    begins: Booleans | None = None
    is_once: bool = False

    def at(self, index: int) -> datetime:
        """The end of a window."""
        return self.first + index * self.step

    def reading(self, subject: Subject, index: int) -> Reading:
        """What a window gave."""
        return self.readings(subject, index, index + 1)[0]

    def readings(self, subject: Subject, start: int, end: int) -> list[Reading]:
        """What the windows from one place to before another gave."""
        columns = (_told(one, start, end) for one in (self.values, self.low, self.high))
        samples: list[int] = self.samples[start:end].tolist()
        places = zip(range(start, end), samples, *columns, strict=True)
        return [Reading(subject, self.at(at), value, count, low, high) for at, count, value, low, high in places]


def _told(values: Floats | None, start: int, end: int) -> list[float | None]:
    if values is None:
        return [None] * (end - start)
    # What is not told is NaN, which equals nothing.
    return [value if value == value else None for value in values[start:end].tolist()]  # noqa: PLR0124


@dataclass(frozen=True, slots=True)
class Track:
    """The past of one subject: stretches in order of time."""

    subject: Subject
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Firing:
    """One incident that there would have been. `since` the condition held, `opened_at` it fired, `until` it was over
    (None: it still fires). `worst` is the value furthest beyond the limit."""

    subject: Subject
    since: datetime
    opened_at: datetime
    until: datetime | None
    worst: float | None
    is_flapping: bool = False

    def length(self, now: datetime) -> timedelta:
        """How long it fired."""
        return (self.until or now) - self.opened_at


@dataclass(frozen=True, slots=True)
class Advised:
    """A threshold and how often it would have fired. `is_fitting`: that is about once a week."""

    threshold: float
    firings: int
    is_fitting: bool


def firings(condition: Condition, track: Track) -> list[Firing]:
    """When a rule would have fired for one subject, in order of time."""
    found: list[Firing] = []
    for change in _changes(condition, track):
        if change.change is Change.FIRED:
            value = change.judged.reading.value
            found.append(Firing(track.subject, change.since, change.at, None, value, change.is_flapping))
        elif change.change is Change.CLEARED:
            found[-1] = replace(found[-1], until=change.at)
        elif change.change is Change.WORSE:
            found[-1] = replace(found[-1], worst=change.judged.reading.value)
    return found


def _changes(condition: Condition, track: Track) -> Iterator[Transition]:
    memory = Memory()
    for stretch in track.stretches:
        index, bad = 0, may_be_bad(condition, stretch)
        beginnings = np.flatnonzero(bad if stretch.begins is None else bad & stretch.begins)
        # Where not everything may begin something, what goes on is looked at as far as it may end.
        ends = np.flatnonzero(~bad) + 1 if stretch.begins is not None else np.empty(0, dtype=np.int64)
        while index < len(stretch.values):
            if memory.state not in (State.PENDING, State.FIRING):
                place = int(np.searchsorted(beginnings, index))
                if place == len(beginnings) or (stretch.is_once and memory.cleared):
                    break
                index = int(beginnings[place])
            next_end = ends[np.searchsorted(ends, index, side="right") :][:1].tolist()
            end = min(index + _CHUNK, len(stretch.values), *next_end)
            judged = [judge(condition, one) for one in stretch.readings(track.subject, index, end)]
            memory, changes = advance(condition, memory, judged)
            yield from changes
            index = end


def may_be_bad(condition: Condition, stretch: Stretch) -> Mask:
    """Which windows `judge` may find bad: all of those, and perhaps others."""
    values = stretch.values
    if METRICS[condition.metric].family is Family.BURN:
        # The alarm that fired stands in `high`.
        return np.zeros(len(values), dtype=np.bool_) if stretch.high is None else ~np.isnan(stretch.high)
    with np.errstate(invalid="ignore"):
        if condition.comparison is Comparison.BELOW and condition.threshold is not None:
            bad = values < condition.threshold
        elif condition.comparison is Comparison.ABOVE and condition.threshold is not None:
            bad = values > condition.threshold
        elif stretch.low is not None and stretch.high is not None:
            bad = (values < stretch.low) | (values > stretch.high)
        else:
            bad = np.zeros(len(values), dtype=np.bool_)
    enough = stretch.samples >= condition.min_samples
    if condition.no_data is NoData.FIRE:
        missing = np.isnan(values) | ~enough
        if stretch.low is not None and stretch.high is not None:
            missing |= np.isnan(stretch.low) | np.isnan(stretch.high)
        return bad | missing
    return bad & enough


def rehearse(condition: Condition, tracks: Sequence[Track]) -> list[Firing]:
    """When a rule would have fired, for all of its subjects, in order of time."""
    found = [one for track in tracks for one in firings(condition, track)]
    order = {track.subject: number for number, track in enumerate(tracks)}
    return sorted(found, key=lambda one: (one.opened_at, order[one.subject]))


def weekly_threshold(condition: Condition, tracks: Sequence[Track], length: timedelta) -> Advised | None:
    """The threshold that would have fired about once a week over a past of this length: the quietest that fires at
    least that often, else the nearest to it that fires less. None where no threshold fires, or there is none.

    From quiet to noisy, a rule fires more and more often, until its incidents run together: the search ends before.
    """
    candidates = _candidates(condition, tracks)
    if not len(candidates):
        return None
    wanted, counts = length / WEEK, dict[int, int]()

    def is_noisy(place: int) -> bool:
        counts[place], share = _loudness(condition, tracks, float(candidates[place]), round(wanted * 2) + 1, length)
        return counts[place] >= round(wanted) or share > MAX_FIRING_SHARE

    low, high = 0, len(candidates) - 1
    if not is_noisy(high):
        return _advised(condition, tracks, float(candidates[high]), wanted)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_noisy(middle) else (middle + 1, high)
    places = [place for place in (low, low - 1) if place >= 0]
    found = [_advised(condition, tracks, float(candidates[place]), wanted) for place in places]
    told = [one for one in found if one is not None]
    return next((one for one in told if one.is_fitting), min(told, key=lambda one: one.firings, default=None))


def _candidates(condition: Condition, tracks: Sequence[Track]) -> Floats:
    """All values that a threshold could lie at, from quiet to noisy, with few digits."""
    is_above = condition.comparison is Comparison.ABOVE
    if condition.comparison not in (Comparison.ABOVE, Comparison.BELOW):
        return np.empty(0)
    told = [
        one.values[(one.samples >= condition.min_samples) & np.isfinite(one.values)]
        for track in tracks
        for one in track.stretches
    ]
    values = np.unique(np.concatenate(told)) if told else np.empty(0)
    values = np.unique(_rounded(values, is_above))
    values = values[values >= 0] if is_above else values[values > 0]
    return values[::-1] if is_above else values


def _rounded(values: Floats, is_above: bool) -> Floats:
    """Thresholds that just fire at these values: one less (more) of small whole numbers, else three digits."""
    if len(values) and np.all(values == np.rint(values)) and values.max() < 1_000:
        return values - 1 if is_above else values + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        unit = 10.0 ** (np.floor(np.log10(np.abs(values))) - 2)
        parts = np.floor(values / unit * (1 - 1e-12)) if is_above else np.ceil(values / unit * (1 + 1e-12))
        return np.where(values == 0, 0.0, np.round(parts * unit, 12))


def _loudness(
    condition: Condition, tracks: Sequence[Track], threshold: float, most: int, length: timedelta
) -> tuple[int, float]:
    """How often it would have fired, and the share of the time of one subject; counting ends at `most`."""
    tried = replace(condition, threshold=threshold, clear_threshold=None)
    # Where it holds that often it is loud, whatever becomes of it: that need not be followed.
    shares = [float(np.mean(may_be_bad(tried, one))) for track in tracks for one in track.stretches if len(one.values)]
    if max(shares, default=0.0) > MAX_FIRING_SHARE:
        return 0, 1.0
    count, lasted = 0, timedelta()
    for track in tracks:
        end = track.stretches[-1].at(len(track.stretches[-1].values) - 1)
        for one in firings(tried, track):
            count, lasted = count + 1, max(lasted, one.length(end))
        if count >= most:
            break
    return count, lasted / length


def _advised(condition: Condition, tracks: Sequence[Track], threshold: float, wanted: float) -> Advised | None:
    tried = replace(condition, threshold=threshold, clear_threshold=None)
    count = sum(len(firings(tried, track)) for track in tracks)
    return Advised(threshold, count, 0.5 <= count / wanted <= 1.6) if count else None
