"""Two executions side by side: which steps belong together, where they first part, and which values differ.

Pure."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from monitoring.analysis.steps import Step
from monitoring.analysis.timeline import nest, relate

# A duration differs when one is so many times the other, and by at least so many milliseconds.
TIMES_LONGER = 2.0
LONGER_MS = 100.0
MAX_VALUES = 60
MAX_VALUE_LENGTH = 200
# Values deeper than this are compared as a whole.
MAX_DEPTH = 6
_NOTHING = object()
# Where a step stands: from the outermost container inwards, each with the number of its visit.
Key = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class PairRow:
    """A step of one or of both, as indices into their steps. `differs` says in what, the plainest first:
    `only`, `status`, `error`, `empty`, `shape`, `duration`; nothing where they are alike. `inside` is the node that it
    ran inside.
    """

    left: int | None
    right: int | None
    differs: tuple[str, ...] = ()
    inside: str = ""

    @property
    def parts(self) -> bool:
        """Whether the executions part here: a step that only one has, another outcome, another kind of output."""
        return bool(set(self.differs) - {"duration"})


@dataclass(frozen=True, slots=True)
class DifferentValue:
    """A value that differs: its path (`customer.country`), and what each has (None: it is missing there)."""

    path: str
    left: str | None
    right: str | None


def align(left: Sequence[Step], right: Sequence[Step]) -> list[PairRow]:
    """The steps of both, in the order of the left ones; one that only the right has stands before the next common one.

    Steps belong together by node, by what they ran inside, and by the how manieth visit it was: what runs side by side
    may end in any order.
    """
    one, other = _keys(left), _keys(right)
    inserted: dict[Key | None, list[PairRow]] = {}
    waiting: list[PairRow] = []
    for key, number in other.items():
        if key in one:
            inserted[key], waiting = waiting, []
        else:
            waiting.append(PairRow(None, number, ("only",), _inside(key)))
    rows: list[PairRow] = []
    for key, number in one.items():
        rows += inserted.get(key, ())
        rows.append(_pair(left, right, key, number, other[key]) if key in other else _only_left(key, number))
    return rows + waiting


def _keys(steps: Sequence[Step]) -> dict[Key, int]:
    """The steps in reading order, each under where it stands: the places around it, its node, its visit there."""
    found: dict[Key, int] = {}
    key_of: dict[int, Key] = {}
    counts: Counter[tuple[Key, str]] = Counter()
    for at in nest(steps, relate(steps)):
        around = () if at.parent is None else key_of[at.parent]
        name = steps[at.index].name
        counts[around, name] += 1
        key = key_of[at.index] = (*around, (name, counts[around, name]))
        found[key] = at.index
    return found


def _inside(key: Key) -> str:
    return key[-2][0] if len(key) > 1 else ""


def _only_left(key: Key, number: int) -> PairRow:
    return PairRow(number, None, ("only",), _inside(key))


def first_parting(rows: Sequence[PairRow]) -> int | None:
    """The index of the first row at which the executions part; None where they do not."""
    return next((number for number, row in enumerate(rows) if row.parts), None)


def different_values(left: Any, right: Any) -> tuple[list[DifferentValue], int]:
    """The first `MAX_VALUES` values that differ, by path, and how many do in all (JSON values)."""
    found = list(_different("", left, right, 0))
    return found[:MAX_VALUES], len(found)


def path_likeness(left: Sequence[Any], right: Sequence[Any]) -> float:
    """How alike two paths are, 0 to 1: the share of transitions (one node right after another) that both took.

    Jaccard's coefficient of the two bags of transitions (P. Jaccard, 1912), begin and end included.
    """
    a, b = _transitions(left), _transitions(right)
    together = (a | b).total()
    return (a & b).total() / together if together else 1.0


def _transitions(path: Sequence[Any]) -> "Counter[tuple[Any, Any]]":
    return Counter(pairwise((None, *path, None)))


def _pair(left: Sequence[Step], right: Sequence[Step], key: Key, a: int, b: int) -> PairRow:
    one, other = left[a], right[b]
    tests = {
        "status": one.status != other.status,
        "error": one.status == other.status and (one.error_type, one.error) != (other.error_type, other.error),
        "empty": None not in (one.is_empty, other.is_empty) and one.is_empty != other.is_empty,
        "shape": None not in (one.shape, other.shape) and one.is_empty == other.is_empty and one.shape != other.shape,
        "duration": _is_longer(one.took_ms, other.took_ms),
    }
    return PairRow(a, b, tuple(name for name, is_so in tests.items() if is_so), _inside(key))


def _is_longer(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return False
    low, high = sorted((one, other))
    return high - low >= LONGER_MS and high >= TIMES_LONGER * low


def _different(path: str, left: Any, right: Any, depth: int) -> Iterator[DifferentValue]:
    if depth < MAX_DEPTH and isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in [*left, *(key for key in right if key not in left)]:
            below = f"{path}.{key}" if path else str(key)
            yield from _different(below, left.get(key, _NOTHING), right.get(key, _NOTHING), depth + 1)
    elif depth < MAX_DEPTH and isinstance(left, list) and isinstance(right, list):
        for number in range(max(len(left), len(right))):
            one, other = (side[number] if number < len(side) else _NOTHING for side in (left, right))
            yield from _different(f"{path}[{number}]", one, other, depth + 1)
    elif left != right or isinstance(left, bool) != isinstance(right, bool):
        yield DifferentValue(path, _shown(left), _shown(right))


def _shown(value: Any) -> str | None:
    if value is _NOTHING:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}…"
