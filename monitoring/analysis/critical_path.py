"""Which steps decided when an execution ended: its critical path, cut into pieces that add up to its duration.

Definition, walking back from the end. Of the steps in one place the one that ended last is on the path. Before it comes
the one that ended last of those that had ended when it began, and so on. Inside each of them the same holds for the
steps that ran inside it. What is left is a step's own time; outside of every step it is a gap. So a step that was still
running when the next one of the path began is not on it: nobody waited for it.

Sources: C. Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures", USENIX ATC 2022
(walking back along the child that finished last; cutting children at their parent's end; forgiving small overlaps), and
B. Eaton et al., "Distributed Latency Profiling through Critical Path Tracing", ACM Queue 20(1), 2022. One thing
differs: a step that outlives the step around it is not cut, but taken as started by it and running beside it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from accounts.phrases import gettext as _
from monitoring.analysis.timeline import Relations, Visit, relate

# Two steps that overlap by at most this part of the shorter one count as one after the other: clocks differ.
OVERLAP = 0.02
# A step in one of these statuses without an end lasts as long as the execution.
_OPEN = frozenset({"running", "waiting"})


class Piece(StrEnum):
    """What a piece of the path is; the value is also what an export writes."""

    WORK = "work"
    START = "before the first step"
    GAP = "between steps"
    RETRY_PAUSE = "pause before a retry"
    END = "after the last step"


class Segment(NamedTuple):
    """A piece of the path in ms on the steps' clock. `step` is the step whose own time it is, None outside of every
    step. `then` is the step of the path that began where it ends, if one in the same place did.
    """

    piece: Piece
    step: int | None
    start_ms: float
    end_ms: float
    then: int | None = None

    @property
    def length_ms(self) -> float:
        """How long it took."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The pieces in order of time, from `start_ms` to `end_ms` without holes; the container of each step.

    `untimed` counts steps that are left out because they do not tell their times, `skewed` those told to end before
    they began (taken as instants). `reason` says why there is no path.
    """

    segments: Sequence[Segment]
    start_ms: float = 0.0
    end_ms: float = 0.0
    container: Sequence[int | None] = ()
    untimed: int = 0
    skewed: int = 0
    reason: str = ""

    @property
    def duration_ms(self) -> float:
        """What the pieces add up to."""
        return self.end_ms - self.start_ms

    def own_ms(self) -> dict[int | None, float]:
        """Own time on the path by step; None is the time outside of every step."""
        total: dict[int | None, float] = {}
        for segment in self.segments:
            total[segment.step] = total.get(segment.step, 0.0) + segment.length_ms
        return total


def critical_path(
    visits: Sequence[Visit],
    start_ms: float | None = None,
    end_ms: float | None = None,
    relations: Relations | None = None,
) -> CriticalPath:
    """The critical path of one execution. `start_ms` and `end_ms` are the execution's own times, if told.

    Steps are cut at them. What is not told is taken from the steps. O(n log n); the order of the steps does not matter.
    """
    times = _Times(visits, end_ms)
    untimed = len(visits) - len(times.told)
    if not times.told:
        reason = _("no step tells its times") if visits else _("it has no steps")
        return CriticalPath((), untimed=untimed, reason=reason)
    first, last = _bounds(times, start_ms, end_ms)
    if first >= last:
        return CriticalPath((), first, first, (), untimed, times.skewed, _("its steps took no time"))
    container = (relations or relate(visits)).container
    walk = _Walk(visits, times, container)
    return CriticalPath(walk.segments(first, last), first, last, container, untimed, times.skewed)


class _Times:
    """When each step ran. A step without a time of its own ends at minus infinity; `told` lists the others."""

    def __init__(self, visits: Sequence[Visit], end_ms: float | None) -> None:
        self.start = [-math.inf] * len(visits)
        self.end = [-math.inf] * len(visits)
        self.told: list[int] = []
        self.skewed = 0
        is_finite = math.isfinite
        for index, visit in enumerate(visits):
            start, end = visit.start_ms, visit.end_ms
            if end is None and visit.status in _OPEN:
                end = end_ms
            if start is None or end is None or not is_finite(start) or not is_finite(end):
                continue
            if end < start:
                self.skewed += 1
                end = start
            self.start[index], self.end[index] = start, end
            self.told.append(index)


def _bounds(times: _Times, start_ms: float | None, end_ms: float | None) -> tuple[float, float]:
    """From when to when the execution ran. Told times that no step lies between are not believed."""
    first, last = min(times.start[index] for index in times.told), max(times.end)
    start = first if start_ms is None or not math.isfinite(start_ms) else start_ms
    end = last if end_ms is None or not math.isfinite(end_ms) else end_ms
    return (start, end) if start < min(end, last) and end > first else (first, last)


class _Places:
    """For each step the one around it that ends no earlier, and for one that outlived its container what it left.

    A step inside one without times belongs to the next one around it. The way up is by jumps (E. W. Myers, "An
    applicative random-access stack", 1983), so that deep trees cost n log n.
    """

    def __init__(self, end: Sequence[float], containers: Sequence[int | None]) -> None:
        self.end = end
        self.around: list[int | None] = list(containers)
        self.left: dict[int, int] = {}
        if any(at is not None and end[index] > end[at] for index, at in enumerate(containers)):
            self._settle(containers)

    def _settle(self, containers: Sequence[int | None]) -> None:
        count = len(containers)
        self.jump: list[int | None] = [None] * count
        self.depth = [0] * count
        for index in _parents_first(containers):
            at = containers[index]
            if at is not None and self.end[index] > self.end[at]:
                at, self.left[index] = self._climb(at, self.end[index])
            self.around[index] = at
            if at is not None:
                self.depth[index] = self.depth[at] + 1
                self.jump[index] = self._jump_from(at)

    def _jump_from(self, at: int) -> int | None:
        """Where a step right below `at` jumps to: as far as the last two jumps together when those are equal."""
        far = self.jump[at]
        if far is None:
            return at
        farther = self.jump[far]
        landing = 0 if farther is None else self.depth[farther]
        equal = self.depth[at] - self.depth[far] == self.depth[far] - landing
        return farther if farther is not None and equal else at

    def _climb(self, at: int | None, end: float) -> tuple[int | None, int]:
        """The next step around that ends no earlier than `end`, and the one below it on the way."""
        below = -1
        while at is not None and self.end[at] < end:
            far = self.jump[at]
            if far is not None and self.end[far] < end:
                at = far
            else:
                below, at = at, self.around[at]
        return at, below


def _parents_first(containers: Sequence[int | None]) -> Iterator[int]:
    children: dict[int | None, list[int]] = {}
    for index, parent in enumerate(containers):
        children.setdefault(parent, []).append(index)
    stack = list(children.get(None, ()))
    while stack:
        index = stack.pop()
        yield index
        stack.extend(children.get(index, ()))


class _Walk:
    """Walks back from the end, place by place. A place is a step with steps inside, or None: outside of all."""

    def __init__(self, visits: Sequence[Visit], times: _Times, containers: Sequence[int | None]) -> None:
        self.visits, self.start, self.end = visits, times.start, times.end
        places = _Places(times.end, containers)
        self.left = places.left
        self.families: dict[int | None, list[int]] = {}
        for index in times.told:
            if self.end[index] > self.start[index]:
                self.families.setdefault(places.around[index], []).append(index)

    def segments(self, first: float, last: float) -> list[Segment]:
        """All pieces from `first` to `last`, in order of time."""
        found: list[Segment] = []
        stack: list[tuple[int | None, float, float]] = [(None, first, last)]
        while stack:
            place, low, high = stack.pop()
            if place in self.families:
                self._walk_place(place, low, high, found, stack)
            else:
                found.append(Segment(Piece.WORK, place, low, high))
        found.sort(key=attrgetter("start_ms"))
        return found

    def _walk_place(
        self,
        place: int | None,
        low: float,
        high: float,
        found: list[Segment],
        stack: list[tuple[int | None, float, float]],
    ) -> None:
        """Puts the time between the steps of the path into `found`, and the steps themselves on the stack."""
        at, then = high, None
        family = self.families[place]
        is_alone = len(family) == 1 and not self.left
        members = self._only(family[0], low, high) if is_alone else self._members(place, low, high)
        for index, start, end in members:
            if end < at:
                found.append(self._between(place, end, at, index, then))
            stack.append((index, start, end))
            at, then = start, index
        if low < at:
            found.append(self._between(place, low, at, None, then))

    def _only(self, index: int, low: float, high: float) -> tuple[tuple[int, float, float], ...]:
        """What `_members` finds where one step stands alone."""
        start, end = self.start[index], self.end[index]
        if start >= high or end <= low:
            return ()
        return ((index, start if start > low else low, end if end < high else high),)

    def _members(self, place: int | None, low: float, high: float) -> Iterator[tuple[int, float, float]]:
        """The steps of the path in one place between two times, from the last to the first, with their cut times."""
        at, length = high, 0.0
        for index in self._latest_first(place, high):
            following: int | None = index
            is_starter = False
            while following is not None and self._may_precede(following, low, at, length, is_starter):
                start, end = max(self.start[following], low), min(self.end[following], at)
                yield following, start, end
                at, length = start, end - start
                # What outlived the step that started it: that one is the way on, though it was still running.
                following, is_starter = self.left.get(following), True
            if at <= low:
                return

    def _may_precede(self, index: int, low: float, at: float, length: float, is_starter: bool) -> bool:
        """Whether what began at `at` and took `length` may have waited for this step. A length of 0: the end itself."""
        start, end = self.start[index], self.end[index]
        if min(end, at) <= max(start, low):
            return False
        return end <= at or is_starter or not length or end - at <= OVERLAP * min(end - start, length)

    def _latest_first(self, place: int | None, high: float) -> list[int]:
        """The one that ended last first; of equal ones the longest; the id settles the rest."""
        family = self.families[place]
        if len(family) > 1:
            start, end, visits = self.start, self.end, self.visits
            ranks = [(-min(end[i], high), start[i], visits[i].id, visits[i].name, i) for i in family]
            family = [rank[-1] for rank in sorted(ranks)]
        return family

    def _between(self, place: int | None, low: float, high: float, before: int | None, then: int | None) -> Segment:
        """The time between two steps of the path: own time of the step around them, or a gap."""
        if then is not None and before is not None and self._is_retry(before, then):
            piece = Piece.RETRY_PAUSE
        elif place is not None:
            piece = Piece.WORK
        elif before is None:
            piece = Piece.START
        else:
            piece = Piece.END if then is None else Piece.GAP
        return Segment(piece, place, low, high, then)

    def _is_retry(self, before: int, then: int) -> bool:
        earlier, later = self.visits[before], self.visits[then]
        return earlier.name == later.name and earlier.attempt < later.attempt
