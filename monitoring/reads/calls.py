"""Calls of external systems, models and tools, from rollups: by what is called, by workflow, over time.

All three are values of a rollup dimension, and a call is a visit of a step that names one (of nested steps that name
the same one only the innermost). Calls count at the time at which their execution does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import run_planned, run_prepared
from monitoring.analysis.dependence import Caller, Decision, decide
from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension, Grain
from monitoring.reads.figures import Totals
from monitoring.reads.rollup_rows import ALL_WORKFLOWS, Pending, Slice, figures, group_rows, segments
from monitoring.reads.trends import bucket_for, starts_of
from monitoring.windows import DAY, HOUR, Window, floor_to

# Buckets are short enough to say "at once", and few enough to be read for everything that is called.
MAX_BUCKETS = 48
# What is usual is told by so much time before a window, and at least by so many times its length.
BEFORE, TIMES_BEFORE = 28 * DAY, 4


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that steps call. `param` filters lists by it, `plural` is its address."""

    param: str
    plural: str
    dimension: Dimension
    label: LabelKind
    column: str


SYSTEMS = Kind("system", "systems", Dimension.SYSTEM, LabelKind.SYSTEM, "system_id")
MODELS = Kind("model", "models", Dimension.MODEL, LabelKind.MODEL, "model_id")
TOOLS = Kind("tool", "tools", Dimension.TOOL, LabelKind.TOOL, "tool_id")
KINDS = {kind.plural: kind for kind in (SYSTEMS, MODELS, TOOLS)}


@dataclass(frozen=True, slots=True)
class CallingWorkflow:
    """A workflow that calls something; not rated where only its failures are reported."""

    name: str
    slug: str
    is_rated: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """Calls of one value by one workflow in one bucket; `finished` ones succeeded, failed or timed out."""

    calls: int
    finished: int
    failures: int


Pair = tuple[int, UUID]


@dataclass(frozen=True, slots=True)
class CallsOverTime:
    """Calls by value and workflow in buckets from `starts`, all of the length `bucket`; only buckets with calls."""

    starts: Sequence[datetime]
    bucket: timedelta
    cells: Mapping[Pair, Mapping[int, Cell]]

    def failures(self) -> dict[int, list[int]]:
        """Failures per bucket by value, over all workflows."""
        found: dict[int, list[int]] = {}
        for (value, _), cells in self.cells.items():
            points = found.setdefault(value, [0] * len(self.starts))
            for place, cell in cells.items():
                points[place] += cell.failures
        return found


_WORKFLOWS = "SELECT id, name, slug, completeness <> 'failures-only' FROM workflow WHERE team_id = %s"


def workflows_of(team_id: UUID) -> dict[UUID, CallingWorkflow]:
    """All workflows of the team, by id."""
    return {row[0]: CallingWorkflow(*row[1:]) for row in run_prepared(_WORKFLOWS, [team_id])}


def totals_by_pair(
    team_id: UUID,
    kind: Kind,
    window: Window,
    marked: Pending,
    *,
    environment: str | None,
    value_id: int | None = None,
    is_timed: bool = True,
) -> dict[Pair, Totals]:
    """The figures of a window by value and workflow; of one value where it is given."""
    which = Slice(None, environment, kind.dimension, value_id)
    key = "value_id::text || ' ' || workflow_id::text"
    found = figures(team_id, which, segments(window.aligned(), marked), key, is_timed=is_timed)
    return {_pair(text): totals for text, totals in found.items()}


