"""Everything that the Trends page of one workflow shows, in a constant number of queries."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitoring.analysis.histogram import merge
from monitoring.models import Dimension, Workflow
from monitoring.ports import IncidentMark, incident_marks
from monitoring.reads import trends
from monitoring.reads.baselines import Proposals
from monitoring.reads.criteria import CriteriaFigures, figures_of
from monitoring.reads.cuts import Cut
from monitoring.reads.figures import Totals, together
from monitoring.reads.onsets import Began
from monitoring.reads.releases import ReleaseMark, latest_release, release_marks
from monitoring.reads.rollup_rows import Pending, Slice, pending
from monitoring.reads.steps import NodePlace, failure_points, last_run_at, node_places, typical_failure
from monitoring.reads.surroundings import Judged, judge_workflow
from monitoring.reads.verdict import Verdict
from monitoring.windows import Window

# Bars stay wide enough to be told apart on a phone; a quarter is still drawn by the day.
CHART_POINTS, LONG_CHART_POINTS = 60, 100
LONG = timedelta(days=60)
SPARK_POINTS = 28
GRID_ROWS, SMALLEST_GRID = 10, 18


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node with the figures of its visits. `place` is None where no recent execution visited it."""

    name: str
    totals: Totals
    place: NodePlace | None
    points: Sequence[int]


@dataclass(frozen=True, slots=True)
class TrendsPage:
    """The figures of one workflow in a window. `nodes` are in the order they run, `errors` most frequent first.

    `last_run_at` is looked up only where the window has no run.
    """

    workflow: Workflow
    window: Window
    totals: Totals
    previous: Totals
    series: trends.Series
    grid: trends.LatencyGrid
    nodes: Sequence[NodeRow]
    errors: Sequence[trends.ValueRow]
    live: trends.Live
    releases: Sequence[ReleaseMark]
    incidents: Sequence[IncidentMark]
    latest_release: str
    verdict: Verdict
    proposals: Proposals
    began: Began | None
    as_of: datetime
    typical_failure: uuid.UUID | None
    last_run_at: datetime | None
    criteria: CriteriaFigures


def load(
    team_id: uuid.UUID, workflow: Workflow, window: Window, *, environment: str | None, now: datetime
) -> TrendsPage:
    """The page's figures. `environment=None`: all environments."""
    workflow_id, marked = workflow.id, pending(team_id)
    series = page_series(team_id, window, workflow_id=workflow_id, environment=environment, marked=marked)
    totals = together([point.totals for point in series.points])
    errors = trends.by_value(
        team_id,
        window,
        Dimension.ERROR,
        workflow_id=workflow_id,
        environment=environment,
        limit=20,
        is_timed=False,
        marked=marked,
    )
    cut = Cut(team_id, workflow_id, window, environment, marked)
    nodes, places = node_rows(cut)
    releases = release_marks(team_id, window, workflow_id=workflow_id)
    judged = judge_workflow(cut, workflow, now, totals=totals, series=series, releases=releases, places=places)
    leading = errors[0].value_id if errors and errors[0].totals.failures else None
    return TrendsPage(
        workflow=workflow,
        window=window,
        totals=totals,
        previous=trends.totals(
            team_id, window.previous(), workflow_id=workflow_id, environment=environment, marked=marked
        ),
        series=series,
        grid=trends.grid_of(halved(series), GRID_ROWS),
        nodes=nodes,
        errors=errors,
        live=trends.live(team_id, workflow_id=workflow_id, environment=environment),
        releases=releases,
        incidents=incident_marks(team_id, window.start, window.end, workflow_id=workflow_id),
        latest_release=latest_release(team_id, workflow_id, now),
        verdict=judged.verdict,
        proposals=judged.proposals,
        began=judged.began,
        as_of=min(marked.waiting_since, now),
        typical_failure=typical_failure(
            team_id, window, workflow_id=workflow_id, environment=environment, error_id=leading
        )
        if totals.failures
        else None,
        last_run_at=None if totals.runs else last_run_at(team_id, workflow_id=workflow_id, environment=environment),
        criteria=figures_of(team_id, workflow_id, window, environment=environment, unmet=totals.unmet),
    )


def page_series(
    team_id: uuid.UUID,
    window: Window,
    *,
    workflow_id: uuid.UUID,
    environment: str | None,
    marked: Pending | None = None,
) -> trends.Series:
    """The series of the charts, in which a beginning is looked for, too."""
    most = LONG_CHART_POINTS if window.length > LONG else CHART_POINTS
    which = Slice(workflow_id, environment, Dimension.NONE, 0)
    return trends.series_of(team_id, window, which, marked or pending(team_id), max_points=most)


def judged_window(
    team_id: uuid.UUID,
    workflow: Workflow,
    window: Window,
    now: datetime,
    *,
    environment: str | None,
    series: trends.Series,
) -> Judged:
    """The verdict that the page shows, for who has read the series of the window already."""
    cut = Cut(team_id, workflow.id, window, environment, pending(team_id))
    return judge_workflow(
        cut,
        workflow,
        now,
        totals=together([point.totals for point in series.points]),
        series=series,
        releases=release_marks(team_id, window, workflow_id=workflow.id),
        places=node_places(team_id, window, workflow_id=workflow.id, environment=environment),
    )


def halved(series: trends.Series) -> trends.Series:
    """The series with two buckets in one, so that the cells of a heat map stay wide enough to see."""
    points = series.points
    if len(points) < 2 * SMALLEST_GRID:
        return series
    pairs = [points[place : place + 2] for place in range(0, len(points), 2)]
    return trends.Series(series.bucket * 2, [trends.Point(pair[0].start, _timed(pair)) for pair in pairs])


def node_rows(cut: Cut) -> tuple[list[NodeRow], dict[int, NodePlace]]:
    """The nodes in the order they run, and their places by label id; those that no recent execution visited come last,
    by name."""
    where: Any = {"workflow_id": cut.workflow_id, "environment": cut.environment}
    rows = trends.by_value(cut.team_id, cut.window, Dimension.NODE, marked=cut.marked, **where)
    if not rows:
        return [], {}
    places = node_places(cut.team_id, cut.window, **where)
    points = failure_points(cut.team_id, cut.window, points=SPARK_POINTS, marked=cut.marked, **where)
    nodes = [NodeRow(row.value, row.totals, places.get(row.value_id), points.get(row.value_id, [0, 0])) for row in rows]
    nodes.sort(key=lambda node: (node.place is None, node.place.place if node.place else 0, node.name))
    return nodes, places


def _timed(points: Sequence[trends.Point]) -> Totals:
    """Only the durations: a heat map needs nothing else."""
    histograms = [point.totals.histogram for point in points]
    return Totals(histogram=merge((list(one), list(one.values())) for one in histograms))
