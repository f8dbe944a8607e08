"""Which steps lie inside which, in what order they are read, and the axis they are drawn on.

A parent that is told for a step may mean two things: the step ran inside it (a job and its commands, a trace), or
after it (a message and its answer). Times decide; without times the shape of the tree does.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

# Without times a tree that is deeper than this is a chain of things that followed each other.
MAX_DEPTH_WITHOUT_TIMES = 8
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
AXIS_PARTS = 5
_PART_SECONDS = (1, 2, 3, 4, 5, 6, 8, 10)
_PARTS_MS: tuple[float, ...] = (
    *(part * scale for scale in (0.01, 0.1, 1, 10, 100) for part in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)),
    *(part * SECOND for part in _PART_SECONDS),
    *(part * MINUTE for part in (0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30)),
    *(part * HOUR for part in (1, 1.5, 2, 3, 4, 6, 8, 12)),
)


class Visit(msgspec.Struct, frozen=True, gc=False):
    """One step as the analysis sees it. Times in ms on any common clock; None: not told.

    A struct, as executions have thousands of them: it is made ten times as fast as a dataclass.
    """

    id: int
    name: str
    status: str = "unknown"
    parent_id: int | None = None
    start_ms: float | None = None
    end_ms: float | None = None
    attempt: int = 1
    position: int | None = None

    @property
    def failing(self) -> bool:
        """Whether it ended in failure."""
        return self.status in ("failed", "timed_out")


@dataclass(frozen=True, slots=True)
class Nested:
    """A visit in reading order: `index` into the visits given, `depth` of nesting, `parent` index or None."""

    index: int
    depth: int
    parent: int | None


@dataclass(frozen=True, slots=True)
class Relations:
    """For each visit the index of the visit it ran inside (`container`) and of the one it was told to follow."""

    container: Sequence[int | None]
    follows: Sequence[int | None]


def relate(visits: Sequence[Visit], nested: bool | None = None) -> Relations:
    """Sorts the told parents into containers and predecessors. Unknown parents and cycles count as no parent.

    `nested` says what a parent means where no times tell: inside it, or after it; None: as the whole tree looks.
    """
    by_id = {visit.id: index for index, visit in enumerate(visits)}
    parents = [by_id.get(visit.parent_id) if visit.parent_id is not None else None for visit in visits]
    # Mostly each parent stands before its steps: then there is no cycle, and one pass finds every depth.
    in_order = all(parent is None or parent < index for index, parent in enumerate(parents))
    if not in_order:
        parents = _without_cycles(parents)
    if nested is None:
        # Asked only where times do not tell.
        is_asked = any(visit.start_ms is None or visit.start_ms == visit.end_ms for visit in visits)
        nested = is_asked and _looks_nested(parents)
    container: list[int | None] = []
    follows: list[int | None] = []
    inner = [p is not None and _is_inside(visits[index], visits[p], nested) for index, p in enumerate(parents)]
    holders = {parent for parent, inside in zip(parents, inner, strict=True) if inside}
    for index, parent in enumerate(parents):
        # The last step of a job may begin at the moment when the job ends, and take no time.
        inside = inner[index] or (parent in holders and _begins_at_end(visits[index], visits[parent or 0]))
        container.append(parent if inside else None)
        follows.append(None if inside else parent)
    if any(before is not None for before in follows):
        container = _lift(container, follows, range(len(visits)) if in_order else _parents_first(parents))
    return Relations(container, follows)


def nest(visits: Sequence[Visit], relations: Relations) -> list[Nested]:
    """The visits with each one's children right below it, siblings in the order given."""
    children: dict[int | None, list[int]] = {}
    for index, parent in enumerate(relations.container):
        children.setdefault(parent, []).append(index)
    found: list[Nested] = []
    stack: list[tuple[int, int, int | None]] = [(index, 0, None) for index in reversed(children.get(None, []))]
    while stack:
        index, depth, parent = stack.pop()
        found.append(Nested(index, depth, parent))
        stack.extend((child, depth + 1, index) for child in reversed(children.get(index, [])))
    return found


