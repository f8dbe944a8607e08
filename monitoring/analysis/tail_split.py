"""Where slow executions spend the time that usual ones do not: the tail split by step, kind of time and target.

Each execution becomes a profile: its critical path, sorted into cells (node, kind of time, target) that add up to its
duration. So differences of cells add up to the difference of durations, and a sentence like "of 41 s that slow runs
take longer, 33 s (80 %) are in charge_card, waiting for payments.example" is exact.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from accounts.phrases import gettext_noop
from monitoring.analysis.critical_path import CriticalPath, Piece, critical_path
from monitoring.analysis.intervals import Z_95
from monitoring.analysis.timeline import Visit

# With fewer slow or usual executions a split is an anecdote: figures are given, and it says so.
MIN_GROUP = 10
# "Usual" is the middle half of all executions.
USUAL_SHARE = (0.25, 0.75)


class Kind(StrEnum):
    """What time was spent on. Each moment of the path has one: the first of these that applies."""

    RETRY = gettext_noop("retries")
    WAITING = gettext_noop("waiting")
    SYSTEM = gettext_noop("external system")
    TOOL = gettext_noop("tool")
    MODEL = gettext_noop("model")
    OWN = gettext_noop("own work")


class Cell(NamedTuple):
    """A kind of time at a node; "" is outside of every node. `target`: the model, tool or external system, else ""."""

    node: str
    kind: Kind
    target: str


class Carrier(NamedTuple):
    """What a step used, None: nothing, or not told."""

    system: str | None = None
    tool: str | None = None
    model: str | None = None


_NOTHING = Carrier()
_WAITS = frozenset({Piece.START, Piece.GAP, Piece.END})


@dataclass(frozen=True, slots=True)
class Profile:
    """One execution: its duration in ms and how the cells share it; `cells` add up to `duration_ms`."""

    id: str
    duration_ms: float
    cells: dict[Cell, float]


class Mean(NamedTuple):
    """A difference of means in ms with its 95 % interval (None: too few to tell one)."""

    ms: float
    low_ms: float | None
    high_ms: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a split: mean time of slow and usual executions, the difference, and its share of all of it.

    `share` may be negative (slow executions spend less there) or above 1; the shares of all lines add up to 1.
    """

    key: tuple[str, ...]
    slow_ms: float
    usual_ms: float
    extra: Mean
    share: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        return (
            self.extra.low_ms is not None
            and self.extra.high_ms is not None
            and (self.extra.low_ms > 0 or self.extra.high_ms < 0)
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Slow executions against usual ones. `above_ms` is where slow begins, `usual_ms` the range of the usual ones."""

    above_ms: float
    usual_ms: tuple[float, float]
    slow_runs: int
    usual_runs: int
    extra: Mean
    parts: Sequence[Part]
    by_node: Sequence[Part]
    by_kind: Sequence[Part]
    by_target: Sequence[Part]

    @property
    def is_told(self) -> bool:
        """False: one of the groups is too small to say more than what happened in these executions."""
        return min(self.slow_runs, self.usual_runs) >= MIN_GROUP


def profile(
    id: str,
    visits: Sequence[Visit],
    carriers: Sequence[Carrier],
    start_ms: float | None = None,
    end_ms: float | None = None,
) -> Profile | None:
    """One execution as cells; `carriers` has an entry for each visit. None where there is no path (no times told)."""
    path = critical_path(visits, start_ms, end_ms)
    return None if path.reason else profile_path(id, path, visits, carriers)


def profile_path(id: str, path: CriticalPath, visits: Sequence[Visit], carriers: Sequence[Carrier]) -> Profile:
    """As `profile`, from a path that is there already."""
    spent = _repeated(visits, path.container)
    cells: dict[Cell, float] = {}
    for segment in path.segments:
        at = segment.then if segment.step is None else segment.step
        node = "" if at is None else visits[at].name
        carrier = _NOTHING if at is None else _carrier(at, path.container, carriers)
        if segment.piece is Piece.RETRY_PAUSE or (segment.step is not None and segment.step in spent):
            cell = Cell(node, Kind.RETRY, next(filter(None, carrier), ""))
        elif segment.piece in _WAITS or (at is not None and visits[at].status in ("waiting", "queued")):
            cell = Cell(node, Kind.WAITING, "")
        else:
            cell = _work(node, carrier)
        cells[cell] = cells.get(cell, 0.0) + segment.length_ms
    return Profile(id, path.duration_ms, cells)


def _work(node: str, carrier: Carrier) -> Cell:
    for kind, target in zip((Kind.SYSTEM, Kind.TOOL, Kind.MODEL), carrier, strict=True):
        if target:
            return Cell(node, kind, target)
    return Cell(node, Kind.OWN, "")


def _carrier(at: int, container: Sequence[int | None], carriers: Sequence[Carrier]) -> Carrier:
    """What a step used; a step inside a call that tells nothing of its own belongs to the call around it."""
    index: int | None = at
    if not any(carriers[at]):
        index = container[at]
        if index is None or not any(carriers[index]):
            return _NOTHING
    return carriers[index] if index is not None else _NOTHING


def _repeated(visits: Sequence[Visit], container: Sequence[int | None]) -> set[int]:
    """Steps that were tried again (a later attempt of the same node in the same place is told), and all inside them."""
    last: dict[tuple[int | None, str], int] = {}
    for index, visit in enumerate(visits):
        key = container[index], visit.name
        last[key] = max(last.get(key, 0), visit.attempt)
    if all(attempt <= 1 for attempt in last.values()):
        return set()
    spent = {i for i, visit in enumerate(visits) if visit.attempt < last[container[i], visit.name]}
    children: dict[int, list[int]] = {}
    for index, parent in enumerate(container):
        if parent is not None:
            children.setdefault(parent, []).append(index)
    stack = list(spent)
    while stack:
        inside = [child for child in children.get(stack.pop(), ()) if child not in spent]
        spent.update(inside)
        stack += inside
    return spent


def split_tail(profiles: Sequence[Profile], above_ms: float | None = None, share: float = 0.95) -> Split | None:
    """The split of executions slower than `above_ms` (an objective, or a percentile of more runs than these) against
    the middle half; without `above_ms` of those beyond `share` of the given ones. None where no execution is slower.
    """
    durations = sorted(p.duration_ms for p in profiles)
    if not durations:
        return None
    limit = _quantile(durations, share) if above_ms is None else above_ms
    usual_range = _quantile(durations, USUAL_SHARE[0]), _quantile(durations, USUAL_SHARE[1])
    slow = [p for p in profiles if p.duration_ms > limit]
    usual = [p for p in profiles if usual_range[0] <= p.duration_ms <= min(usual_range[1], limit)]
    return split_groups(slow, usual, limit, usual_range)


def split_groups(
    slow: Sequence[Profile], usual: Sequence[Profile], above_ms: float, usual_ms: tuple[float, float]
) -> Split | None:
    """The split of slow executions against usual ones that were chosen already: above `above_ms`, and inside
    `usual_ms`. None where one of them is empty.
    """
    if not slow or not usual:
        return None
    extra = welch([p.duration_ms for p in slow], [p.duration_ms for p in usual])
    return Split(
        above_ms,
        usual_ms,
        len(slow),
        len(usual),
        extra,
        _parts(slow, usual, extra.ms, lambda cell: (cell.node, cell.kind.value, cell.target)),
        _parts(slow, usual, extra.ms, lambda cell: (cell.node,)),
        _parts(slow, usual, extra.ms, lambda cell: (cell.kind.value,)),
        _parts(slow, usual, extra.ms, lambda cell: (cell.kind.value, cell.target) if cell.target else None),
    )


def _parts(
    slow: Sequence[Profile],
    usual: Sequence[Profile],
    extra_ms: float,
    key_of: Callable[[Cell], tuple[str, ...] | None],
) -> list[Part]:
    """The lines by one way to sort cells, greatest difference first. Cells without a key are left out."""
    slow_by, usual_by = _columns(slow, key_of), _columns(usual, key_of)
    found = []
    for key in slow_by.keys() | usual_by.keys():
        a = slow_by.get(key, [0.0] * len(slow))
        b = usual_by.get(key, [0.0] * len(usual))
        mean = welch(a, b)
        found.append(Part(key, sum(a) / len(a), sum(b) / len(b), mean, mean.ms / extra_ms if extra_ms else 0.0))
    return sorted(found, key=lambda part: (-part.extra.ms, part.key))


def _columns(
    profiles: Sequence[Profile], key_of: Callable[[Cell], tuple[str, ...] | None]
) -> dict[tuple[str, ...], list[float]]:
    columns: dict[tuple[str, ...], list[float]] = {}
    for row, one in enumerate(profiles):
        for cell, ms in one.cells.items():
            key = key_of(cell)
            if key is not None:
                columns.setdefault(key, [0.0] * len(profiles))[row] += ms
    return columns


def welch(a: Sequence[float], b: Sequence[float]) -> Mean:
    """The difference of two means with its 95 % interval; unequal variances.

    B. L. Welch, "The generalization of Student's problem when several different population variances are involved",
    Biometrika 34 (1947). No interval with fewer than two values on a side.
    """
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    difference = mean_a - mean_b
    if min(len(a), len(b)) < 2:
        return Mean(difference, None, None)
    part_a, part_b = (
        sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values)
        for values, mean in ((a, mean_a), (b, mean_b))
    )
    total = part_a + part_b
    if not total:
        return Mean(difference, difference, difference)
    freedom = total**2 / (part_a**2 / (len(a) - 1) + part_b**2 / (len(b) - 1))
    half = student_95(freedom) * math.sqrt(total)
    return Mean(difference, difference - half, difference + half)


def student_95(freedom: float) -> float:
    """The 97.5 % quantile of Student's t for at least one degree of freedom, within 1 % from 2 degrees on.

    M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions", 26.7.5; the closed forms for 1 and 2 degrees.
    """
    if freedom < 2:
        # Between the two closed forms on a log scale.
        return float(12.706204736 * (4.302652730 / 12.706204736) ** (freedom - 1))
    if freedom < 3:
        return float(4.302652730 * (3.182446305 / 4.302652730) ** (freedom - 2))
    z = Z_95
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))


def _quantile(ordered: Sequence[float], share: float) -> float:
    rank = share * (len(ordered) - 1)
    low, high = math.floor(rank), math.ceil(rank)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)
