"""Failures of a window by group and over time: two views of the same counts, so one query."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.statements import run_planned, run_prepared
from monitoring.filters import Filters
from monitoring.models import Workflow
from monitoring.reads.failures import failing
from monitoring.reads.merged import merger_of, root_sql
from monitoring.reads.triage import UNTOUCHED, Triaged, triage_of
from monitoring.windows import Window

MAX_GROUPS = 50
MAX_BUCKETS = 40
# Titles of groups whose runs told no error: only the word of their status.
_NO_REASON = gettext_noop("Failed, no reason told")
_BARE_WORDS = {"failed": _NO_REASON, "timed_out": gettext_noop("Timed out, no reason told")}
# A Monday, so that buckets of a week start on one.
_ORIGIN = datetime(2001, 1, 1, tzinfo=UTC)
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 43200, 129600)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A failure group in the window. `points` are failures per bucket; `latest` is its newest failed execution here.

    `node` is None where no failing step was told. `first_seen_at` and `last_seen_at` are of all time.
    """

    id: uuid.UUID
    title: str
    node: str | None
    failures: int
    points: Sequence[int]
    first_seen_at: datetime
    last_seen_at: datetime
    is_new: bool
    latest: uuid.UUID
    triage: Triaged = UNTOUCHED


@dataclass(frozen=True, slots=True)
class FailureGroups:
    """Groups with most failures first (at most `MAX_GROUPS`), and failures over time.

    `failures` counts all of them, `group_count` all groups. `leading` are the failures per bucket of `leading_node`
    (the step where most failed; None where no step was told), `others` those of the other steps.
    """

    failures: int
    group_count: int
    groups: Sequence[GroupRow]
    starts: Sequence[datetime]
    bucket: timedelta
    leading_node: str | None
    leading: Sequence[int]
    others: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Cell:
    group_id: uuid.UUID | None
    node_id: int | None
    bucket: int
    failures: int
    latest_at: datetime
    latest: uuid.UUID
    title: str | None
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    node: str | None
    group_count: int


_CELLS = f"""
WITH failing AS MATERIALIZED (
    SELECT f.*, {root_sql("f.failure_group_id")} AS root FROM ({{failing}}) f {merger_of("f.failure_group_id", "%s")}
),
counted AS (SELECT root, count(*) AS failures FROM failing GROUP BY 1),
top AS (SELECT root FROM counted ORDER BY failures DESC, root LIMIT {MAX_GROUPS}),
part AS (
    SELECT root, root AS id FROM top
    UNION ALL SELECT top.root, m.id FROM top JOIN group_triage m ON m.team_id = %s AND m.merged_into_id = top.root
),
told AS (
    SELECT part.root, (array_agg(g.title ORDER BY g.id = part.root DESC, g.last_seen_at DESC, g.id))[1] AS title,
        min(g.first_seen_at) AS first_seen_at, max(g.last_seen_at) AS last_seen_at
    FROM part JOIN failure_group g ON g.team_id = %s AND g.id = part.id GROUP BY 1
),
cell AS (
    SELECT t.root, f.failed_node_id,
        floor(extract(epoch FROM f.counted_at - %s) / %s)::int AS bucket, count(*) AS failures,
        max(f.counted_at) AS latest_at, (array_agg(f.id ORDER BY f.counted_at DESC, f.id DESC))[1] AS latest
    FROM failing f LEFT JOIN top t ON t.root = f.root
    GROUP BY 1, 2, 3
)
SELECT c.root, c.failed_node_id, c.bucket, c.failures, c.latest_at, c.latest,
    g.title, g.first_seen_at, g.last_seen_at, l.value, (SELECT count(*) FROM counted)
FROM cell c
LEFT JOIN told g ON g.root = c.root
LEFT JOIN label l ON l.team_id = %s AND l.id = c.failed_node_id
ORDER BY c.bucket, c.root, c.failed_node_id
"""


