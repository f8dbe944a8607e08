"""Whether others fail at the same thing at the same time: workflows that call it around an instant, from rollups."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from monitoring.identity import NO_WORKFLOW
from monitoring.models import Grain
from monitoring.reads.calls import Kind
from monitoring.reads.rollup_rows import Segment, Slice, group_rows
from monitoring.windows import HOUR, MINUTE, ceil_to, floor_to, minute_floor

# Calls count when their execution ends, so those of one moment lie some minutes apart.
AROUND = 5 * MINUTE
NOW = 15 * MINUTE


class Others(NamedTuple):
    """How many workflows called something, and in how many of them it failed."""

    calling: int
    failing: int


def others_at(
    team_id: UUID,
    kind: Kind,
    value_id: int,
    workflow_id: UUID | None,
    at: datetime,
    *,
    now: datetime,
    environment: str | None = None,
) -> Others:
    """Other workflows than this one that called a value within `AROUND` of an instant.

    Where figures are no longer kept by the minute (`windows.MINUTES_KEPT` before `now`), within its hour. One query.
    """
    start, end = floor_to(at - AROUND, MINUTE), ceil_to(at + AROUND, MINUTE)
    part = Segment(Grain.MINUTE, start, end)
    if start < minute_floor(now):
        part = Segment(Grain.HOUR, floor_to(at, HOUR), floor_to(at, HOUR) + HOUR)
    return _others(team_id, Slice(None, environment, kind.dimension, value_id), part, workflow_id)


def failing_now(
    team_id: UUID, kind: Kind, value_id: int, now: datetime, *, environment: str | None = None, since: timedelta = NOW
) -> Others:
    """Workflows that called a value in the last minutes, and in how many of them it failed. One query."""
    part = Segment(Grain.MINUTE, floor_to(now - since, MINUTE), ceil_to(now, MINUTE))
    return _others(team_id, Slice(None, environment, kind.dimension, value_id), part, None)


def _others(team_id: UUID, which: Slice, part: Segment, without: UUID | None) -> Others:
    sums = "sum(runs)::bigint, sum(failed + timed_out)::bigint"
    rows = group_rows(team_id, which, [part], "workflow_id", sums)
    told = [(calls, failures) for workflow, calls, failures in rows if workflow not in (without, NO_WORKFLOW) and calls]
    return Others(len(told), sum(failures > 0 for _, failures in told))
