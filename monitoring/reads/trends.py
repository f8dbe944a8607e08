"""Figures over a window, from rollups: totals, series, per value, per workflow, and the latency pictures.

`marked` is what `pending` said, from a page that has asked already.
Every read aligns its window outwards to whole minutes (whole hours where minutes are kept no longer), as
`monitoring.windows.align` says; windows that come from `parse_window` are aligned already.
`environment=None` means all environments, `workflow_id=None` all workflows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max, Min

from accounts.statements import run_prepared
from monitoring.analysis.histogram import GAMMA, ZERO_BIN
from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension, Grain, Rollup
from monitoring.reads.figures import Totals
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import Pending, Slice, figures, pending, segments
from monitoring.statuses import Status
from monitoring.windows import DAY, HOUR, MINUTE, Window, floor_to

MAX_POINTS = 500
BUCKETS = (
    *(number * MINUTE for number in (1, 5, 15, 30)),
    *(number * HOUR for number in (1, 2, 3, 6, 12)),
    *(number * DAY for number in (1, 2, 7, 28)),
)
_NOTHING = Totals()
# Weeks start on a Monday, as in `monitoring.windows.floor_to`.
_BUCKET = "date_bin(%(length)s, bucket, '1970-01-05 00:00:00+00'::timestamptz)"


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one bucket of a series; buckets without a run are there, with zeros."""

    start: datetime
    totals: Totals


@dataclass(frozen=True, slots=True)
class Series:
    """Points in order of time, all of the same length `bucket`."""

    bucket: timedelta
    points: list[Point]


