"""The healthy reference: what succeeded executions of a workflow have in common, place by place, small enough to store.

Everything is counted by execution, so a loop of a thousand visits weighs as much as one visit. Counts of 1 are kept
apart by nature: what only one execution ever did is what it would have brought as news, had it been left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from monitoring.analysis.limits import Usual
from monitoring.analysis.placing import ROOT, UNKNOWN

MAX_PLACES = 2_000
MAX_SHAPES = 16
MAX_BEFORE = 32
# Below this many executions that reached a place nothing there is called usual.
MIN_SUPPORT = 5
# Where healthy executions bring nodes of their own, so many must have a step before it is missed.
OPEN_SUPPORT = 30
# Of healthy executions at most this share may show a surprise that is still called one.
TOLERATED = 0.01
# A step that is slow by less than this share of a usual execution does not explain anything.
SHARE_OF_RUN = 0.05


class Place(msgspec.Struct, omit_defaults=True):
    """A node at its place, as the healthy executions saw it. Counts are of executions unless they say otherwise.

    `runs_inside` told steps inside this place. `families` are visits of the container that told steps, `present` those
    in which this place ran; `most` is the visits in one container visit. `came_after` counts what it
    came after (the container's number: it came first). `rank` says where among its neighbours it is usually first
    visited, 0 first to 1 last. `novel` executions brought a place inside this one that no other had. `is_beside`: it
    runs next to others.
    """

    parent: int
    name: str
    runs: int = 0
    families: int = 0
    present: int = 0
    skipped: int = 0
    visits: int = 0
    told_inside: int = 0
    runs_inside: int = 0
    most: int = 0
    attempts: int = 1
    failed: int = 0
    outputs: int = 0
    empty: int = 0
    rank: float = 0.0
    is_beside: bool = False
    novel: int = 0
    came_after: dict[int, int] = msgspec.field(default_factory=dict)
    shapes: dict[str, int] = msgspec.field(default_factory=dict)
    duration: Usual | None = None
    size: Usual | None = None
    tokens: Usual | None = None


class Reference(msgspec.Struct, omit_defaults=True):
    """What is usual: `runs` healthy executions, their places (0 is the execution itself), and by quantity the margins
    at which no more than `TOLERATED` of them would be called outside. `left_out` places did not fit.
    `tick_ms` is the step of the clock that durations were told by (1,000 where all are whole seconds), else 0.
    `is_nested`: what parents mean in most of them where no times tell. `waiting`: how long they waited (ms).
    """

    runs: int
    places: list[Place]
    margins: dict[str, float]
    left_out: int = 0
    tick_ms: float = 0.0
    is_nested: bool | None = None
    basis: str = ""
    waiting: Usual | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        built: dict[str, Any] = msgspec.to_builtins(self, str_keys=True)
        return built

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Reference":
        """From what `to_json` gave; ValueError when it is something else."""
        return msgspec.convert(stored, cls, strict=False)


class Index:
    """A reference made ready for comparing: places by container and name, and what is new at each by its nature."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self._numbers: dict[tuple[int, str], int] = {}
        self.inside: dict[int, list[int]] = {}
        self.single_out: set[int] = set()
        self._expected: dict[int, list[int]] = {}
        for number, place in enumerate(reference.places[1:], start=1):
            self._numbers[place.parent, place.name] = number
            self.inside.setdefault(place.parent, []).append(number)
            self.single_out.update(before for before, runs in place.came_after.items() if runs == 1)

    @property
    def is_nested(self) -> bool | None:
        """What a parent means where no times tell."""
        return self.reference.is_nested

    def number(self, parent: int, name: str) -> int:
        """The number of a place, UNKNOWN when no healthy execution had it."""
        return self._numbers.get((parent, name), UNKNOWN)

    def place(self, number: int) -> Place:
        """The place with this number."""
        return self.reference.places[number]

    def support(self, number: int) -> int:
        """How many must have had a step inside this place before it is missed."""
        return MIN_SUPPORT if self.is_closed(number) else OPEN_SUPPORT

    def expected_inside(self, number: int, share: float) -> list[int]:
        """The places that ran in at least this share of the container visits, of which there were enough."""
        found = self._expected.get(number)
        if found is None:
            inside = ((n, self.place(n)) for n in self.inside.get(number, ()))
            found = [n for n, p in inside if p.families >= self.support(number) and p.present >= share * p.families]
            self._expected[number] = found
        return found

    def usually_after(self, number: int) -> list[int]:
        """The places that this one comes right after, the most usual first."""
        told = self.place(number).came_after
        return sorted(told, key=lambda before: (-told[before], before))

    def rank(self, number: int) -> float:
        """Where among its neighbours a place is usually first visited; an unknown one comes first."""
        return -1.0 if number == UNKNOWN else self.place(number).rank

    def is_closed(self, number: int) -> bool:
        """Whether a place inside this one that is not known would be a surprise."""
        place = self.place(number)
        return not self.reference.left_out and trusted(place.novel, place.runs_inside)


def trusted(exceptions: int, runs: int) -> bool:
    """Whether something that `exceptions` of `runs` healthy executions did is so rare that doing it is a surprise."""
    return runs >= MIN_SUPPORT and exceptions <= TOLERATED * runs


def path_of(places: Sequence[Place], number: int) -> list[str]:
    """The names from the outermost container to the place."""
    names: list[str] = []
    while number > ROOT:
        names.append(places[number].name)
        number = places[number].parent
    return names[::-1]
