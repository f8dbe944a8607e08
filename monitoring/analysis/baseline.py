"""Baselines: the usual range of a figure for each hour of the week, learned from up to eight weeks of hours.

Robust against incidents in the history: the middle of a rate or count survives a quarter of the runs behind it being
wrong, that of an amount half of the hours; every spread survives a fifth. Where an hour of the week has too little,
its range is made of more hours, and says of which.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from monitoring.analysis.histogram import Histogram, percentile
from monitoring.analysis.ranges import Metric, Pool, Range, Shape, together, with_limits
from monitoring.analysis.robust import amount_spread, dispersion, robust_rate

HOURS_OF_WEEK = 168
HISTORY = timedelta(weeks=8)
# Fewer hours than this are no range of their own, and fewer events (and non-events) no rate of their own.
MIN_POINTS = 6
MIN_EVENTS = 20
NEAR_HOURS = 2
# A change of under a tenth is never outside: clocks, histograms and whole seconds are not finer than that.
MIN_SPREAD = 0.05
# A pool's own spread counts as much as that of all hours once so many hours are behind it.
OWN_SPREAD_POINTS = 8
VERSION = 1

Key = tuple[Pool, int, int]


@dataclass(frozen=True, slots=True)
class Point:
    """One hour of history, by its aware start.

    RATE: `value` events of `samples` trials. COUNT: `value` events over `samples` units: 1 for runs an hour, the
    runs for retries. AMOUNT: the hour's figure, of `samples` runs. An hour that is not given is unknown, not zero.
    """

    at: datetime
    value: float
    samples: int = 1


@dataclass(frozen=True, slots=True)
class Baseline:
    """Usual ranges by hour of the week in `zone`: hour h has `ranges[places[h]]`; hour 0 is Monday, 00:00.

    Made of `points` hours with `samples` samples between `since` and `until` (starts of hours).
    """

    metric: Metric
    zone: str
    since: datetime
    until: datetime
    points: int
    samples: int
    ranges: tuple[Range, ...]
    places: tuple[int, ...]

    def at(self, moment: datetime) -> Range:
        """The usual range of the hour that a moment is in."""
        return self.ranges[self.places[hour_of_week(moment, ZoneInfo(self.zone))]]

    def over(self, start: datetime, end: datetime) -> Range:
        """The usual range of a figure over a window; of a week at most, since hours repeat after that."""
        hours = max(1, min(HOURS_OF_WEEK, math.ceil((end - start) / timedelta(hours=1))))
        parts = [self.at(start + timedelta(hours=hour)) for hour in range(hours)]
        return _together(parts, self.points, self.samples)

    def as_document(self) -> dict[str, Any]:
        """The baseline as JSON values; at most 168 different ranges, so its size is bounded."""
        return {
            "version": VERSION,
            "metric": self.metric.value,
            "zone": self.zone,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "points": self.points,
            "samples": self.samples,
            "week": _as_row(_together([self.ranges[place] for place in self.places], self.points, self.samples)),
            "ranges": [_as_row(one) for one in self.ranges],
            "places": list(self.places),
        }


def from_document(document: Mapping[str, Any]) -> Baseline:
    """The baseline that `as_document` wrote; ValueError for one of another version."""
    metric = _metric_of(document)
    return Baseline(
        metric=metric,
        zone=document["zone"],
        since=datetime.fromisoformat(document["since"]),
        until=datetime.fromisoformat(document["until"]),
        points=document["points"],
        samples=document["samples"],
        ranges=tuple(_from_row(metric, row) for row in document["ranges"]),
        places=tuple(document["places"]),
    )


def range_over(document: Mapping[str, Any], start: datetime, end: datetime) -> Range:
    """As `Baseline.over`, from a document: reads only the hours that it needs."""
    if end - start >= timedelta(hours=HOURS_OF_WEEK):
        return range_of_week(document)
    metric = _metric_of(document)
    zone, count = ZoneInfo(document["zone"]), max(1, math.ceil((end - start) / timedelta(hours=1)))
    hours = [hour_of_week(start + timedelta(hours=hour), zone) for hour in range(count)]
    rows = {place: _from_row(metric, document["ranges"][place]) for place in {document["places"][h] for h in hours}}
    return _together([rows[document["places"][hour]] for hour in hours], document["points"], document["samples"])


def _together(parts: Sequence[Range], points: int, samples: int) -> Range:
    """The range over several hours. Pools overlap: over a week all hours of the history stand behind it, and never more
    than these over less."""
    found = together(parts) or parts[0]
    if len(parts) < HOURS_OF_WEEK:
        points, samples = min(points, found.points), min(samples, found.samples)
    return with_limits(replace(found, points=points, samples=samples))


def range_of_week(document: Mapping[str, Any]) -> Range:
    """The usual range of a figure over a week, from a document or only its `version`, `metric` and `week`."""
    return _from_row(_metric_of(document), document["week"])


def _metric_of(document: Mapping[str, Any]) -> Metric:
    if document.get("version") != VERSION:
        raise ValueError(f"a baseline of version {document.get('version')}, not {VERSION}")
    return Metric(document["metric"])


def _from_row(metric: Metric, row: Sequence[Any]) -> Range:
    low, middle, high, spread, points, samples, typical, pool = row
    return Range(metric, low, middle, high, spread, points, samples, typical, list(Pool)[pool])


def _as_row(one: Range) -> list[Any]:
    figures = [_short(value) for value in (one.low, one.middle, one.high, one.spread)]
    return [*figures, one.points, one.samples, one.typical, list(Pool).index(one.pool)]


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def percentile_points(hours: Iterable[tuple[datetime, Histogram]], share: float) -> list[Point]:
    """Points of a percentile of durations (ms), from the histogram of each hour; hours without runs are left out."""
    found = ((at, percentile(histogram, share), sum(histogram.values())) for at, histogram in hours)
    return [Point(at, value, runs) for at, value, runs in found if value is not None]


def with_silent_hours(points: Iterable[Point], start: datetime, end: datetime) -> list[Point]:
    """Points of runs an hour with a zero for each hour of [start, end) that has none."""
    told = {point.at: point for point in points}
    hours = math.ceil((end - start) / timedelta(hours=1))
    silent = (start + timedelta(hours=hour) for hour in range(hours))
    return [*told.values(), *(Point(at, 0.0) for at in silent if at not in told)]


def hour_of_week(moment: datetime, zone: ZoneInfo) -> int:
    """0 for Monday, 00:00 to 01:00 in the zone. The hour that summer time repeats is the same hour of the week."""
    local = moment.astimezone(zone)
    return local.weekday() * 24 + local.hour


def build(metric: Metric, points: Iterable[Point], *, zone: str = "UTC") -> Baseline | None:
    """The baseline of a figure; None without a usable point. The order of the points does not matter.

    Points that are older than eight weeks before the newest one, without samples, or no finite number from 0 up are
    left out.
    """
    usable = [p for p in points if p.samples > 0 and math.isfinite(p.value) and p.value >= 0]
    if not usable:
        return None
    until = max(point.at for point in usable)
    kept = sorted((p for p in usable if until - p.at < HISTORY), key=lambda p: (p.at, p.value, p.samples))
    hours = [hour_of_week(point.at, ZoneInfo(zone)) for point in kept]
    pools = _pools(kept, hours)
    keys = [_choose(metric, pools, hour) for hour in range(HOURS_OF_WEEK)]
    made = _ranges(metric, {key: pools[key] for key in dict.fromkeys(keys)}, kept, [keys[hour] for hour in hours])
    order = {key: place for place, key in enumerate(made)}
    samples = sum(point.samples for point in kept)
    places = tuple(order[key] for key in keys)
    return Baseline(metric, zone, kept[0].at, until, len(kept), samples, tuple(made.values()), places)


def _pools(points: Sequence[Point], hours: Sequence[int]) -> dict[Key, list[Point]]:
    pools: dict[Key, list[Point]] = {}
    for point, hour in zip(points, hours, strict=True):
        for key in _member_of(hour):
            pools.setdefault(key, []).append(point)
    return pools


def _member_of(hour: int) -> list[Key]:
    days = int(hour // 24 >= 5)
    near = [(hour + shift) % 24 for shift in range(-NEAR_HOURS, NEAR_HOURS + 1)]
    return [
        (Pool.SAME_HOUR_OF_WEEK, 0, hour),
        (Pool.SAME_HOUR_OF_SUCH_DAYS, days, hour % 24),
        *((Pool.NEAR_HOURS_OF_SUCH_DAYS, days, around) for around in near),
        (Pool.ALL_HOURS, 0, 0),
    ]


def _choose(metric: Metric, pools: Mapping[Key, Sequence[Point]], hour: int) -> Key:
    """The narrowest pool with enough behind it; all hours when none has."""
    days = int(hour // 24 >= 5)
    ladder: list[Key] = [
        (Pool.SAME_HOUR_OF_WEEK, 0, hour),
        (Pool.SAME_HOUR_OF_SUCH_DAYS, days, hour % 24),
        (Pool.NEAR_HOURS_OF_SUCH_DAYS, days, hour % 24),
    ]
    enough = (key for key in ladder if _is_enough(metric, pools.get(key, ())))
    return next(enough, (Pool.ALL_HOURS, 0, 0))


def _is_enough(metric: Metric, points: Sequence[Point]) -> bool:
    if len(points) < MIN_POINTS:
        return False
    if metric in (Metric.ERROR_RATE, Metric.RETRIES):
        events = sum(point.value for point in points)
        others = sum(point.samples for point in points) - events
        return events >= MIN_EVENTS and (metric is Metric.RETRIES or others >= MIN_EVENTS)
    return True


def _ranges(
    metric: Metric, pools: Mapping[Key, Sequence[Point]], points: Sequence[Point], keys: Sequence[Key]
) -> dict[Key, Range]:
    """The range of each pool. `keys` names the pool of each point: what it is compared with for the spread."""
    make = _amount_ranges if metric.shape is Shape.AMOUNT else _event_ranges
    middles, spreads = make(metric, pools, points, keys)
    return {
        key: with_limits(
            Range(
                metric=metric,
                low=0.0,
                middle=_short(middles[key]),
                high=0.0,
                spread=_short(spreads(key)),
                points=len(pool),
                samples=sum(point.samples for point in pool),
                typical=max(1, round(median(point.samples for point in pool))),
                pool=key[0],
            )
        )
        for key, pool in pools.items()
    }


Made = tuple[Mapping[Key, float], Callable[[Key], float]]


def _event_ranges(
    metric: Metric, pools: Mapping[Key, Sequence[Point]], points: Sequence[Point], keys: Sequence[Key]
) -> Made:
    """Rates and counts: a trimmed rate of each pool, and one dispersion for all hours (a pool has too few for one)."""
    middles = {key: robust_rate([(p.value, p.samples) for p in pool]) for key, pool in pools.items()}
    seen = [(p.value, p.samples, middles[key]) for p, key in zip(points, keys, strict=True)]
    spread = dispersion(seen, is_rate=metric.shape is Shape.RATE)
    return middles, lambda _key: spread


def _amount_ranges(
    metric: Metric, pools: Mapping[Key, Sequence[Point]], points: Sequence[Point], keys: Sequence[Key]
) -> Made:
    """Amounts: the median of each pool, and a spread between the pool's own and that of all hours."""
    del metric
    middles = {key: median(point.value for point in pool) for key, pool in pools.items()}
    floor = min((point.value for point in points if point.value > 0), default=1.0)

    logs = {key: math.log(max(middle, floor)) for key, middle in middles.items()}

    def residuals(some: Sequence[Point], of: Sequence[Key]) -> list[float]:
        return [math.log(max(point.value, floor)) - logs[key] for point, key in zip(some, of, strict=True)]

    sizes = [len(pools[key]) for key in keys]
    everywhere = amount_spread(residuals(points, keys), median(sizes))

    def spread(key: Key) -> float:
        pool = pools[key]
        own = amount_spread(residuals(pool, [key] * len(pool)), len(pool))
        weight = len(pool) / (len(pool) + OWN_SPREAD_POINTS)
        return max(MIN_SPREAD, math.sqrt(weight * own**2 + (1 - weight) * everywhere**2))

    return middles, spread
