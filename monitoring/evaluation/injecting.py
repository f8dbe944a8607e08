"""Breaks healthy executions on purpose, one kind of evidence at a time, with what would follow from it."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from monitoring.analysis.steps import Run, Step
from monitoring.analysis.timeline import relate

# A failure that something earlier caused shows this many steps later.
LAG = 2
# What fewer executions have is not called usual.
MIN_HAVING = 9
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is plain about the executions that the reference is built from, counted without the product's analysis.

    By path of names: executions that have it or skip it, most visits in one container, longest duration; containers in
    which steps run side by side; and how long a whole execution takes.
    """

    runs: int
    having: Mapping[Key, int]
    skipping: Mapping[Key, int]
    most: Mapping[Key, int]
    longest: Mapping[Key, float]
    beside: frozenset[Key]
    usual_ms: float

    def always(self, key: Key, parent: Key) -> bool:
        """Whether all executions that have the parent's steps have this one too, and enough do."""
        within = max((n for k, n in self.having.items() if k[:-1] == parent), default=0)
        return self.having.get(key, 0) >= max(within, MIN_HAVING)


@dataclass(frozen=True, slots=True)
class Broken:
    """A broken execution. Steps are named by id; a missing one by (None, its node). `symptom` None: no error shows."""

    run: Run
    first: tuple[int | None, str]
    cause: tuple[int | None, str]
    symptom: int | None


def keys_of(run: Run) -> list[Key]:
    """The path of names of each step."""
    container = relate(run.steps).container
    keys: list[Key | None] = [None] * len(run.steps)

    def key(index: int) -> Key:
        found = keys[index]
        if found is None:
            above = container[index]
            found = (*(key(above) if above is not None else ()), run.steps[index].name)
            keys[index] = found
        return found

    return [key(index) for index in range(len(run.steps))]


