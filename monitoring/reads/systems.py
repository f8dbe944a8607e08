"""All external systems, models or tools of a team with their figures, those that fail more than usual first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from monitoring.analysis.dependence import Decision, Side
from monitoring.reads.calls import (
    CallingWorkflow,
    Kind,
    calls_before,
    calls_over_time,
    decisions,
    last_calls,
    of_values,
    totals_by_pair,
    workflows_of,
)
from monitoring.reads.figures import Totals, together
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import pending
from monitoring.windows import Window

# At most so many are looked at and shown, those with most failures, then most calls.
MAX_VALUES = 500
_SIDES = (Side.THEM, Side.US, Side.UNCLEAR)
_UNKNOWN = Decision(Side.UNKNOWN)


@dataclass(frozen=True, slots=True)
class SystemRow:
    """What is called, with its figures. `workflows` call it, `points` are its failures over time."""

    name: str
    totals: Totals
    previous: Totals
    workflows: int
    points: Sequence[int]
    decision: Decision
    last_call_at: datetime | None


@dataclass(frozen=True, slots=True)
class Systems:
    """The list. `starts` and `bucket` place the buckets of points and decisions; `count` is of all, shown or not."""

    rows: Sequence[SystemRow]
    count: int
    starts: Sequence[datetime]
    bucket: timedelta
    workflows: dict[UUID, CallingWorkflow]


def listing(team_id: UUID, kind: Kind, window: Window, *, environment: str | None = None) -> Systems:
    """All of a kind that were called in a window. `environment=None`: all environments.

    Order: by decision (them, us, unclear, the rest), most failures beyond the usual, most failures, most calls, name.
    The number of queries does not depend on how many there are.
    """
    window, marked = window.aligned(), pending(team_id)
    by_value = of_values(totals_by_pair(team_id, kind, window, marked, environment=environment))
    before = of_values(
        totals_by_pair(team_id, kind, window.previous(), marked, environment=environment, is_timed=False)
    )
    over_time = calls_over_time(team_id, kind, window, marked, environment=environment)
    history = calls_before(team_id, kind, window, marked, environment=environment)
    workflows = workflows_of(team_id)
    decided = decisions(over_time, history, workflows)
    last = last_calls(team_id, kind, over_time, by_value, environment=environment)
    names, points = label_values(team_id, by_value), over_time.failures()
    rows = [
        SystemRow(
            name=names.get(value, str(value)),
            totals=together(list(callers.values())),
            previous=together(list(before.get(value, {}).values())),
            workflows=sum(figure.runs > 0 for figure in callers.values()),
            points=points.get(value, []),
            decision=decided.get(value, _UNKNOWN),
            last_call_at=last.get(value),
        )
        for value, callers in by_value.items()
    ]
    rows.sort(key=_rank)
    return Systems(rows[:MAX_VALUES], len(rows), over_time.starts, over_time.bucket, workflows)


def _rank(row: SystemRow) -> tuple[int, float, int, int, str]:
    side = row.decision.side
    place = _SIDES.index(side) if side in _SIDES else len(_SIDES)
    return (place, -row.decision.excess, -row.totals.failures, -row.totals.runs, row.name)
