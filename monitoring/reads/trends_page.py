"""Everything that the Trends page of one workflow shows, in a constant number of queries."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.models import Dimension, Release, Workflow
from monitoring.reads import trends
from monitoring.reads.figures import Totals
from monitoring.reads.steps import NodePlace, failure_points, node_places, typical_failure
from monitoring.reads.verdict import Verdict, verdict
from monitoring.windows import Window

# Bars stay wide enough to be told apart on a phone.
CHART_POINTS = 72
SPARK_POINTS = 28


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node with the figures of its visits. `place` is None where no recent execution visited it."""

    name: str
    totals: Totals
    place: NodePlace | None
    points: Sequence[int]


@dataclass(frozen=True, slots=True)
class TrendsPage:
    """The figures of one workflow in a window. `nodes` are in the order they run, `errors` most frequent first."""

    workflow: Workflow
    window: Window
    totals: Totals
    previous: Totals
    series: trends.Series
    grid: trends.LatencyGrid
    nodes: Sequence[NodeRow]
    errors: Sequence[trends.ValueRow]
    live: trends.Live
    releases: Sequence[trends.ReleaseMark]
    latest_release: str
    verdict: Verdict
    as_of: datetime
    typical_failure: uuid.UUID | None


def load(
    team_id: uuid.UUID, workflow: Workflow, window: Window, *, environment: str | None, now: datetime
) -> TrendsPage:
    """The page's figures. `environment=None`: all environments."""
    workflow_id = workflow.id
    totals = trends.totals(team_id, window, workflow_id=workflow_id, environment=environment)
    errors = trends.by_value(
        team_id, window, Dimension.ERROR, workflow_id=workflow_id, environment=environment, limit=20
    )
    return TrendsPage(
        workflow=workflow,
        window=window,
        totals=totals,
        previous=trends.totals(team_id, window.previous(), workflow_id=workflow_id, environment=environment),
        series=trends.series(
            team_id, window, workflow_id=workflow_id, environment=environment, max_points=CHART_POINTS
        ),
        grid=trends.latency_grid(
            team_id, window, workflow_id=workflow_id, environment=environment, columns=36, rows=10
        ),
        nodes=node_rows(team_id, window, workflow_id=workflow_id, environment=environment),
        errors=errors,
        live=trends.live(team_id, workflow_id=workflow_id, environment=environment),
        releases=trends.release_marks(team_id, window, workflow_id=workflow_id),
        latest_release=_latest_release(workflow),
        verdict=verdict(
            totals,
            objective_success_rate=workflow.objective_success_rate,
            objective_p95_ms=workflow.objective_p95_ms,
        ),
        as_of=trends.as_of(team_id, now),
        typical_failure=typical_failure(
            team_id,
            window,
            workflow_id=workflow_id,
            environment=environment,
            error_id=errors[0].value_id if errors and errors[0].totals.failures else None,
        ),
    )


def node_rows(team_id: uuid.UUID, window: Window, *, workflow_id: uuid.UUID, environment: str | None) -> list[NodeRow]:
    """The nodes in the order they run; those that no recent execution visited come last, by name."""
    rows = trends.by_value(team_id, window, Dimension.NODE, workflow_id=workflow_id, environment=environment)
    if not rows:
        return []
    places = node_places(team_id, window, workflow_id=workflow_id, environment=environment)
    points = failure_points(team_id, window, workflow_id=workflow_id, environment=environment, points=SPARK_POINTS)
    nodes = [NodeRow(row.value, row.totals, places.get(row.value_id), points.get(row.value_id, [0, 0])) for row in rows]
    return sorted(nodes, key=lambda node: (node.place is None, node.place.place if node.place else 0, node.name))


def _latest_release(workflow: Workflow) -> str:
    newest = Release.objects.filter(workflow_id=workflow.id).order_by("-first_seen_at", "-id")
    return newest.values_list("name", flat=True).first() or ""