def gather(runs: Sequence[Run]) -> Facts:
    """The facts of a cohort."""
    having, skipping = Counter[Key](), Counter[Key]()
    most: dict[Key, int] = {}
    longest: dict[Key, float] = {}
    side_by_side: set[Key] = set()
    for run in runs:
        keys = keys_of(run)
        ran = Counter(key for key, step in zip(keys, run.steps, strict=True) if step.status != "skipped")
        having.update(ran.keys())
        skipping.update({key for key in keys if key not in ran})
        side_by_side |= _overlapping(run, keys)
        beside = Counter(zip(relate(run.steps).container, keys, strict=True))
        for (_, key), visits in beside.items():
            most[key] = max(most.get(key, 0), visits)
        for key, step in zip(keys, run.steps, strict=True):
            longest[key] = max(longest.get(key, 0.0), step.took_ms or 0.0)
    told = sorted(run.duration_ms for run in runs if run.duration_ms is not None)
    return Facts(
        len(runs), having, skipping, most, longest, frozenset(side_by_side), told[len(told) // 2] if told else 0.0
    )


def _overlapping(run: Run, keys: Sequence[Key]) -> set[Key]:
    """The containers (by key) in which steps ran at the same time."""
    latest: dict[int | None, float] = {}
    found: set[Key] = set()
    container = relate(run.steps).container
    for n in sorted(range(len(keys)), key=lambda n: run.steps[n].start_ms or 0.0):
        step = run.steps[n]
        if step.status != "skipped" and step.start_ms is not None and step.end_ms is not None:
            if step.start_ms < latest.get(container[n], step.start_ms):
                found.add(keys[n][:-1])
            latest[container[n]] = max(latest.get(container[n], 0.0), step.end_ms)
    return found


class Scene:
    """A healthy execution with what is needed to break it: its families in order, and the facts of the cohort."""

    def __init__(self, run: Run, facts: Facts, chance: random.Random) -> None:
        self.run, self.facts, self.chance = run, facts, chance
        self.keys = keys_of(run)
        self.container = relate(run.steps).container
        self.families: dict[int | None, list[int]] = {}
        order = sorted(range(len(run.steps)), key=lambda n: (run.steps[n].start_ms or 0.0, run.steps[n].position or 0))
        for index in order:
            if run.steps[index].status != "skipped":
                self.families.setdefault(self.container[index], []).append(index)

    def pick(self, wanted: Callable[[int], bool]) -> int | None:
        """One of the steps that ran and are as wanted."""
        found = [n for family in self.families.values() for n in family if wanted(n)]
        return self.chance.choice(sorted(found)) if found else None

    def later(self, index: int, lag: int) -> int | None:
        """The step `lag` steps behind another in its family, that began when that one had ended; None without one."""
        family = self.families[self.container[index]]
        end = self.run.steps[index].end_ms
        behind = [
            n for n in family[family.index(index) + 1 :] if end is None or (self.run.steps[n].start_ms or 0) >= end
        ]
        return behind[lag - 1] if len(behind) >= lag else None

    def is_chained(self, index: int) -> bool:
        """Whether this step's parent is the one that it came after."""
        return self.container[index] is None and self.run.steps[index].parent_id is not None

    def is_settled(self, index: int) -> bool:
        """Whether next to no execution of the cohort alone has a node beside this one."""
        beside = self.keys[index][:-1]
        alone = sum(having == 1 for key, having in self.facts.having.items() if key[:-1] == beside)
        return alone <= 0.01 * self.facts.runs

    def is_in_line(self, index: int) -> bool:
        """Whether steps in this place never run side by side, and two steps follow this one."""
        return self.later(index, LAG) is not None and self.keys[index][:-1] not in self.facts.beside

    def is_always(self, index: int) -> bool:
        """Whether every execution of the cohort has this step."""
        return self.facts.always(self.keys[index], self.keys[index][:-1])


def fail(scene: Scene, run: Run, at: int, *, status: str = "failed", error: str = "broken on purpose") -> Run:
    """The step with id `at` fails: what followed it, and the steps around it, does not run; containers fail."""
    failing: set[int] = set()
    gone: set[int] = set()
    position = next(n for n, step in enumerate(scene.run.steps) if step.id == at)
    index: int | None = position
    while index is not None:
        failing.add(scene.run.steps[index].id)
        family = scene.families[scene.container[index]]
        end = scene.run.steps[index].end_ms
        for other in family[family.index(index) + 1 :]:
            start = scene.run.steps[other].start_ms
            if end is None or start is None or start >= end:
                gone.add(scene.run.steps[other].id)
        index = scene.container[index]
    for n, step in enumerate(scene.run.steps):
        above = scene.container[n]
        if above is not None and scene.run.steps[above].id in gone:
            gone.add(step.id)
    left = [step for step in run.steps if step.id not in gone and step.parent_id not in gone]
    kept = [_failed(step, status, error) if step.id in failing else step for step in left]
    return replace(run, steps=kept, status="failed")


def _failed(step: Step, status: str, error: str) -> Step:
    return replace(
        step, status=status, error_type="Injected", error=error, shape=None, output_bytes=None, is_empty=None
    )


def insert(run: Run, new: Sequence[Step], at: int, *, before: bool, chained: bool) -> list[Step]:
    """The steps with new ones right before or behind the one with id `at`; in a chain of parents they are links."""
    steps: list[Step] = []
    for step in run.steps:
        if step.id != at:
            steps.append(
                replace(step, parent_id=new[-1].id) if chained and not before and step.parent_id == at else step
            )
        elif before:
            steps += [*new, replace(step, parent_id=new[-1].id) if chained else step]
        else:
            steps += [step, *new]
    return [replace(step, position=number) for number, step in enumerate(steps)]


def prolong(scene: Scene, index: int, took: float) -> list[Step]:
    """Step `index` takes `took` ms: what began after its end begins later, and what it lies in ends later."""
    step = scene.run.steps[index]
    end, by = step.end_ms or 0.0, took - (step.took_ms or 0.0)
    around = {index}
    above = scene.container[index]
    while above is not None:
        around.add(above)
        above = scene.container[above]
    moved = []
    for n, other in enumerate(scene.run.steps):
        if n in around and other.end_ms is not None:
            moved.append(replace(other, end_ms=other.end_ms + by, duration_ms=(other.took_ms or 0.0) + by))
        elif other.start_ms is not None and other.start_ms >= end:
            moved.append(
                replace(other, start_ms=other.start_ms + by, end_ms=None if other.end_ms is None else other.end_ms + by)
            )
        else:
            moved.append(other)
    return moved
