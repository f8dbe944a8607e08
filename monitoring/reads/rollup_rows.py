"""Reading rollups: which grains cover a window exactly, and the one query that adds them up.

The coarsest grains that fit go inside, finer ones at the edges. Days and months that are marked to be merged
again are read from the grain below, so figures are as fresh as the hours are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.statements import Row, run_planned, run_prepared
from monitoring.analysis.histogram import percentiles
from monitoring.identity import NO_WORKFLOW, LabelKind, label_id
from monitoring.models import Dimension, Grain
from monitoring.reads.figures import Durations, Tokens, Totals
from monitoring.reads.sent_histograms import read_histogram
from monitoring.statuses import Status
from monitoring.windows import DAY, HOUR, LATEST, Window, ceil_to, floor_to

STATUSES = tuple(status.word for status in Status)
TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_COUNTS = ("runs", *STATUSES, "retries", "checked", "unmet", "duration_count")
_USAGE = (*TOKENS, "unpriced_tokens", "api_calls", "storage_bytes")
# Sums of these are not whole numbers.
_BROKEN = ("duration_sum_ms", "cost_usd")
# Of these the greatest counts.
_PEAKS = ("peak_memory_bytes", "memory_share", "storage_share")
COLUMNS = (*_COUNTS, "duration_sum_ms", *_USAGE, *_PEAKS, "cost_usd")


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows of one grain whose buckets start in [start, end)."""

    grain: Grain
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rollup rows: one workflow or all (None), one environment or all, one value of a dimension or all.

    `value_ids` are several values (None: all); `pairs` are values each of one workflow, and take the place of both.
    """

    workflow_id: UUID | None = None
    environment: str | None = None
    dimension: Dimension = Dimension.NONE
    value_id: int | None = None
    value_ids: Sequence[int] | None = None
    pairs: Sequence[tuple[UUID, int]] | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """The first day and the first month that are marked to be merged again, and since when a minute waits."""

    day: datetime = LATEST
    month: datetime = LATEST
    waiting_since: datetime = LATEST


_PENDING = """SELECT (SELECT min(minute) FROM dirty_bucket WHERE team_id = %(team)s AND grain = 3),
    (SELECT min(minute) FROM dirty_bucket WHERE team_id = %(team)s AND grain = 4),
    (SELECT marked_at FROM dirty_bucket WHERE team_id = %(team)s AND grain = 1 ORDER BY id LIMIT 1)"""


def pending(team_id: UUID) -> Pending:
    """From where on days and months cannot be relied on yet. A page asks once and hands it to all its reads."""
    ((day, month, waiting),) = run_prepared(_PENDING, {"team": team_id})
    month = min(month or LATEST, month_of(day) if day else LATEST)
    return Pending(day or LATEST, month, waiting or LATEST)


def month_of(moment: datetime) -> datetime:
    """The start of the month that a moment is in."""
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(moment: datetime) -> datetime:
    """The start of the month after the one that a moment is in."""
    return month_of(month_of(moment) + timedelta(days=32))


def segments(window: Window, marked: Pending, *, coarsest: timedelta | None = None) -> list[Segment]:
    """What to read for an aligned window, in order of time. `coarsest` limits the length of the buckets."""
    hours = (ceil_to(window.start, HOUR), floor_to(window.end, HOUR))
    if hours[0] >= hours[1] or (coarsest is not None and coarsest < HOUR):
        return _told([Segment(Grain.MINUTE, window.start, window.end)])
    days = (ceil_to(hours[0], DAY), min(floor_to(hours[1], DAY), marked.day))
    if days[0] >= days[1] or (coarsest is not None and coarsest < DAY):
        days = (hours[1], hours[1])
    first = month_of(days[0])
    months = (first if first == days[0] else next_month(days[0]), min(month_of(days[1]), marked.month))
    if months[0] >= months[1] or coarsest is not None:
        months = (days[1], days[1])
    edges = [
        (Grain.MINUTE, window.start, hours[0]),
        (Grain.HOUR, hours[0], days[0]),
        (Grain.DAY, days[0], months[0]),
        (Grain.MONTH, *months),
        (Grain.DAY, months[1], days[1]),
        (Grain.HOUR, days[1], hours[1]),
        (Grain.MINUTE, hours[1], window.end),
    ]
    return _told([Segment(*edge) for edge in edges])


def _told(found: Sequence[Segment]) -> list[Segment]:
    return [segment for segment in found if segment.start < segment.end]


ALL_WORKFLOWS = f"""ARRAY(
    SELECT id FROM workflow WHERE team_id = %(team)s UNION ALL SELECT '{NO_WORKFLOW}'::uuid)"""
ALL_ENVIRONMENTS = f"ARRAY(SELECT id FROM label WHERE team_id = %(team)s AND kind = {LabelKind.ENVIRONMENT:d})"


_PAIRS = "SELECT * FROM unnest(%(workflows)s::uuid[], %(values)s::bigint[])"


def _where(which: Slice, part: Segment, number: int) -> str:
    """The rows of one segment. Dimension and grain are constants: indexes and partitions are chosen by them, so that
    one plan serves all times."""
    text = f"""team_id = %(team)s AND grain = {part.grain.value} AND dimension = {which.dimension.value}
        AND bucket >= %(start{number})s AND bucket < %(end{number})s"""
    # All of a team's by name: the key starts with workflow and environment, and only dimension 0 has another index.
    has_key = which.dimension != Dimension.NONE
    if which.pairs is not None:
        text += f" AND (workflow_id, value_id) IN ({_PAIRS})"
    elif which.workflow_id is not None:
        text += " AND workflow_id = %(workflow)s"
    elif has_key:
        text += f" AND workflow_id = ANY({ALL_WORKFLOWS})"
    if which.environment is not None:
        text += " AND environment_id = %(environment)s"
    elif has_key:
        text += f" AND environment_id = ANY({ALL_ENVIRONMENTS})"
    if which.value_id is not None:
        text += " AND value_id = %(value)s"
    if which.value_ids is not None:
        text += " AND value_id = ANY(%(values)s::bigint[])"
    return text


_SUMS = ", ".join(
    [
        *(f"sum({column})::bigint AS {column}" for column in _COUNTS),
        "sum(duration_sum_ms) AS duration_sum_ms",
        *(f"sum({column})::bigint AS {column}" for column in _USAGE),
        *(f"max({column}) AS {column}" for column in _PEAKS),
        "sum(cost_usd) AS cost_usd",
    ]
)
# Runs of workflows of which only failures are reported: they have no success rate, and none that others share.
_UNRATED = """COALESCE(sum({columns}) FILTER (WHERE whose = ANY((SELECT ids FROM unrated)::uuid[])), 0)::bigint"""
_SUMS += f""", {_UNRATED.format(columns="succeeded + failed + timed_out")} AS unrated,
    {_UNRATED.format(columns="succeeded")} AS unrated_succeeded"""
# PostgreSQL sums the numbers; histograms are added up here, which measures two to three times faster than grouping
# their unnested bins there. `array_send` gives 20 bytes about the array, then 4 bytes of length before each element.
_BINS = "substr(array_send(histogram_bins), 21) AS bins, substr(array_send(histogram_counts), 21) AS times"
_NO_BINS = "NULL::bytea AS bins, NULL::bytea AS times"
_QUERY = """
WITH unrated AS (
    SELECT array_agg(id) AS ids FROM workflow WHERE team_id = %(team)s AND completeness = 'failures-only'
)
SELECT key, {sums}, string_agg(bins, '') AS bins, string_agg(times, '') AS times FROM ({parts}) AS part GROUP BY key
"""


def select_rows(team_id: UUID, which: Slice, parts: Sequence[Segment], columns: str, condition: str) -> list[Row]:
    """Columns of the rows that meet a condition, as they are kept, in no order."""
    text = _selects(which, parts, columns, condition)
    return run_prepared(text, _values(team_id, which, parts)) if parts else []


def group_rows(
    team_id: UUID, which: Slice, parts: Sequence[Segment], keys: str, sums: str, having: str = "true", **values: Any
) -> list[Row]:
    """Sums over the rows by keys, in no order: SQL over `workflow_id`, `value_id`, `bucket`, `runs`, durations and the
    statuses.

    Several times faster than `figures`, which has usage and durations as well.
    """
    if not parts:
        return []
    columns = f"workflow_id, value_id, bucket, runs, duration_count, duration_sum_ms, {', '.join(STATUSES)}"
    text = f"SELECT {keys}, {sums} FROM ({_selects(which, parts, columns)}) AS part GROUP BY {keys} HAVING {having}"
    return run_planned(text, {**_values(team_id, which, parts), **values})


def _selects(which: Slice, parts: Sequence[Segment], columns: str, condition: str = "true") -> str:
    return " UNION ALL ".join(
        f"SELECT {columns} FROM rollup WHERE {_where(which, part, number)} AND {condition}"
        for number, part in enumerate(parts)
    )


def _values(team_id: UUID, which: Slice, parts: Sequence[Segment]) -> dict[str, Any]:
    environment = label_id(LabelKind.ENVIRONMENT, which.environment) if which.environment else None
    bounds = {f"start{number}": part.start for number, part in enumerate(parts)}
    bounds |= {f"end{number}": part.end for number, part in enumerate(parts)}
    told = {"team": team_id, "workflow": which.workflow_id, "environment": environment, "value": which.value_id}
    workflows, values = zip(*which.pairs, strict=True) if which.pairs else ((), which.value_ids or ())
    return {**told, "workflows": list(workflows), "values": list(values), **bounds}


def figures(
    team_id: UUID, which: Slice, parts: Sequence[Segment], key: str = "0", *, is_timed: bool = True, **values: Any
) -> dict[Any, Totals]:
    """The figures of these rows by `key`: an SQL expression over rollup columns, whose parameters are `values`.

    Histograms are most of the work: without `is_timed` there are no percentiles.
    """
    if not parts:
        return {}
    columns = f"{key} AS key, workflow_id AS whose, {', '.join(COLUMNS)}, {_BINS if is_timed else _NO_BINS}"
    text = _QUERY.format(parts=_selects(which, parts, columns), sums=_SUMS)
    rows = _runner(which)(text, {**_values(team_id, which, parts), **values})
    return {row[0]: totals_of(row[1:]) for row in rows}


def sum_rows(
    team_id: UUID, which: Slice, parts: Sequence[Segment], keys: Sequence[str], sums: Sequence[str], *, is_timed: bool
) -> list[Row]:
    """A row for each value of the columns `keys`: those, the sums of these columns (of memory the greatest), and with
    `is_timed` the histograms.

    For reads that need a few of `figures`: what is not asked for is not added up.
    """
    if not parts:
        return []
    columns = ", ".join((*keys, *sums))
    bins = f", {_BINS}" if is_timed else ""
    joined = ", string_agg(bins, ''), string_agg(times, '')" if is_timed else ""
    added = ", ".join(_added(column) for column in sums)
    by = ", ".join(keys)
    text = f"SELECT {by}, {added}{joined} FROM ({_selects(which, parts, columns + bins)}) AS part GROUP BY {by}"
    return _runner(which)(text, _values(team_id, which, parts))


def _added(column: str) -> str:
    if column in _PEAKS:
        return f"max({column})"
    return f"sum({column}){'' if column in _BROKEN else '::bigint'}"


def _runner(which: Slice) -> Callable[[str, dict[str, Any]], list[Row]]:
    """All values of a dimension over all workflows are many rows or few: that plan does depend on the values."""
    has_index = which.workflow_id is not None or which.dimension == Dimension.NONE
    return run_prepared if has_index else run_planned


def totals_of(row: Sequence[Any]) -> Totals:
    """Figures from a row of `COLUMNS`, then what is not rated, then the histograms as `read_histogram` takes them."""
    told = dict(zip((*COLUMNS, "unrated", "unrated_succeeded"), row, strict=False))
    histogram = read_histogram(row[-2], row[-1])
    timed = told["duration_count"]
    return Totals(
        runs=told["runs"],
        **{word: told[word] for word in STATUSES},
        retries=told["retries"],
        checked=told["checked"],
        unmet=told["unmet"],
        duration_ms=Durations(
            told["duration_sum_ms"] / timed if timed else None,
            *percentiles(histogram, (0.5, 0.95, 0.99)),
        ),
        tokens=Tokens(*(told[column] for column in TOKENS)),
        cost_usd=told["cost_usd"],
        unpriced_tokens=told["unpriced_tokens"],
        api_calls=told["api_calls"],
        peak_memory_bytes=told["peak_memory_bytes"],
        storage_bytes=told["storage_bytes"],
        memory_share=told["memory_share"],
        storage_share=told["storage_share"],
        unrated=told["unrated"],
        unrated_succeeded=told["unrated_succeeded"],
        histogram=histogram,
    )
