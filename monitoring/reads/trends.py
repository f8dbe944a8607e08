"""Figures over a window, from rollups: totals, series, per value, per workflow, and the latency pictures.

Every read aligns its window outwards to whole minutes (whole hours where minutes are kept no longer), as
`monitoring.windows.align` says; windows that come from `parse_window` are aligned already.
`environment=None` means all environments, `workflow_id=None` all workflows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from monitoring.models import Dimension
from monitoring.reads.figures import Totals
from monitoring.windows import Window

MAX_POINTS = 500


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


@dataclass(frozen=True, slots=True)
class ReleaseMark:
    """The first time that a release was seen."""

    at: datetime
    name: str


def totals(
    team_id: UUID,
    window: Window,
    *,
    workflow_id: UUID | None = None,
    environment: str | None = None,
    dimension: Dimension = Dimension.NONE,
    value_id: int = 0,
) -> Totals:
    """The figures of the window. With a dimension: of one of its values."""
    raise NotImplementedError


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
    """The same figures per bucket. Without `bucket`, the shortest round length with at most `max_points` points."""
    raise NotImplementedError


def by_value(
    team_id: UUID,
    window: Window,
    dimension: Dimension,
    *,
    workflow_id: UUID | None = None,
    environment: str | None = None,
    limit: int = 500,
) -> list[ValueRow]:
    """Figures per value of a dimension, most failures first, then most runs, then by name."""
    raise NotImplementedError


def by_workflow(team_id: UUID, window: Window, *, environment: str | None = None) -> dict[UUID, Totals]:
    """Figures per workflow; workflows without a run in the window are missing."""
    raise NotImplementedError


def distribution(total: Totals, bars: int = 40) -> list[Bar]:
    """The latency distribution of these figures, at most `bars` bars of equal width on a log scale."""
    raise NotImplementedError


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
    raise NotImplementedError


def live(team_id: UUID, *, workflow_id: UUID | None = None, environment: str | None = None) -> Live:
    """What is running, queued and waiting now: from records, not from rollups."""
    raise NotImplementedError


def release_marks(team_id: UUID, window: Window, *, workflow_id: UUID | None = None) -> list[ReleaseMark]:
    """Releases first seen inside the window, in order of time."""
    raise NotImplementedError


def as_of(team_id: UUID, now: datetime) -> datetime:
    """The instant up to which everything reported is in the figures: `now` when nothing waits to be folded."""
    raise NotImplementedError


def split(total: Sequence[Totals]) -> Totals:
    """The figures of several disjoint sets taken together."""
    raise NotImplementedError
