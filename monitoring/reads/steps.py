"""The nodes of a workflow: the order in which they run, when they failed, and a failure to look at."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_planned
from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension
from monitoring.reads.places import in_places
from monitoring.reads.rollup_rows import Pending, Slice, pending, segments, select_rows
from monitoring.statuses import FAILING
from monitoring.windows import EARLIEST, HOUR, LATEST, Window

# Executions looked at: enough to see the usual branches, few enough to read in a few milliseconds.
SAMPLE_SIZE = 40

# For each execution the place at which each node came first; then the mean place over all of them. The partitions
# are named by constants: planning over all days that are kept costs more than the query itself.
_ORDER_SQL = """
WITH visited AS MATERIALIZED (
    SELECT s.execution_id, s.node_id, s.kind_id, s.system_id, s.model_id, s.tool_id,
        row_number() OVER (PARTITION BY s.execution_id ORDER BY s.position, s.started_at, s.id) AS place
    FROM step s
    WHERE s.team_id = %(team)s AND s.execution_id = ANY(%(executions)s) AND {partitions}
), first_visit AS (
    SELECT node_id, max(kind_id) AS kind_id, max(system_id) AS system_id, max(model_id) AS model_id,
        max(tool_id) AS tool_id, min(place) AS place
    FROM visited WHERE node_id IS NOT NULL GROUP BY execution_id, node_id
)
SELECT v.node_id, kind.value, avg(v.place), max(system.value), max(model.value), max(tool.value)
FROM first_visit v
LEFT JOIN label kind ON kind.team_id = %(team)s AND kind.id = v.kind_id
LEFT JOIN label system ON system.team_id = %(team)s AND system.id = v.system_id
LEFT JOIN label model ON model.team_id = %(team)s AND model.id = v.model_id
LEFT JOIN label tool ON tool.team_id = %(team)s AND tool.id = v.tool_id
GROUP BY v.node_id, kind.value
ORDER BY avg(v.place), v.node_id
"""


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where a node usually comes in an execution (from 1, a mean) and its kind; `kind` is None where not told.

    `calls` are the external system, model and tool that it calls, as (query parameter, name); of several one.
    """

    place: float
    kind: str | None
    calls: tuple[tuple[str, str], ...] = ()


def node_places(
    team_id: UUID, window: Window, *, workflow_id: UUID, environment: str | None = None
) -> dict[int, NodePlace]:
    """The place and kind of each node that the latest `SAMPLE_SIZE` executions of the window visited, by label id."""
    where, params = _executions_in(team_id, window, workflow_id, environment)
    columns = "id, retention_class, anchor_day"
    found = run_planned(f"SELECT {columns} {where} AND step_count > 0 {_LATEST} LIMIT {SAMPLE_SIZE}", params)
    if not found:
        return {}
    partitions, values = in_places(((row[1], row[2]) for row in found), "s")
    values |= {"team": team_id, "executions": [row[0] for row in found]}
    places: dict[int, NodePlace] = {}
    for node_id, kind, place, *names in run_planned(_ORDER_SQL.format(partitions=partitions), values):
        calls = tuple((param, name) for param, name in zip(("system", "model", "tool"), names, strict=True) if name)
        places.setdefault(node_id, NodePlace(float(place), kind, calls))
    return places


def failure_points(
    team_id: UUID,
    window: Window,
    *,
    workflow_id: UUID,
    environment: str | None = None,
    points: int = 28,
    marked: Pending | None = None,
) -> dict[int, list[int]]:
    """Failed and timed-out visits of each node over the window, cut into `points` equal parts, by label id."""
    part = window.length / points
    cut = segments(window, marked or pending(team_id), coarsest=max(part, HOUR))
    which = Slice(workflow_id, environment, Dimension.NODE)
    columns = "value_id, bucket, failed, timed_out"
    found: dict[int, list[int]] = defaultdict(lambda: [0] * points)
    for node_id, bucket, failed, timed_out in select_rows(team_id, which, cut, columns, "failed + timed_out > 0"):
        found[node_id][(bucket - window.start) // part] += failed + timed_out
    return dict(found)


def typical_failure(
    team_id: UUID,
    window: Window,
    *,
    workflow_id: UUID,
    environment: str | None = None,
    error_id: int | None = None,
) -> UUID | None:
    """The latest failed execution of the window, with this error where one is given; None without a failure."""
    where, params = _executions_in(team_id, window, workflow_id, environment)
    where += f" AND status IN ({', '.join(str(int(status)) for status in sorted(FAILING))})"
    if error_id is not None:
        where, params = f"{where} AND error_id = %s", [*params, error_id]
    rows = run_planned(f"SELECT id {where} {_LATEST} LIMIT 1", params)
    return rows[0][0] if rows else None


def last_run_at(team_id: UUID, *, workflow_id: UUID, environment: str | None) -> datetime | None:
    """When the latest execution of a workflow counts, whatever the range; None without one."""
    ever = Window(EARLIEST, LATEST)
    where, params = _executions_in(team_id, ever, workflow_id, environment)
    rows = run_planned(f"SELECT counted_at {where} {_LATEST} LIMIT 1", params)
    return rows[0][0] if rows else None


_LATEST = "ORDER BY counted_at DESC, id DESC"


def _executions_in(team_id: UUID, window: Window, workflow_id: UUID, environment: str | None) -> tuple[str, list[Any]]:
    """FROM and WHERE of the executions of a workflow that count in a window, and their parameters."""
    text = "FROM execution WHERE team_id = %s AND workflow_id = %s AND counted_at >= %s AND counted_at < %s"
    params = [team_id, workflow_id, window.start, window.end]
    if environment is None:
        return text, params
    return f"{text} AND environment_id = %s", [*params, label_id(LabelKind.ENVIRONMENT, environment)]