@dataclass(frozen=True, slots=True)
class ValueRow:
    """The figures of one value of a dimension: `value` is its text, `value_id` its label."""

    value_id: int
    value: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the latency distribution: runs that took (low_ms, high_ms]; the first one starts at 0."""

    low_ms: float
    high_ms: float
    runs: int


@dataclass(frozen=True, slots=True)
class LatencyGrid:
    """Runs by time (columns) and duration (rows, shortest first): `cells[row][column]`.

    Row i holds durations of (limits_ms[i], limits_ms[i + 1]] ms.
    """

    starts: list[datetime]
    bucket: timedelta
    limits_ms: list[float]
    cells: list[list[int]]


@dataclass(frozen=True, slots=True)
class Live:
    """What is at work now: counts, and the start of the oldest (None: not told)."""

    running: int
    queued: int
    waiting: int
    oldest_started_at: datetime | None


def totals(
    team_id: UUID,
    window: Window,
    *,
    workflow_id: UUID | None = None,
    environment: str | None = None,
    dimension: Dimension = Dimension.NONE,
    value_id: int = 0,
    is_timed: bool = True,
    marked: Pending | None = None,
) -> Totals:
    """The figures of the window, without percentiles unless `is_timed`. With a dimension: of one of its values."""
    which = Slice(workflow_id, environment, dimension, value_id)
    found = figures(team_id, which, segments(window.aligned(), marked or pending(team_id)), is_timed=is_timed)
    return found.get(0, Totals())


def series(
    team_id: UUID,
    window: Window,
    *,
    workflow_id: UUID | None = None,
    environment: str | None = None,
    dimension: Dimension = Dimension.NONE,
    value_id: int = 0,
    bucket: timedelta | None = None,
    max_points: int = MAX_POINTS,
) -> Series:
    """The same figures per bucket. Without `bucket`, the shortest round length with at most `max_points` points.

    Points start at multiples of the bucket (weeks on Mondays, all in UTC), so the first may start before the
    window; it holds what is inside the window only. A bucket shorter than the window's precision becomes that.
    """
    which = Slice(workflow_id, environment, dimension, value_id)
    return series_of(team_id, window, which, pending(team_id), bucket=bucket, max_points=max_points)


def series_of(
    team_id: UUID,
    window: Window,
    which: Slice,
    marked: Pending,
    *,
    bucket: timedelta | None = None,
    max_points: int = MAX_POINTS,
) -> Series:
    """As `series`, of a slice, from a page that has asked what is marked already."""
    window = window.aligned()
    length = max(bucket, window.precision) if bucket else bucket_for(window, max_points)
    parts = segments(window, marked, coarsest=length)
    found = figures(team_id, which, parts, _BUCKET, length=length)
    return Series(length, [Point(start, found.get(start, _NOTHING)) for start in starts_of(window, length)])


def series_by_workflow(
    team_id: UUID, window: Window, *, environment: str | None = None, max_points: int = MAX_POINTS
) -> dict[UUID, Series]:
    """The series of each workflow with a run in the window, for sparklines: counts and use, no percentiles."""
    window = window.aligned()
    length = bucket_for(window, max_points)
    which = Slice(None, environment, Dimension.NONE, 0)
    parts = segments(window, pending(team_id), coarsest=length)
    key = f"workflow_id::text || ' ' || extract(epoch FROM {_BUCKET})::bigint"
    found = figures(team_id, which, parts, key, is_timed=False, length=length)
    starts = {f"{start.timestamp():.0f}": start for start in starts_of(window, length)}
    return {
        UUID(workflow): Series(
            length, [Point(start, found.get(f"{workflow} {text}", _NOTHING)) for text, start in starts.items()]
        )
        for workflow in {text.partition(" ")[0] for text in found}
    }


def bucket_for(window: Window, max_points: int) -> timedelta:
    """The shortest round length that cuts the window into at most `max_points` points."""
    fitting = (b for b in BUCKETS if b >= window.precision and len(starts_of(window, b)) <= max_points)
    return next(fitting, BUCKETS[-1])


def starts_of(window: Window, length: timedelta) -> list[datetime]:
    """The starts of the buckets that a window touches."""
    first = floor_to(window.start, length)
    return [first + number * length for number in range(-((first - window.end) // length))]


def by_value(
    team_id: UUID,
    window: Window,
    dimension: Dimension,
    *,
    workflow_id: UUID | None = None,
    environment: str | None = None,
    limit: int = 500,
    is_timed: bool = True,
    marked: Pending | None = None,
) -> list[ValueRow]:
    """Figures per value of a dimension, most failures first, then most runs, then by name.

    Without `is_timed` there are no percentiles and the read is several times faster.
    """
    parts = segments(window.aligned(), marked or pending(team_id))
    found = figures(team_id, Slice(workflow_id, environment, dimension), parts, "value_id", is_timed=is_timed)
    names = label_values(team_id, found)
    rows = [ValueRow(number, names.get(number, str(number)), figure) for number, figure in found.items()]
    rows.sort(key=lambda row: (-row.totals.failures, -row.totals.runs, row.value, row.value_id))
    return rows[:limit]


def by_workflow(team_id: UUID, window: Window, *, environment: str | None = None) -> dict[UUID, Totals]:
    """Figures per workflow; workflows without a run in the window are missing.

    Runs whose workflow nobody told are under `monitoring.identity.NO_WORKFLOW`.
    """
    which = Slice(None, environment, Dimension.NONE, 0)
    return figures(team_id, which, segments(window.aligned(), pending(team_id)), "workflow_id")


def distribution(total: Totals, bars: int = 40) -> list[Bar]:
    """The latency distribution of these figures, at most `bars` bars of equal width on a log scale.

    Runs under a microsecond are a bar of their own, from 0 to 0.
    """
    found: list[Bar] = []
    timed = {index: runs for index, runs in total.histogram.items() if index != ZERO_BIN}
    if zeros := total.histogram.get(ZERO_BIN):
        found.append(Bar(0.0, 0.0, zeros))
    if not timed:
        return found
    first, last = min(timed), max(timed)
    step = -(-(last - first + 1) // bars)
    for low in range(first, last + 1, step):
        runs = sum(timed.get(index, 0) for index in range(low, low + step))
        found.append(Bar(GAMMA ** (low - 1), GAMMA ** (low + step - 1), runs))
    return found


def latency_grid(
    team_id: UUID,
    window: Window,
    *,
    workflow_id: UUID | None = None,
    environment: str | None = None,
    columns: int = 48,
    rows: int = 12,
) -> LatencyGrid:
    """Counts for the heat map: at most `columns` times and `rows` log-spaced ranges of durations."""
    found = series(team_id, window, workflow_id=workflow_id, environment=environment, max_points=columns)
    return grid_of(found, rows)


def grid_of(found: Series, rows: int = 12) -> LatencyGrid:
    """The heat map of a series: a column for each point, at most `rows` log-spaced ranges of durations."""
    histograms = [point.totals.histogram for point in found.points]
    starts = [point.start for point in found.points]
    bins = {index for histogram in histograms for index in histogram}
    timed = bins - {ZERO_BIN}
    if not bins:
        return LatencyGrid(starts, found.bucket, [], [])
    first, last = (min(timed), max(timed)) if timed else (0, 0)
    step = -(-(last - first + 1) // rows)
    count = -(-(last - first + 1) // step)
    cells = [[0] * len(starts) for _ in range(count)]
    for column, histogram in enumerate(histograms):
        for index, runs in histogram.items():
            cells[max(index - first, 0) // step][column] += runs
    # Runs under a microsecond are in the first row, which then starts at 0.
    lowest = 0.0 if ZERO_BIN in bins else GAMMA ** (first - 1)
    limits = [lowest, *(GAMMA ** (first + row * step - 1) for row in range(1, count + 1))]
    return LatencyGrid(starts, found.bucket, limits, cells)


_LIVE = f"""SELECT status, count(*), min(started_at) FROM execution
    WHERE team_id = %s AND status IN ({Status.QUEUED:d}, {Status.RUNNING:d}, {Status.WAITING:d})"""


def live(team_id: UUID, *, workflow_id: UUID | None = None, environment: str | None = None) -> Live:
    """What is running, queued and waiting now: from records, not from rollups."""
    sql, params = _LIVE, list[Any]([team_id])
    if workflow_id is not None:
        sql, params = f"{sql} AND workflow_id = %s", [*params, workflow_id]
    if environment is not None:
        sql, params = f"{sql} AND environment_id = %s", [*params, label_id(LabelKind.ENVIRONMENT, environment)]
    found = {status: told for status, *told in run_prepared(f"{sql} GROUP BY status", params)}
    running, queued, waiting = (
        found.get(status, (0, None)) for status in (Status.RUNNING, Status.QUEUED, Status.WAITING)
    )
    started = [start for start in (running[1], queued[1]) if start]
    return Live(running[0], queued[0], waiting[0], min(started, default=None))


def known_range(team_id: UUID, now: datetime) -> tuple[datetime, datetime]:
    """From the first hour with a run to now, or to the end of the last one where its time is still to come."""
    hours = Rollup.objects.filter(team_id=team_id, grain=Grain.HOUR, dimension=Dimension.NONE)
    found = hours.aggregate(first=Min("bucket"), last=Max("bucket"))
    if found["first"] is None:
        return now - DAY, now
    return min(found["first"], now - HOUR), max(found["last"] + HOUR, now)


def as_of(team_id: UUID, now: datetime) -> datetime:
    """The instant up to which everything reported is in the figures: `now` when nothing waits to be folded."""
    return min(pending(team_id).waiting_since, now)
