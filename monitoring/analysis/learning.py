"""Builds the healthy reference from a cohort of succeeded executions."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from monitoring.analysis.limits import MARGINS, SMALLEST, Usual, lower_limit, smallest_margin, upper_limit, usual_range
from monitoring.analysis.placing import ROOT, UNKNOWN, Family, Placed, is_retry, place
from monitoring.analysis.reference import (
    MAX_BEFORE,
    MAX_PLACES,
    MAX_SHAPES,
    MIN_SUPPORT,
    SHARE_OF_RUN,
    TOLERATED,
    Place,
    Reference,
)
from monitoring.analysis.steps import Run
from monitoring.analysis.timeline import SECOND, relate
from monitoring.analysis.waiting import waiting_ms

# Deeper than this no place is kept: such a tree is a chain or a recursion without end.
MAX_DEPTH = 64
QUANTITIES = ("duration", "size", "tokens")


@dataclass(slots=True)
class _Seen:
    """What was seen of a place so far. `by_run` lists hold one entry an execution, with the execution's number."""

    place: Place
    runs: set[int] = field(default_factory=set)
    inside: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    empty: set[int] = field(default_factory=set)
    outputs: set[int] = field(default_factory=set)
    most: dict[int, int] = field(default_factory=dict)
    ranks: list[float] = field(default_factory=list)
    came_after: dict[int, set[int]] = field(default_factory=dict)
    shapes: dict[str, set[int]] = field(default_factory=dict)
    values: dict[str, dict[int, list[float]]] = field(default_factory=lambda: {name: {} for name in QUANTITIES})


class _Learner:
    """Numbers places as they appear and keeps what was seen of each."""

    def __init__(self, is_nested: bool | None) -> None:
        self.is_nested = is_nested
        self.seen: list[_Seen] = [_Seen(Place(UNKNOWN, ""))]
        self.waited: list[float] = []
        self._numbers: dict[tuple[int, str], int] = {}

    def number(self, parent: int, name: str) -> int:
        """The number of a place, a new one where it was not seen before."""
        number = self._numbers.setdefault((parent, name), len(self.seen))
        if number == len(self.seen):
            self.seen.append(_Seen(Place(parent, name)))
        return number

    def add(self, run: int, placed: Placed, duration_ms: float | None) -> None:
        """Takes in one execution."""
        root = self.seen[ROOT]
        root.runs.add(run)
        root.place.visits += 1
        if duration_ms is not None:
            root.values["duration"][run] = [duration_ms]
        waited = waiting_ms(placed.steps, placed.container)
        if waited is not None:
            self.waited.append(waited)
        for index in range(len(placed.steps)):
            self._add_step(run, placed, index)
        for family in placed.families:
            self._add_family(run, placed, family)

    def _add_step(self, run: int, placed: Placed, index: int) -> None:
        step, seen = placed.steps[index], self.seen[placed.place_of[index]]
        if step.status == "skipped":
            seen.place.skipped += 1
            return
        seen.runs.add(run)
        seen.place.visits += 1
        seen.place.attempts = max(seen.place.attempts, step.attempt)
        if step.failing:
            seen.failed.add(run)
        if step.is_empty is not None:
            seen.outputs.add(run)
            if step.is_empty:
                seen.empty.add(run)
        if step.shape is not None and not step.is_empty:
            seen.shapes.setdefault(step.shape, set()).add(run)
        for name, value in zip(QUANTITIES, (step.took_ms, step.output_bytes, step.tokens), strict=True):
            # An output of no bytes is judged by being empty; a duration may be 0 where the clock is coarse.
            if value is not None and not step.failing and (value or name == "duration"):
                seen.values[name].setdefault(run, []).append(float(value))

    def _add_family(self, run: int, placed: Placed, family: Family) -> None:
        self.seen[family.place].place.told_inside += 1
        self.seen[family.place].inside.add(run)
        visits: Counter[int] = Counter()
        first: list[int] = []
        for at, index in enumerate(family.members):
            number = placed.place_of[index]
            if placed.steps[index].status == "skipped":
                continue
            if not visits[number]:
                first.append(number)
            visits[number] += not is_retry(placed, family, at)
            before = family.came_after[at]
            if before is not None and before != number:
                self.seen[number].came_after.setdefault(before, set()).add(run)
        for rank, number in enumerate(first):
            seen = self.seen[number]
            seen.place.present += 1
            seen.most[run] = max(seen.most.get(run, 0), visits[number])
            seen.ranks.append(rank / max(len(first) - 1, 1))
        for number in family.beside:
            self.seen[number].place.is_beside = True


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def build_reference(cohort: Sequence[Run], basis: str = "") -> Reference:
    """The reference of a cohort; failed executions and repeated ids are left out. The order does not matter.

    `basis` says in words which executions these are. An empty cohort gives a reference of 0 executions.
    """
    healthy = {run.id: run for run in cohort if not run.failing and run.steps}
    learner = _Learner(_are_nested(healthy.values()))
    for number, id_ in enumerate(sorted(healthy)):
        learner.add(number, place(healthy[id_].steps, learner), healthy[id_].duration_ms)
    kept = _kept(learner.seen)
    numbers = {old: new for new, old in enumerate(kept)}
    margins = {name: _margin(learner.seen, name, len(healthy)) for name in QUANTITIES}
    _count_novel(learner.seen)
    places = [_settle(learner.seen, old, numbers) for old in kept]
    return Reference(
        runs=len(healthy),
        places=places,
        margins=margins,
        left_out=len(learner.seen) - len(kept),
        tick_ms=_tick(learner.seen),
        is_nested=learner.is_nested,
        basis=basis,
        waiting=usual_range([[waited] for waited in learner.waited]),
    )