def axis_ms(length_ms: float) -> float:
    """The length of an axis of five equal parts with round ends that holds `length_ms`."""
    part = length_ms / AXIS_PARTS
    for nice in _PARTS_MS:
        if part <= nice:
            return nice * AXIS_PARTS
    days = -(-part // DAY)
    return days * DAY * AXIS_PARTS


def first_failed(visits: Sequence[Visit], relations: Relations) -> int | None:
    """The index of the first failing step that has no failing step inside it; None when none failed.

    The first by the sender's order, then by start: the same step that failure groups are made by.
    """
    failing = [index for index, visit in enumerate(visits) if visit.failing]
    holders: set[int] = set()
    for index in failing:
        above = relations.container[index]
        while above is not None and above not in holders:
            holders.add(above)
            above = relations.container[above]
    leaves = [index for index in failing if index not in holders] or failing
    return min(leaves, key=lambda index: _sender_order(visits[index]), default=None)


def pause_before(visits: Sequence[Visit], relations: Relations, index: int) -> tuple[float, float] | None:
    """The pause (start, length in ms) between the attempt before this one and this one; None where there is none."""
    this = visits[index]
    if this.attempt <= 1 or this.start_ms is None:
        return None
    for earlier in range(index - 1, -1, -1):
        other = visits[earlier]
        if other.name == this.name and relations.container[earlier] == relations.container[index]:
            if other.end_ms is None or other.end_ms >= this.start_ms or other.attempt >= this.attempt:
                return None
            return other.end_ms, this.start_ms - other.end_ms
    return None


def _sender_order(visit: Visit) -> tuple[float, float, int]:
    position = math.inf if visit.position is None else visit.position
    return position, math.inf if visit.start_ms is None else visit.start_ms, visit.id


def _is_inside(child: Visit, parent: Visit, nested: bool) -> bool:
    """With times: it began before the parent ended. Without: as the whole tree looks."""
    if child.start_ms is None or parent.start_ms is None:
        return nested
    if parent.end_ms is None:
        return True
    if parent.end_ms == parent.start_ms:
        return child.end_ms == child.start_ms == parent.start_ms and nested
    return child.start_ms < parent.end_ms


def _begins_at_end(child: Visit, parent: Visit) -> bool:
    return child.start_ms is not None and child.start_ms == parent.end_ms and child.end_ms == child.start_ms


def _looks_nested(parents: Sequence[int | None]) -> bool:
    """Whether a tree without times is one of containment: it branches and is not deep."""
    branching = len(set(parents) - {None}) < sum(parent is not None for parent in parents)
    return branching and max(_depths(parents), default=0) <= MAX_DEPTH_WITHOUT_TIMES


def _depths(parents: Sequence[int | None]) -> list[int]:
    depths = [-1] * len(parents)
    for index in range(len(parents)):
        chain = list(_unknown_ancestors(index, parents, depths))
        top = parents[chain[-1]] if chain else None
        start = 0 if top is None else depths[top] + 1
        for offset, member in enumerate(reversed(chain)):
            depths[member] = start + offset
    return depths


def _unknown_ancestors(index: int, parents: Sequence[int | None], depths: Sequence[int]) -> Iterator[int]:
    at: int | None = index
    while at is not None and depths[at] < 0:
        yield at
        at = parents[at]


def _without_cycles(parents: Sequence[int | None]) -> list[int | None]:
    """The same parents, with one link of every cycle left out."""
    kept = list(parents)
    done = [False] * len(kept)
    for index in range(len(kept)):
        path: set[int] = set()
        at: int | None = index
        while at is not None and not done[at]:
            path.add(at)
            if kept[at] in path:
                kept[at] = None
            at = kept[at]
        for member in path:
            done[member] = True
    return kept


def _parents_first(parents: Sequence[int | None]) -> list[int]:
    return sorted(range(len(parents)), key=_depths(parents).__getitem__)


def _lift(
    container: Sequence[int | None], follows: Sequence[int | None], parents_first: Iterable[int]
) -> list[int | None]:
    """A step that follows another one lies where that one lies: parents first, so one pass is enough."""
    lifted = list(container)
    for index in parents_first:
        before = follows[index]
        if before is not None:
            lifted[index] = lifted[before]
    return lifted