def calls_over_time(
    team_id: UUID,
    kind: Kind,
    window: Window,
    marked: Pending,
    *,
    environment: str | None,
    value_id: int | None = None,
) -> CallsOverTime:
    """Calls of a window in at most `MAX_BUCKETS` buckets."""
    window = window.aligned()
    length = bucket_for(window, MAX_BUCKETS)
    starts = starts_of(window, length)
    which = Slice(None, environment, kind.dimension, value_id)
    keys = "value_id, workflow_id, date_bin(%(length)s, bucket, '1970-01-05 00:00:00+00'::timestamptz)"
    parts = segments(window, marked, coarsest=length)
    cells: defaultdict[Pair, dict[int, Cell]] = defaultdict(dict)
    for value, workflow, start, *counts in group_rows(team_id, which, parts, keys, _COUNTS, length=length):
        cells[value, workflow][(start - starts[0]) // length] = Cell(*counts)
    return CallsOverTime(starts, length, cells)


_COUNTS = "sum(runs)::bigint, sum(succeeded + failed + timed_out)::bigint, sum(failed + timed_out)::bigint"


def calls_before(
    team_id: UUID,
    kind: Kind,
    window: Window,
    marked: Pending,
    *,
    environment: str | None,
    value_id: int | None = None,
) -> dict[Pair, Cell]:
    """Calls of the time before a window that says what is usual."""
    start = floor_to(window.start - max(BEFORE, window.length * TIMES_BEFORE), DAY)
    parts = segments(Window(start, floor_to(window.start, HOUR)), marked)
    which = Slice(None, environment, kind.dimension, value_id)
    rows = group_rows(team_id, which, parts, "value_id, workflow_id", _COUNTS)
    return {(value, workflow): Cell(*counts) for value, workflow, *counts in rows}


def decisions(
    over_time: CallsOverTime, before: Mapping[Pair, Cell], workflows: Mapping[UUID, CallingWorkflow]
) -> dict[int, Decision]:
    """Where to look, by value. Callers are named by the ids of their workflows; those not rated are left out."""
    callers: defaultdict[int, list[Caller]] = defaultdict(list)
    for (value, workflow), cells in over_time.cells.items():
        if workflow in workflows and not workflows[workflow].is_rated:
            continue
        counts = {place: (cell.failures, cell.finished) for place, cell in cells.items()}
        buckets = [counts.get(place, (0, 0)) for place in range(len(over_time.starts))]
        told = before.get((value, workflow), Cell(0, 0, 0))
        callers[value].append(Caller(str(workflow), buckets, (told.failures, told.finished)))
    return {value: decide(found) for value, found in callers.items()}


# From the last bucket with a call to its last hour, and from there to its last minute where minutes are kept.
_LAST = f"""
SELECT p.value_id, COALESCE(m.bucket, h.bucket, p.start)
FROM unnest(%(values)s::bigint[], %(starts)s::timestamptz[]) AS p(value_id, start)
CROSS JOIN LATERAL (
    SELECT max(bucket) AS bucket FROM rollup WHERE {{where}} AND grain = {Grain.HOUR:d}
        AND value_id = p.value_id AND bucket >= p.start AND bucket < p.start + %(length)s AND runs > 0
) h
CROSS JOIN LATERAL (
    SELECT max(bucket) AS bucket FROM rollup WHERE {{where}} AND grain = {Grain.MINUTE:d}
        AND value_id = p.value_id AND bucket >= h.bucket AND bucket < h.bucket + interval '1 hour' AND runs > 0
) m
"""


def last_calls(
    team_id: UUID, kind: Kind, over_time: CallsOverTime, values: Iterable[int], *, environment: str | None
) -> dict[int, datetime]:
    """The start of the minute (of the hour where minutes are kept no longer) of the last call of each value."""
    last: dict[int, int] = {}
    for (value, _), cells in over_time.cells.items():
        last[value] = max(last.get(value, -1), *(place for place, cell in cells.items() if cell.calls), -1)
    wanted = [value for value in values if last.get(value, -1) >= 0]
    params = {
        "team": team_id,
        "values": wanted,
        "starts": [over_time.starts[last[value]] for value in wanted],
        "length": over_time.bucket,
        "environment": label_id(LabelKind.ENVIRONMENT, environment) if environment else None,
    }
    where = f"team_id = %(team)s AND dimension = {kind.dimension:d} AND workflow_id = ANY({ALL_WORKFLOWS})"
    if environment is not None:
        where += " AND environment_id = %(environment)s"
    return dict(run_planned(_LAST.format(where=where), params)) if wanted else {}


def _pair(text: str) -> Pair:
    value, _, workflow = text.partition(" ")
    return int(value), UUID(workflow)


def of_values(totals: Mapping[Pair, Totals]) -> dict[int, dict[UUID, Totals]]:
    """The same figures, by value first."""
    found: defaultdict[int, dict[UUID, Totals]] = defaultdict(dict)
    for (value, workflow), figure in totals.items():
        found[value][workflow] = figure
    return dict(found)
