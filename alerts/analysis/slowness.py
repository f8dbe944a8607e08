"""Whether something that workflows call is slow, and whether that is why their runs take longer. Pure.

All times are sums: of calls and of runs, lately and of the days before. docs/alerts/incidents.md says it in words.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from uuid import UUID

from alerts.analysis.dependencies import LEAST_SHARE, Cause

# A usual range is known from so many hours on, each with so many timed calls; lately so many are needed, too.
LEAST_HOURS, LEAST_CALLS = 24, 5
# It holds this share of the hours, and what is slow is so many times slower than half of them, too.
USUAL_SHARE, LEAST_FACTOR = 0.975, 1.5
# What a run usually takes is known from so many timed runs on.
LEAST_RUNS = 20


@dataclass(frozen=True, slots=True)
class Timed:
    """So many timed runs or calls, and what they took together (ms)."""

    count: int = 0
    ms: float = 0.0

    @property
    def mean_ms(self) -> float:
        """What one took. There must be one."""
        return self.ms / self.count


@dataclass(frozen=True, slots=True)
class Compared:
    """The same lately and in the days before."""

    lately: Timed = Timed()
    before: Timed = Timed()


@dataclass(frozen=True, slots=True)
class Slow:
    """How long calls took on average lately, and in the middle one of their hours (ms)."""

    mean_ms: float
    usual_ms: float

    @property
    def factor(self) -> float:
        """How many times slower they are."""
        return self.mean_ms / self.usual_ms


def slow(hours: Sequence[Timed], lately: Timed) -> Slow | None:
    """Whether calls took longer lately than in their usual range, the hours before. None: not so, or not known."""
    means = sorted(one.mean_ms for one in hours if one.count >= LEAST_CALLS)
    if len(means) < LEAST_HOURS or lately.count < LEAST_CALLS:
        return None
    usual, high = median(means), means[math.ceil(USUAL_SHARE * len(means)) - 1]
    found = Slow(lately.mean_ms, usual)
    return found if usual > 0 and found.mean_ms > high and found.factor >= LEAST_FACTOR else None


def is_their_time(runs: Compared, calls: Compared) -> bool:
    """Whether at least half of the time that a run takes longer than before is that of calls. False: or not known."""
    if not runs.lately.count or runs.before.count < LEAST_RUNS:
        return False
    longer = runs.lately.mean_ms - runs.before.mean_ms
    in_calls = calls.lately.ms / runs.lately.count - calls.before.ms / runs.before.count
    return longer > 0 and in_calls >= LEAST_SHARE * longer


def slowed(
    runs: Mapping[UUID, Compared], calls: Mapping[tuple[UUID, Cause], Compared], slow_ones: Collection[Cause]
) -> dict[UUID, set[Cause]]:
    """The slow dependencies that explain why runs take longer, by workflow."""
    found: dict[UUID, set[Cause]] = {}
    for (workflow_id, cause), told in calls.items():
        if cause in slow_ones and is_their_time(runs.get(workflow_id, Compared()), told):
            found.setdefault(workflow_id, set()).add(cause)
    return found
