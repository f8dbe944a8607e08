"""How far one execution's duration is from the usual ones, and which step and target carry the extra time.

These are facts for a cause ("slow rather than failed"): they say where the time went, not why.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from monitoring.analysis.tail_split import Cell, Profile

# Fewer other executions than this are no usual range.
MIN_REFERENCE = 10
# The median absolute deviation of a normal distribution, times this, is its standard deviation.
MAD_TO_SIGMA = 1.4826
# Durations differ by a few per cent for no reason: a narrower spread than this (of the logarithm) is not believed.
MIN_SPREAD = 0.05
# B. Iglewicz and D. Hoaglin, "How to Detect and Handle Outliers" (1993): a modified z-score above 3.5 is an outlier.
OUTLIER = 3.5
# Faster or slower by less than this is nobody's problem, however steady the usual ones are.
MIN_TIMES = 1.5


class Pace(StrEnum):
    """How the duration compares."""

    TOO_FEW = "too few to say"
    USUAL = "usual"
    SLOW = "slow"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class Share:
    """A place's part of the extra time in ms: this execution less the usual, and its share of all of it."""

    name: str
    extra_ms: float
    share: float


@dataclass(frozen=True, slots=True)
class Slowness:
    """One execution against others. `times` is its duration over the usual one (None where that is 0).

    `score` is the robust z-score of the logarithm; `faster_share` the share of the others that were faster. `usual_ms`
    is the median and `range_ms` the range that counts as usual. `nodes`, `kinds` and `targets` share the time beyond
    the usual (greatest first); they add up to `extra_ms`, targets only as far as the time has one.
    """

    pace: Pace
    duration_ms: float
    reference_runs: int
    usual_ms: float | None = None
    range_ms: tuple[float, float] | None = None
    times: float | None = None
    score: float | None = None
    faster_share: float | None = None
    extra_ms: float = 0.0
    nodes: Sequence[Share] = ()
    kinds: Sequence[Share] = ()
    targets: Sequence[Share] = ()


def compare_duration(one: Profile, others: Sequence[Profile]) -> Slowness:
    """How slow one execution was against others of its workflow, best of the same release and input type.

    Usual means the median; the spread is the median absolute deviation of the logarithms, so that one slow run among
    the others changes neither. Where the time went is told against the mean cells of the middle half of the others.
    """
    durations = sorted(p.duration_ms for p in others)
    if len(durations) < MIN_REFERENCE:
        return Slowness(Pace.TOO_FEW, one.duration_ms, len(durations))
    usual = median(durations)
    centre, spread = robust_log(durations)
    score = (_log(one.duration_ms) - centre) / spread
    limits = math.exp(centre - OUTLIER * spread), math.exp(centre + OUTLIER * spread)
    limits = min(limits[0], usual / MIN_TIMES), max(limits[1], usual * MIN_TIMES)
    pace = Pace.SLOW if one.duration_ms > limits[1] else Pace.FAST if one.duration_ms < limits[0] else Pace.USUAL
    low, high = durations[len(durations) // 4], durations[(3 * len(durations)) // 4]
    cells = mean_cells([p for p in others if low <= p.duration_ms <= high])
    extra = one.duration_ms - sum(cells.values())
    return Slowness(
        pace,
        one.duration_ms,
        len(durations),
        usual,
        limits,
        one.duration_ms / usual if usual else None,
        score,
        sum(ms < one.duration_ms for ms in durations) / len(durations),
        extra,
        _shares(one.cells, cells, extra, lambda cell: cell.node),
        _shares(one.cells, cells, extra, lambda cell: cell.kind.value),
        [share for share in _shares(one.cells, cells, extra, lambda cell: cell.target) if share.name],
    )


def robust_log(values: Sequence[float]) -> tuple[float, float]:
    """The median of the logarithms and their robust standard deviation, `MIN_SPREAD` at least."""
    logs = [_log(value) for value in values]
    centre = median(logs)
    return centre, max(MAD_TO_SIGMA * median(abs(value - centre) for value in logs), MIN_SPREAD)


def mean_cells(profiles: Sequence[Profile]) -> dict[Cell, float]:
    """The mean time of each cell; a profile without the cell counts as 0."""
    total: dict[Cell, float] = {}
    for one in profiles:
        for cell, ms in one.cells.items():
            total[cell] = total.get(cell, 0.0) + ms / len(profiles)
    return total


def _shares(
    cells: Mapping[Cell, float], usual: Mapping[Cell, float], extra_ms: float, name_of: Callable[[Cell], str]
) -> list[Share]:
    found: dict[str, float] = {}
    for sign, side in ((1, cells), (-1, usual)):
        for cell, ms in side.items():
            name = name_of(cell)
            found[name] = found.get(name, 0.0) + sign * ms
    shares = [Share(name, ms, ms / extra_ms if extra_ms else 0.0) for name, ms in found.items()]
    return sorted(shares, key=lambda share: (-share.extra_ms, share.name))


def _log(ms: float) -> float:
    """The logarithm of a duration; under a microsecond counts as one."""
    return math.log(max(ms, 0.001))
