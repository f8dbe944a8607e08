"""Where each step of an execution stands: its place, the steps beside it in order, and what it came after.

A place is a node inside another place: the same node in two containers is two places, a loop visits one place
several times. Steps of one container visit are a family. Place 0 is the execution itself.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from operator import is_
from typing import Protocol

from monitoring.analysis.steps import Step
from monitoring.analysis.timeline import relate

ROOT = 0
UNKNOWN = -1
# How many steps back the one that a step came after is looked for among those that run side by side.
MAX_BACK = 8


class Namer(Protocol):
    """Numbers places: a builder makes new ones, a stored reference answers UNKNOWN."""

    @property
    def is_nested(self) -> bool | None:
        """What a parent means where no times tell, in most executions: inside it or after it; None: not known."""
        ...

    def number(self, parent: int, name: str) -> int:
        """The number of the place called `name` inside place `parent`."""
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """The steps of one container visit (`container` None: of the execution) in order; `place` is the container's.

    `came_after[i]` is the place before `members[i]`, the container's own for those that came first, None where steps
    ran side by side and nothing tells. `beside` are places that ran at the same time as another.
    """

    container: int | None
    place: int
    members: Sequence[int]
    came_after: Sequence[int | None]
    beside: frozenset[int]


@dataclass(frozen=True, slots=True)
class Placed:
    """The steps as they were given, with their places (by index), families, containers, and an order that all share.

    `order[i]` is (when it began, place in reading order); a step never comes before its container. `reading` are
    all steps as a tree is read: a container, then what is inside it.
    """

    steps: Sequence[Step]
    place_of: Sequence[int]
    container: Sequence[int | None]
    families: Sequence[Family]
    order: Sequence[tuple[float, float]]
    children: Mapping[int | None, Sequence[int]]
    reading: Sequence[int]


def place(steps: Sequence[Step], namer: Namer) -> Placed:
    """Finds the place of every step. The order in which steps are given counts only where nothing else orders them."""
    settled = _settled(steps)
    found = _place(settled, namer)
    return found if all(map(is_, settled, steps)) else _as_given(found, steps)


def _place(steps: Sequence[Step], namer: Namer) -> Placed:
    """The places of steps that are in their settled order."""
    container = relate(steps, namer.is_nested).container
    children = _children(container)
    place_of = [UNKNOWN] * len(steps)
    order = [(-math.inf, 0.0)] * len(steps)
    families: list[Family] = []
    # From the top: a step's container is always placed before it, and reading order is that of a tree read aloud.
    pending: list[int | None] = [None]
    reading: list[int] = []
    while pending:
        at = pending.pop()
        if at is not None:
            reading.append(at)
            order[at] = (order[at][0], float(len(reading)))
        members = children.get(at)
        if members:
            above = ROOT if at is None else place_of[at]
            _enter(steps, members, above, -math.inf if at is None else order[at][0], order, place_of, namer)
            if above != UNKNOWN:
                families.append(_family(steps, place_of, at, above, members))
            pending.extend(reversed(members))
    return Placed(steps, place_of, container, families, order, children, reading)


def find_ends(placed: Placed) -> list[tuple[float, float]]:
    """For each step where in the order one stands that begins when it, with all that is inside it, has ended."""
    found = list(placed.order)
    for index in reversed(placed.reading):
        clock, nth = found[index]
        found[index] = max(clock, placed.steps[index].end_ms or clock), nth
        above = placed.container[index]
        if above is not None:
            clock_above, nth_above = found[above]
            found[above] = max(clock_above, placed.order[index][0]), max(nth_above, nth)
    return found


def _as_given(found: Placed, steps: Sequence[Step]) -> Placed:
    """The same with the indices of the steps as they were given."""
    at = {id(step): index for index, step in enumerate(steps)}
    given = [at[id(step)] for step in found.steps]
    settled = sorted(range(len(given)), key=given.__getitem__)

    def moved(index: int | None) -> int | None:
        return None if index is None else given[index]

    return Placed(
        steps,
        [found.place_of[index] for index in settled],
        [moved(found.container[index]) for index in settled],
        [replace(f, container=moved(f.container), members=[given[n] for n in f.members]) for f in found.families],
        [found.order[index] for index in settled],
        {moved(above): [given[n] for n in members] for above, members in found.children.items()},
        [given[index] for index in found.reading],
    )


def _children(container: Sequence[int | None]) -> dict[int | None, list[int]]:
    children: dict[int | None, list[int]] = {}
    for index, parent in enumerate(container):
        children.setdefault(parent, []).append(index)
    return children


def _enter(
    steps: Sequence[Step],
    members: Sequence[int],
    above: int,
    clock: float,
    order: list[tuple[float, float]],
    place_of: list[int],
    namer: Namer,
) -> None:
    """Numbers the places of a family and sets when each step began, never before its container."""
    for index in members:
        place_of[index] = UNKNOWN if above == UNKNOWN else namer.number(above, steps[index].name)
        start = steps[index].start_ms
        clock = clock if start is None else max(clock, start)
        order[index] = (clock, 0.0)


def _settled(steps: Sequence[Step]) -> list[Step]:
    """The steps in one order: by start where all tell it, else by the sender's position, else as given."""
    starts = [step.start_ms for step in steps if step.start_ms is not None]
    if len(starts) == len(steps):
        if all(before < after for before, after in pairwise(starts)):
            return list(steps)
        return sorted(steps, key=lambda s: (s.start_ms or 0.0, math.inf if s.position is None else s.position, s.id))
    if any(step.position is not None for step in steps):
        return sorted(steps, key=lambda s: (math.inf if s.position is None else s.position, s.start_ms or 0.0, s.id))
    return list(steps)


def _family(
    steps: Sequence[Step], place_of: Sequence[int], container: int | None, above: int, members: Sequence[int]
) -> Family:
    came_after: list[int | None] = []
    beside: set[int] = set()
    ran: list[int] = []
    for index in members:
        step = steps[index]
        if step.status == "skipped":
            came_after.append(None)
            continue
        before, overlaps = _before(steps, ran, step)
        if overlaps is not None:
            beside |= {place_of[overlaps], place_of[index]}
        came_after.append(above if not ran else None if before is None else place_of[before])
        ran.append(index)
    return Family(container, above, members, came_after, frozenset(beside))


def _before(steps: Sequence[Step], ran: Sequence[int], step: Step) -> tuple[int | None, int | None]:
    """The step that this one came after, and one that still ran when it began."""
    overlaps: int | None = None
    for index in islice(reversed(ran), MAX_BACK):
        end = steps[index].end_ms
        if step.start_ms is None or end is None or end <= step.start_ms:
            return index, overlaps
        overlaps = index
    return None, overlaps


def is_retry(placed: Placed, family: Family, at: int) -> bool:
    """Whether member `at` of a family is another try: told as one, or right after a failure of the same node."""
    step = placed.steps[family.members[at]]
    if step.attempt > 1:
        return True
    if at == 0:
        return False
    before = placed.steps[family.members[at - 1]]
    return before.failing and before.name == step.name
