"""What shows that a dependency is to blame for incidents of workflows: its calls fail, or they are slow.

Each kind of evidence is a search: which of the workflows share which dependency, and what is said of it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alerts.analysis.dependencies import Calls, Cause, candidates, failure_rates, shared
from alerts.analysis.precedence import EXPLAINED, SLOWED
from alerts.analysis.slowness import Slow
from alerts.reads.dependencies import failing_calls
from alerts.reads.slow_dependencies import slow_calls
from monitoring import wording

FAILING, SLOW = "failing", "slow"
# How the title of an incident of a dependency goes on.
VERBS = {FAILING: "fails", SLOW: "is slow"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Workflows with incidents, dependencies that have one already, and since when the newest incidents hold."""

    workflow_ids: Collection[UUID]
    known: Collection[Cause]
    since: datetime
    environment: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The dependency that is to blame, by workflow, and what is said of each."""

    causes: Mapping[UUID, Cause]
    words: Mapping[Cause, str]


def of_failures(team_id: UUID, asked: Asked, now: datetime) -> Evidence:
    """Where at least half of the failures of two workflows lie."""
    failed, calls = failing_calls(team_id, asked.since, now, environment=asked.environment)
    told = {id: found for id, found in candidates(failed, calls).items() if id in asked.workflow_ids}
    causes = shared(told, failure_rates(calls), asked.known)
    return Evidence(causes, {cause: _failing_words(cause, calls) for cause in set(causes.values())})


def of_slowness(team_id: UUID, asked: Asked, now: datetime) -> Evidence:
    """Where at least half of the time lies that the runs of two workflows take longer."""
    found = slow_calls(team_id, asked.workflow_ids, asked.known, asked.since, now, environment=asked.environment)
    causes = shared(found.told, {cause: one.factor for cause, one in found.slow.items()}, asked.known)
    return Evidence(causes, {cause: _slow_words(found.slow[cause]) for cause in set(causes.values())})


Search = Callable[[UUID, Asked, datetime], Evidence]
# In this order: the word for it, what finds it, and the metrics whose incidents it explains.
SEARCHES: Sequence[tuple[str, Search, frozenset[str]]] = (
    (FAILING, of_failures, frozenset(EXPLAINED)),
    (SLOW, of_slowness, SLOWED),
)


def _failing_words(cause: Cause, calls: Sequence[Calls]) -> str:
    mine = [one for one in calls if one.cause == cause]
    failures, made = sum(one.failures for one in mine), sum(one.calls for one in mine)
    return f"{wording.count(failures)} of {wording.count(made)} calls failed lately" if made else ""


def _slow_words(found: Slow) -> str:
    took, usual = wording.duration_ms(found.mean_ms), wording.duration_ms(found.usual_ms)
    return f"A call took {took} on average lately, usually {usual}"
