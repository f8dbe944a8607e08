"""Calls that fail, by workflow and by what they call, from minute rollups: what incidents have in common."""

from datetime import datetime, timedelta
from uuid import UUID

from alerts.analysis.dependencies import Calls, Cause
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Dimension, Grain
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import Segment, Slice, group_rows
from monitoring.windows import MINUTE, ceil_to, floor_to

# So far back failures of an incident that opens now are looked for.
BACK, MOST_BACK = timedelta(minutes=15), timedelta(minutes=60)
DIMENSIONS = {
    "system": Dimension.SYSTEM,
    "provider": Dimension.PROVIDER,
    "model": Dimension.MODEL,
    "tool": Dimension.TOOL,
}
_COUNTS = "sum(runs)::bigint, sum(failed + timed_out)::bigint"


def lately(since: datetime, now: datetime) -> Segment:
    """The minutes since a time, 15 to 60 of them."""
    start = max(min(since, now - BACK), now - MOST_BACK)
    return Segment(Grain.MINUTE, floor_to(start, MINUTE), ceil_to(now, MINUTE))


def failing_calls(
    team_id: UUID, since: datetime, now: datetime, *, environment: str
) -> tuple[dict[UUID, int], list[Calls]]:
    """Failed runs by workflow, and calls by workflow and dependency, since a time (15 to 60 minutes ago).

    An empty `environment` is all of them. Six queries at most, whatever there is.
    """
    part, which = lately(since, now), environment or None
    runs = group_rows(
        team_id,
        Slice(None, which),
        [part],
        "workflow_id",
        "sum(failed + timed_out)::bigint",
        "sum(failed + timed_out) > 0",
    )
    failed = {workflow: count for workflow, count in runs if workflow != NO_WORKFLOW}
    if not failed:
        return {}, []
    found = [
        (kind, *row)
        for kind, dimension in DIMENSIONS.items()
        for row in group_rows(team_id, Slice(None, which, dimension), [part], "workflow_id, value_id", _COUNTS)
        if row[0] != NO_WORKFLOW
    ]
    names = label_values(team_id, {value for _, _, value, *_ in found})
    return failed, [
        Calls(workflow, Cause(kind, names[value]), calls, failures)
        for kind, workflow, value, calls, failures in found
        if value in names
    ]