def failure_groups(team_id: uuid.UUID, workflow: Workflow, filters: Filters) -> FailureGroups:
    """Groups and course of the failures that the filters leave."""
    window = filters.window
    bucket = bucket_length(window)
    first = (window.start - _ORIGIN) // bucket
    count = (window.end - _ORIGIN - timedelta(microseconds=1)) // bucket - first + 1
    population, params = failing(team_id, workflow, filters)
    told = [*params, *[team_id] * 3, _ORIGIN, bucket.total_seconds(), team_id]
    cells = [_Cell(*row) for row in run_planned(_CELLS.format(failing=population), told)]
    nodes: Counter[int] = Counter()
    names: dict[int, str | None] = {}
    for cell in cells:
        if cell.node_id is not None:
            nodes[cell.node_id] += cell.failures
            names[cell.node_id] = cell.node
    leading_id = max(nodes, key=lambda node: (nodes[node], node)) if nodes else None
    return FailureGroups(
        failures=sum(cell.failures for cell in cells),
        group_count=cells[0].group_count if cells else 0,
        groups=_triaged(team_id, _rows(cells, window, first, count)),
        starts=[_ORIGIN + (first + index) * bucket for index in range(count)],
        bucket=bucket,
        leading_node=names.get(leading_id) if leading_id is not None else None,
        leading=_course((c for c in cells if leading_id is not None and c.node_id == leading_id), first, count),
        others=_course((c for c in cells if leading_id is None or c.node_id != leading_id), first, count),
    )


def _triaged(team_id: uuid.UUID, rows: Sequence[GroupRow]) -> list[GroupRow]:
    """The rows with where each group stands. One query."""
    told = triage_of(team_id, [row.id for row in rows])
    return [replace(row, triage=told.get(row.id, UNTOUCHED)) for row in rows]


_TITLES = "SELECT id, title FROM failure_group WHERE team_id = %s AND id = ANY(%s) AND title <> ALL(%s)"


def titles_of(team_id: uuid.UUID, ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """The titles of these groups that say more than that it failed, in one query."""
    wanted = {group_id for group_id in ids if group_id is not None}
    if not wanted:
        return {}
    return dict(run_prepared(_TITLES, [team_id, list(wanted), list(_BARE_WORDS)]))


def title_words(title: str) -> str:
    """The title of a group as pages write it, also of one whose runs told no error."""
    return _(_BARE_WORDS[title]) if title in _BARE_WORDS else title or _(_NO_REASON)


def bucket_length(window: Window) -> timedelta:
    """The shortest round length with at most `MAX_BUCKETS` buckets in the window."""
    for minutes in _MINUTES:
        if window.length <= timedelta(minutes=minutes) * (MAX_BUCKETS - 1):
            return timedelta(minutes=minutes)
    return window.length / (MAX_BUCKETS - 1)


def _course(cells: Iterable[_Cell], first: int, count: int) -> list[int]:
    points = [0] * count
    for cell in cells:
        points[min(max(cell.bucket - first, 0), count - 1)] += cell.failures
    return points


def _rows(cells: Iterable[_Cell], window: Window, first: int, count: int) -> list[GroupRow]:
    by_group: defaultdict[uuid.UUID, list[_Cell]] = defaultdict(list)
    for cell in cells:
        if cell.group_id is not None:
            by_group[cell.group_id].append(cell)
    rows = []
    for group_id, parts in by_group.items():
        newest = max(parts, key=lambda cell: cell.latest_at)
        first_seen = newest.first_seen_at or min(cell.latest_at for cell in parts)
        rows.append(
            GroupRow(
                id=group_id,
                title=title_words(newest.title or ""),
                node=newest.node,
                failures=sum(cell.failures for cell in parts),
                points=_course(parts, first, count),
                first_seen_at=first_seen,
                last_seen_at=newest.last_seen_at or newest.latest_at,
                is_new=first_seen >= window.start,
                latest=newest.latest,
            )
        )
    return sorted(rows, key=lambda row: (-row.failures, row.title, str(row.id)))
