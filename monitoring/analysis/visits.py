"""Visits of nodes as advice sees them: one row a step run of a sample of executions, and attempts told as stories."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitoring.analysis.error_kinds import ErrorKind, classify

FAILED = frozenset({"failed", "timed_out"})
SUCCEEDED = "succeeded"


class Visit(NamedTuple):
    """A step run. `run` tells executions apart, `parent` the step around it; texts are empty where not told, numbers
    None.

    `start_ms` is since any fixed instant, the same for all.
    """

    run: int
    node: str
    status: str
    parent: int = 0
    attempt: int = 1
    start_ms: float | None = None
    duration_ms: float | None = None
    cost_usd: float | None = None
    tokens: int | None = None
    kind: str = ""
    model: str = ""
    tool: str = ""
    system: str = ""
    error: str = ""
    input_type: str = ""
    release: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether it ended in failure."""
        return self.status in FAILED

    @property
    def is_rated(self) -> bool:
        """Whether it ended in success or failure."""
        return self.status == SUCCEEDED or self.status in FAILED

    @property
    def error_kind(self) -> ErrorKind:
        """The kind of its error; a visit that timed out and told none is a timeout."""
        found = classify(None, self.error).kind if self.error else ErrorKind.UNKNOWN
        is_late = self.status == "timed_out" and found is ErrorKind.UNKNOWN
        return ErrorKind.TIMEOUT if is_late else found


@dataclass(frozen=True, slots=True)
class Tries:
    """All attempts of one visit in their order; each has ended."""

    visits: Sequence[Visit]

    @property
    def succeeded_at(self) -> int | None:
        """The place (from 0) of the first success; None where every try failed."""
        return next((place for place, one in enumerate(self.visits) if one.status == SUCCEEDED), None)

    @property
    def retries(self) -> int:
        """How many tries came after the first."""
        return len(self.visits) - 1


def tries_of(visits: Iterable[Visit]) -> list[Tries]:
    """Visits of one node in one place of an execution, put together by their number of attempt.

    A number that comes again (a loop visits the node several times) begins a new story. Tries that have not ended are
    left out.
    """
    by_place: dict[tuple[int, int, str], list[Visit]] = {}
    for visit in visits:
        if visit.is_rated:
            by_place.setdefault((visit.run, visit.parent, visit.node), []).append(visit)
    return [Tries(story) for one in by_place.values() for story in _stories(one)]


def _stories(visits: Sequence[Visit]) -> list[list[Visit]]:
    if len(visits) == 1:
        return [list(visits)]
    timed = all(one.start_ms is not None for one in visits)
    ordered = sorted(visits, key=lambda one: (one.start_ms or 0.0, one.attempt) if timed else (0.0, one.attempt))
    stories: list[list[Visit]] = []
    for one in ordered:
        if stories and one.attempt > stories[-1][-1].attempt:
            stories[-1].append(one)
        else:
            stories.append([one])
    return stories


def of_node(visits: Iterable[Visit], node: str) -> list[Visit]:
    """The visits of one node."""
    return [one for one in visits if one.node == node]
