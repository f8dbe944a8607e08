"""The baseline rule: at which points of a series an incident opens, given how unlikely each point is.

An incident opens at the first unusual point, goes on with unusual ones, and is over for good after `QUIET` usual
points: an unusual one before that belongs to it. Each incident of the last `MEMORY` points halves the chance below
which the next one opens, so that a series that is unusual all the time has to be more so to be told again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from monitoring.analysis.novelty import CHANCE, UTC_ZONE, Point, Reading, series_of

QUIET = 100
MEMORY = 1_000


@dataclass(frozen=True, slots=True)
class Watch:
    """Where the rule stands after `points` points of a series; JSON values and times only, so that it can be kept.

    `opened`: numbers of the points of the last `MEMORY` at which incidents opened. `since` and `until`: the first and
    the last unusual point of the incident that is not over (None when there is none), `calm` usual ones came after it.
    """

    points: int = 0
    opened: tuple[int, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    calm: int = 0

    @property
    def limit(self) -> float:
        """The chance at or below which the next incident opens."""
        return float(CHANCE * 0.5 ** len(self.opened))

    @property
    def has_opened(self) -> bool:
        """Whether an incident opened at the last point."""
        return bool(self.opened) and self.opened[-1] == self.points

    def step(self, at: datetime, chance: float) -> "Watch":
        """After the next point, of which the chance is told."""
        points = self.points + 1
        kept = replace(self, points=points, opened=tuple(place for place in self.opened if place > points - MEMORY))
        if self.since is None:
            is_opening = chance <= kept.limit
            return replace(kept, opened=(*kept.opened, points), since=at, until=at) if is_opening else kept
        if chance <= CHANCE:
            return replace(kept, until=at, calm=0)
        is_over = self.calm + 1 >= QUIET
        return replace(kept, since=None, until=None, calm=0) if is_over else replace(kept, calm=self.calm + 1)


def openings(points: Iterable[Point], zone: ZoneInfo = UTC_ZONE) -> Iterator[Reading]:
    """The points at which an incident opens, in order of time; none of them depends on a later point."""
    series = series_of(points, zone)
    watch = Watch()
    for place, moment in enumerate(series.moments):
        watch = watch.step(moment, series.chance(place))
        if watch.has_opened:
            yield series.reading(place)
