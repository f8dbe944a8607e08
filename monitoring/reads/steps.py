"""The nodes of a workflow: the order in which they run, when they failed, and a failure to look at."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension, Execution, Rollup
from monitoring.reads.rollup_rows import Pending, pending, segments
from monitoring.statuses import FAILING
from monitoring.windows import EARLIEST, HOUR, LATEST, Window

# Executions looked at: enough to see the usual branches, few enough to read in a few milliseconds.
SAMPLE_SIZE = 40

# For each execution the place at which each node came first; then the mean place over all of them. The partitions
# are named by constants: planning over all days that are kept costs more than the query itself.
_ORDER_SQL = """
WITH visited AS MATERIALIZED (
    SELECT s.execution_id, s.node_id, s.kind_id,
        row_number() OVER (PARTITION BY s.execution_id ORDER BY s.position, s.started_at, s.id) AS place
    FROM step s
    WHERE s.team_id = %(team)s AND s.execution_id = ANY(%(executions)s) AND ({partitions})
), first_visit AS (
    SELECT node_id, max(kind_id) AS kind_id, min(place) AS place
    FROM visited WHERE node_id IS NOT NULL GROUP BY execution_id, node_id
)
SELECT v.node_id, kind.value, avg(v.place)
FROM first_visit v
LEFT JOIN label kind ON kind.team_id = %(team)s AND kind.id = v.kind_id
GROUP BY v.node_id, kind.value
ORDER BY avg(v.place), v.node_id
"""


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where a node usually comes in an execution (from 1, a mean) and its kind; `kind` is None where not told."""

    place: float
    kind: str | None


def node_places(
    team_id: UUID, window: Window, *, workflow_id: UUID, environment: str | None = None
) -> dict[int, NodePlace]:
    """The place and kind of each node that the latest `SAMPLE_SIZE` executions of the window visited, by label id."""
    latest = executions_in(team_id, window, workflow_id=workflow_id, environment=environment)
    found = list(latest.filter(step_count__gt=0).values_list("id", "retention_class", "anchor_day")[:SAMPLE_SIZE])
    if not found:
        return {}
    values: dict[str, Any] = {"team": team_id, "executions": [row[0] for row in found]}
    partitions = []
    for number, (kept, day) in enumerate(sorted({(row[1], row[2]) for row in found})):
        partitions.append(f"(s.retention_class = %(kept{number})s AND s.anchor_day = %(day{number})s)")
        values |= {f"kept{number}": kept, f"day{number}": day}
    places: dict[int, NodePlace] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ORDER_SQL.format(partitions=" OR ".join(partitions)), values)
        for node_id, kind, place in cursor.fetchall():
            places.setdefault(node_id, NodePlace(float(place), kind))
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
    rows = Rollup.objects.filter(
        reduce(or_, (Q(grain=one.grain, bucket__gte=one.start, bucket__lt=one.end) for one in cut)),
        Q(failed__gt=0) | Q(timed_out__gt=0),
        team_id=team_id,
        workflow_id=workflow_id,
        dimension=Dimension.NODE,
    )
    if environment:
        rows = rows.filter(environment_id=label_id(LabelKind.ENVIRONMENT, environment))
    found: dict[int, list[int]] = defaultdict(lambda: [0] * points)
    for node_id, bucket, failed, timed_out in rows.values_list("value_id", "bucket", "failed", "timed_out"):
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
    failed = executions_in(team_id, window, workflow_id=workflow_id, environment=environment)
    failed = failed.filter(status__in=sorted(FAILING))
    if error_id is not None:
        failed = failed.filter(error_id=error_id)
    return failed.values_list("id", flat=True).first()


def last_run_at(team_id: UUID, *, workflow_id: UUID, environment: str | None) -> datetime | None:
    """When the latest execution of a workflow counts, whatever the range; None without one."""
    ever = Window(EARLIEST, LATEST)
    latest = executions_in(team_id, ever, workflow_id=workflow_id, environment=environment)
    return latest.values_list("counted_at", flat=True).first()


def executions_in(team_id: UUID, window: Window, *, workflow_id: UUID, environment: str | None) -> QuerySet[Execution]:
    """The executions of a workflow that count in a window, latest first."""
    found = Execution.objects.filter(
        team_id=team_id, workflow_id=workflow_id, counted_at__gte=window.start, counted_at__lt=window.end
    )
    if environment:
        found = found.filter(environment_id=label_id(LabelKind.ENVIRONMENT, environment))
    return found.order_by("-counted_at", "-id")