def _are_nested(runs: Iterable[Run]) -> bool | None:
    """Whether parents mean "ran inside" in more executions than they mean "came after"; None when none are told."""
    flat = nested = 0
    for run in runs:
        relations = relate(run.steps)
        holds = any(above is not None for above in relations.container)
        nested += holds
        flat += not holds and any(before is not None for before in relations.follows)
    return None if not flat + nested else nested >= flat


def _tick(seen: Sequence[_Seen]) -> float:
    told = [ms for item in seen for values in item.values["duration"].values() for ms in values]
    return SECOND if told and all(ms % SECOND == 0 for ms in told) else 0.0


def _kept(seen: Sequence[_Seen]) -> list[int]:
    """The places that are stored: those that most executions have, never one without its container."""
    depth = [0] * len(seen)
    for number in range(1, len(seen)):
        depth[number] = depth[seen[number].place.parent] + 1
    shallow = [number for number in range(1, len(seen)) if depth[number] <= MAX_DEPTH]
    order = sorted(shallow, key=lambda n: (-len(seen[n].runs), depth[n], _path(seen, n)))
    chosen = {ROOT}
    for number in order:
        if len(chosen) >= MAX_PLACES:
            break
        if seen[number].place.parent in chosen:
            chosen.add(number)
    return [ROOT, *sorted(chosen - {ROOT}, key=lambda n: (depth[n], _path(seen, n)))]


def _path(seen: Sequence[_Seen], number: int) -> tuple[str, ...]:
    names: list[str] = []
    while number > ROOT:
        names.append(seen[number].place.name)
        number = seen[number].place.parent
    return tuple(names[::-1])


def _count_novel(seen: Sequence[_Seen]) -> None:
    """For each place the executions that alone had some place inside it."""
    alone: dict[int, set[int]] = {}
    for item in seen[1:]:
        if len(item.runs) == 1:
            alone.setdefault(item.place.parent, set()).update(item.runs)
    for number, runs in alone.items():
        seen[number].place.novel = len(runs)


def _settle(seen: Sequence[_Seen], old: int, numbers: dict[int, int]) -> Place:
    item = seen[old]
    found = item.place
    if old != ROOT:
        found.families = seen[found.parent].place.told_inside
        found.parent = numbers[found.parent]
    found.runs, found.failed, found.runs_inside = len(item.runs), len(item.failed), len(item.inside)
    found.outputs, found.empty = len(item.outputs), len(item.empty)
    found.most = max(item.most.values(), default=0)
    found.rank = round(_middle(item.ranks), 4) if item.ranks else 0.0
    before = sorted(((numbers[n], len(runs)) for n, runs in item.came_after.items() if n in numbers), key=_often)
    found.came_after = dict(before[:MAX_BEFORE])
    found.shapes = dict(sorted(((s, len(runs)) for s, runs in item.shapes.items()), key=_often)[:MAX_SHAPES])
    found.duration, found.size, found.tokens = (_range(item, name) for name in QUANTITIES)
    return found


def _often(pair: tuple[int | str, int]) -> tuple[int, str]:
    return -pair[1], str(pair[0])


def _range(item: _Seen, name: str) -> Usual | None:
    return usual_range(list(item.values[name].values()))


def _margin(seen: Sequence[_Seen], name: str, runs: int) -> float:
    whole = usual_range(list(seen[ROOT].values["duration"].values()))
    least = SHARE_OF_RUN * whole.median if whole is not None and name == "duration" else 0.0
    return smallest_margin((pair for item in seen[1:] for pair in _outside(item, name, least)), runs, TOLERATED)


def _outside(item: _Seen, name: str, least: float) -> Iterator[tuple[float, int]]:
    """The margins at which the execution with the largest (or smallest) value, left out, would be outside the others.

    Counted as comparing counts: durations only upwards, and only by at least `least`.
    """
    values = item.values[name]
    usual = usual_range(list(values.values()))
    if usual is None or usual.runs <= MIN_SUPPORT:
        return
    largest = max(values, key=lambda run: max(values[run]))
    smallest = min(values, key=lambda run: min(values[run]))
    matters = usual.high - usual.second_high >= least
    for margin in MARGINS:
        if matters and usual.high > upper_limit(usual, margin, left_out=True):
            yield margin, largest
        if name != "duration" and max(usual.low, SMALLEST) < lower_limit(usual, margin, left_out=True):
            yield margin, smallest
