"""Findings: what the figures of one workflow and environment say that is worth fixing, with what fixing is worth.

A candidate is found anew each time the figures are looked at; what it is about (`subject`) does not depend on numbers
or order, so that the same finding is known again. `worth` ranks candidates of all kinds: executions a week that would
be saved. Each rule (`finding_failures`, `finding_costs`, `finding_triggers`) says how it makes itself comparable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from monitoring.analysis.arithmetic import Line, Table
from monitoring.analysis.change_point import rate_beginning

# A silence in which so many failures would have come says that it is over: P(0 | 5) is 0.7 %.
SILENT_EXPECTED = 5.0
# Failures in bursts are not over before they were silent for so many times their longest silence.
SILENT_FACTOR = 1.5
# What was seen in the first seventh of a window may have begun before it.
NEAR_START = 7
WEEK = timedelta(days=7)


class Kind(StrEnum):
    """Which part of the analysis found it; the same words as are stored."""

    CONCENTRATION = "concentration"
    DIVERGENCE = "divergence"
    CAUSE = "cause"
    TAIL = "tail"
    COST = "cost"
    RETRIES = "retries"
    SCHEDULE = "schedule"


class Began(StrEnum):
    """What is known of when it began."""

    SURELY = "began"
    SEEN = "first seen"
    BEFORE = "or earlier"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finding as it is found now.

    `subject` identifies it inside its workflow and environment. `executions_per_week` are affected, `worth` of them
    would be saved; `cost_per_week_usd` is what they cost (None: not told). `points` are affected executions in equal
    parts of the window. `where` names what it is about for advice and links: attribute to value, as filters take them.
    """

    kind: Kind
    subject: Mapping[str, Any]
    title: str
    lines: Sequence[Line]
    executions_per_week: float | None
    worth: float
    cost_per_week_usd: float | None = None
    since: datetime | None = None
    began: Began = Began.SEEN
    points: Sequence[int] = ()
    tables: Sequence[Table] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    of: str = "failed"

    def as_evidence(self) -> dict[str, Any]:
        """The evidence as plain JSON."""
        return {
            "lines": [line.as_document() for line in self.lines],
            "tables": [table.as_document() for table in self.tables],
            "points": list(self.points),
            "where": dict(self.where),
            "of": self.of,
            "began": self.began.value,
        }


def ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    """What is worth most first: executions saved, then money, then the title."""
    return sorted(candidates, key=lambda one: (-one.worth, -(one.cost_per_week_usd or 0.0), one.title))


def excess_share(share: float, usual: float) -> float:
    """The share of all failures that would not be there had runs of a part failed as often as the others.

    Of failures the part has `share`, of runs `usual`. As the others it would have u (1 - s) / (1 - u) of them, so that
    s - u (1 - s) / (1 - u) = (s - u) / (1 - u) are too many (M. L. Levin, "The occurrence of lung cancer in man",
    1953).
    """
    if usual >= 1.0:
        return 0.0
    return min(1.0, max(0.0, (share - usual) / (1.0 - usual)))


def is_over(points: Sequence[int]) -> bool:
    """Whether it has ended inside the window: silent since so long that five or more would have come.

    The rate is that from the first to the last part with one. What comes in bursts is over only when it is silent for
    longer than 1.5 times the longest silence between two of them.
    """
    told = [place for place, count in enumerate(points) if count]
    if not told:
        return False
    first, last = told[0], told[-1]
    silent = len(points) - 1 - last
    rate = sum(points) / (last - first + 1)
    longest = max((len(list(run)) for count, run in groupby(points[first:last]) if not count), default=0)
    return silent * rate >= SILENT_EXPECTED and silent > SILENT_FACTOR * longest


@dataclass(frozen=True, slots=True)
class Span:
    """A window in weeks and equal parts: to say how much a week, and since when."""

    start: datetime
    end: datetime
    parts: int
    runs: Sequence[int] = ()

    def per_week(self, count: float) -> float:
        """A count of the window as one of a week."""
        return count * (WEEK / (self.end - self.start))

    def is_over(self, points: Sequence[int]) -> bool:
        """Whether it has ended inside the window; parts in which nothing ran tell nothing."""
        if len(self.runs) != len(points):
            return is_over(points)
        return is_over([count for count, runs in zip(points, self.runs, strict=True) if runs or count])

    def since(self, points: Sequence[int]) -> tuple[datetime | None, Began]:
        """When it began and how sure that is.

        A beginning is where the share of affected runs rose for certain (`analysis.change_point`). Else it is the first
        time inside the window; where that is near its start, it may have begun before.
        """
        length = (self.end - self.start) / max(self.parts, 1)
        if len(self.runs) == len(points):
            pairs = [(min(one, runs), runs) for one, runs in zip(points, self.runs, strict=True)]
            began = rate_beginning([one for one, _ in pairs], [runs for _, runs in pairs])
            if began.is_found and began.bucket is not None:
                return self.start + began.bucket * length, Began.SURELY
        first = next((place for place, count in enumerate(points) if count), None)
        if first is None:
            return None, Began.SEEN
        return self.start + first * length, Began.BEFORE if first * NEAR_START < self.parts else Began.SEEN
