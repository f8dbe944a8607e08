"""The figures of windows by workflow and value, from rollups: one read for all rules that need the same rows."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.statements import Row, run_prepared
from monitoring.models import Dimension, Grain
from monitoring.reads.figures import Durations, Tokens, Totals, together
from monitoring.reads.rollup_rows import TOKENS, Pending, Segment, Slice, segments, sum_rows
from monitoring.reads.sent_histograms import read_histogram
from monitoring.windows import HOUR, MINUTE, Window, floor_to

# From so many windows on, each of so few minutes, their minutes are read once and added up here. Longer windows are a
# sum of PostgreSQL each, which takes a fraction of that.
MIN_SLIDES, LONGEST_SLIDE = 3, timedelta(minutes=5)
NOTHING = Totals()

# A workflow and the label of a value (0: none).
Key = tuple[UUID, int]
Sums = Mapping[Key, Totals]


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows and columns are read: of one environment or all (None), one workflow or all, one value or all."""

    environment: str | None
    dimension: Dimension
    columns: tuple[str, ...]
    is_timed: bool
    workflow_id: UUID | None = None
    value_id: int | None = None

    @property
    def rows(self) -> Slice:
        """The rollup rows."""
        return Slice(self.workflow_id, self.environment, self.dimension, self.value_id)


@dataclass(frozen=True, slots=True)
class Known:
    """What all reads of one evaluation share: marks of days and months that are not merged yet, workflows of which only
    failures are reported (they have no error rate), and since when figures exist by the minute."""

    marked: Pending
    unrated: frozenset[UUID]
    minutes_from: datetime


_UNRATED = "SELECT id FROM workflow WHERE team_id = %s AND completeness = 'failures-only'"


def unrated_workflows(team_id: UUID) -> frozenset[UUID]:
    """Workflows of which only failures are reported."""
    return frozenset(row[0] for row in run_prepared(_UNRATED, [team_id]))


def sums_of_windows(
    team_id: UUID, part: Part, length: timedelta, ends: Sequence[datetime], known: Known
) -> dict[datetime, Sums]:
    """The figures of each window of this length, by its end. Ends are in order of time."""
    if not ends:
        return {}
    first = ends[0] - length
    if len(ends) >= MIN_SLIDES and length <= LONGEST_SLIDE and first >= known.minutes_from:
        return _slide(_by_minute(team_id, part, Window(first, ends[-1]), known), length, ends)
    return {end: _sums(team_id, part, Window(end - length, end), known) for end in ends}


def _sums(team_id: UUID, part: Part, window: Window, known: Known) -> Sums:
    """Where minutes are kept no longer, a window begins with a whole hour: it is up to an hour longer."""
    start = window.start if window.start >= known.minutes_from else floor_to(window.start, HOUR)
    rows = _rows(team_id, part, segments(Window(start, window.end), known.marked), ())
    return {(row[0], row[1]): _totals(part, row[0], row[2:], known) for row in rows}


def _rows(team_id: UUID, part: Part, found: Sequence[Segment], more: Sequence[str]) -> list[Row]:
    keys = ("workflow_id", "value_id", *more)
    return sum_rows(team_id, part.rows, found, keys, part.columns, is_timed=part.is_timed)


def _by_minute(team_id: UUID, part: Part, window: Window, known: Known) -> dict[Key, list[tuple[datetime, Totals]]]:
    found: dict[Key, list[tuple[datetime, Totals]]] = {}
    for row in _rows(team_id, part, [Segment(Grain.MINUTE, window.start, window.end)], ("bucket",)):
        totals = _totals(part, row[0], row[3:], known)
        found.setdefault((row[0], row[1]), []).append((row[2], totals))
    return found


def sums_by_hour(team_id: UUID, part: Part, window: Window, known: Known) -> dict[datetime, dict[Key, Totals]]:
    """The figures of each hour of the window that has any, by its start."""
    found: dict[datetime, dict[Key, Totals]] = {}
    for row in _rows(team_id, part, [Segment(Grain.HOUR, window.start, window.end)], ("bucket",)):
        found.setdefault(row[2], {})[row[0], row[1]] = _totals(part, row[0], row[3:], known)
    return found


def _slide(
    minutes: Mapping[Key, list[tuple[datetime, Totals]]], length: timedelta, ends: Sequence[datetime]
) -> dict[datetime, Sums]:
    """Windows from minutes; of what was the same in the window before, the sum is the same."""
    found: dict[datetime, dict[Key, Totals]] = {end: {} for end in ends}
    for key, told in minutes.items():
        told.sort(key=lambda one: one[0])
        starts, before = [at for at, _ in told], (0, 0)
        for end in ends:
            span = (bisect_left(starts, end - length), bisect_left(starts, end))
            if span[0] == span[1]:
                continue
            if span != before:
                inside = [totals for _, totals in told[span[0] : span[1]]]
                kept, before = inside[0] if len(inside) == 1 else together(inside), span
            found[end][key] = kept
    return dict(found)


def _totals(part: Part, workflow_id: UUID, sums: Sequence[Any], known: Known) -> Totals:
    """Figures of the columns that were read; what was not is 0 or unknown."""
    told = dict(zip(part.columns, sums, strict=False))
    average: float | None = None
    if count := told.pop("duration_count", 0):
        average = told["duration_sum_ms"] / count
    told.pop("duration_sum_ms", None)
    tokens = Tokens(*(told.pop(column, None) for column in TOKENS))
    if workflow_id in known.unrated and "succeeded" in told:
        told["unrated"] = told["succeeded"] + told["failed"] + told["timed_out"]
        told["unrated_succeeded"] = told["succeeded"]
    return Totals(
        **told,
        tokens=tokens,
        duration_ms=Durations(average),
        histogram=read_histogram(sums[-2], sums[-1]) if part.is_timed else {},
    )


_LATE = f"""SELECT workflow_id, min(bucket) FROM rollup WHERE team_id = %(team)s AND grain = {Grain.MINUTE:d}
    AND dimension = 0 AND bucket >= %(start)s AND bucket < %(end)s AND folded_at > %(since)s
    AND folded_at > bucket + %(settled)s GROUP BY 1"""
_WAITING = f"""SELECT min(marked_at) FROM dirty_bucket WHERE team_id = %(team)s AND grain = {Grain.MINUTE:d}
    AND minute >= %(start)s AND minute < %(end)s"""


def late_minutes(team_id: UUID, window: Window, since: datetime, settle: timedelta) -> dict[UUID, datetime]:
    """The first minute of the window whose figures came late and were computed after `since`, by workflow."""
    values = {"team": team_id, "start": window.start, "end": window.end, "since": since, "settled": MINUTE + settle}
    return dict(run_prepared(_LATE, values))


def waiting_since(team_id: UUID, window: Window) -> datetime | None:
    """Since when something that was accepted for these minutes is not in their figures yet; None: all is."""
    ((since,),) = run_prepared(_WAITING, {"team": team_id, "start": window.start, "end": window.end})
    return since if isinstance(since, datetime) else None
