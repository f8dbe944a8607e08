"""Runs of two sides by the hour, and which hours are like each other: the strata of a comparison. Pure."""

from dataclasses import dataclass
from enum import Enum

from monitoring.analysis.arrays import Integers, Reals, np

Array = Reals
Places = Integers

WEEK_HOURS, DAY_HOURS = 168, 24
# 1970 began on a Thursday; hours of the week are counted from Monday.
MONDAY = 72


class Alike(Enum):
    """Which hours are compared with each other."""

    HOUR_OF_WEEK = "hour of the week"
    HOUR_OF_DAY = "hour of the day"
    ALL = "all hours"
    SAME_HOUR = "same hour"


@dataclass(frozen=True, slots=True)
class Hours:
    """One side by the hour: whole hours since 1970, runs, and the sum of the figure over them; of equal length."""

    at: Places
    runs: Array
    totals: Array

    @property
    def count(self) -> int:
        """All runs."""
        return int(self.runs.sum())

    @property
    def mean(self) -> float:
        """The figure a run; 0 without runs."""
        return float(self.totals.sum() / self.runs.sum()) if self.count else 0.0

    def strata(self, alike: Alike) -> Places:
        """The stratum of each hour."""
        if alike is Alike.SAME_HOUR:
            return self.at
        if alike is Alike.ALL:
            return np.zeros_like(self.at)
        return (self.at + MONDAY) % WEEK_HOURS if alike is Alike.HOUR_OF_WEEK else self.at % DAY_HOURS


def hours(rows: dict[int, tuple[float, float]]) -> Hours:
    """A side from (runs, sum) by hour since 1970; hours without a run say nothing."""
    told = sorted((at, runs, total) for at, (runs, total) in rows.items() if runs > 0)
    columns = list(zip(*told, strict=True)) or [(), (), ()]
    return Hours(np.array(columns[0], dtype=np.int64), *(np.array(one, dtype=float) for one in columns[1:]))


def alike_of(before: Hours) -> Alike:
    """The finest strata that a past of this length can fill."""
    span = int(before.at.max() - before.at.min()) + 1 if len(before.at) else 0
    if span >= WEEK_HOURS:
        return Alike.HOUR_OF_WEEK
    return Alike.HOUR_OF_DAY if span >= DAY_HOURS else Alike.ALL
