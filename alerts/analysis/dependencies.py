"""Which failing or slow dependency incidents of several workflows have in common. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

# At least so large a part of a workflow's failures lies at the dependency.
LEAST_SHARE = 0.5
LEAST_WORKFLOWS = 2
# Of two that explain the same equally well, the one that stands first here.
ORDER = ("system", "provider", "model", "tool")


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that steps call: one of `ORDER`, and its name."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of one dependency by one workflow in the window, and how many of them failed or timed out."""

    workflow_id: UUID
    cause: Cause
    calls: int
    failures: int


def candidates(failed_runs: Mapping[UUID, int], calls: Sequence[Calls]) -> dict[UUID, set[Cause]]:
    """The dependencies at which at least half of a workflow's failures lie, by workflow."""
    found: defaultdict[UUID, set[Cause]] = defaultdict(set)
    for one in calls:
        runs = failed_runs.get(one.workflow_id, 0)
        if runs and one.failures >= LEAST_SHARE * runs:
            found[one.workflow_id].add(one.cause)
    return dict(found)


def shared(
    told: Mapping[UUID, Collection[Cause]], badness: Mapping[Cause, float], known: Collection[Cause] = ()
) -> dict[UUID, Cause]:
    """The dependency that each of these workflows shares with others; those that share none are left out.

    A dependency of `known` has an incident already: one workflow is enough. Then the one that most workflows share,
    of those the one that is worst (whose calls fail most often, or are slowed most), is taken first.
    """
    left, found = {id: set(causes) for id, causes in told.items() if causes}, dict[UUID, Cause]()
    while left:
        counts: defaultdict[Cause, int] = defaultdict(int)
        for causes in left.values():
            for cause in causes:
                counts[cause] += 1
        best = min(counts, key=lambda one: (one not in known, -counts[one], -badness.get(one, 0.0), *_place(one)))
        if best not in known and counts[best] < LEAST_WORKFLOWS:
            break
        taken = [id for id, causes in left.items() if best in causes]
        for id in taken:
            found[id] = best
            del left[id]
    return found


def _place(cause: Cause) -> tuple[int, str]:
    return ORDER.index(cause.kind) if cause.kind in ORDER else len(ORDER), cause.value


def failure_rates(calls: Sequence[Calls]) -> dict[Cause, float]:
    """The share of calls that failed, over all workflows."""
    sums: defaultdict[Cause, list[int]] = defaultdict(lambda: [0, 0])
    for one in calls:
        sums[one.cause][0] += one.failures
        sums[one.cause][1] += one.calls
    return {cause: failures / made for cause, (failures, made) in sums.items() if made}
