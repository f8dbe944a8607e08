"""The failure groups of a team that failed in a range: filtered, sorted, in pages, with where each stands.

Merged groups are one row. Failures are counted from the executions through the index of their groups, once for the
number and for the small line of each row, so a range costs what failed in it; the number of statements does not depend
on the number of groups.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.triage import TriageStatus
from monitoring.filters import Choice, Filters
from monitoring.identity import LabelKind
from monitoring.reads.group_improvements import OfGroup, improvements_of
from monitoring.reads.groups import title_words
from monitoring.reads.matching import conditions
from monitoring.reads.merged import merger_of, root_sql
from monitoring.reads.triage import NO_PROGRESS, UNTOUCHED, Progress, Triaged, progress_of, triage_of
from monitoring.windows import Window

PAGE_SIZE = 50
# Equal parts of the range that a group's failures are told in.
POINTS = 28
NOBODY = "nobody"

_WORKFLOWS = """AND g.workflow_id = ANY(ARRAY(
    SELECT w.id FROM workflow w WHERE w.team_id = %s AND (w.slug = ANY(%s) OR w.name = ANY(%s))))"""
_TEXT = """AND bool_or(title ILIKE %s OR node_id IN (
    SELECT l.id FROM label l WHERE l.team_id = %s AND l.kind = %s AND l.value ILIKE %s))"""
_LISTED = f"""
WITH part AS (
    SELECT g.id, {root_sql("g.id")} AS root, g.title, g.node_id, g.workflow_id, g.first_seen_at, g.last_seen_at
    FROM failure_group g {merger_of("g.id", "%s")} WHERE g.team_id = %s {{workflow}}
), told AS (
    SELECT root, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at,
        array_agg(id ORDER BY id = root DESC, last_seen_at DESC, id) AS ids
    FROM part GROUP BY root HAVING max(last_seen_at) >= %s AND min(first_seen_at) < %s {{text}}
), counted AS (
    SELECT failure_group_id, sum(failures)::bigint AS failures,
        array_agg(place) AS places, array_agg(failures) AS counts
    FROM (
        SELECT failure_group_id, width_bucket(counted_at, %s::timestamptz[]) AS place, count(*) AS failures
        FROM execution WHERE {{failed}} AND failure_group_id = ANY(ARRAY(SELECT unnest(told.ids) FROM told))
        GROUP BY 1, 2
    ) AS placed GROUP BY 1
), hit AS (
    SELECT part.root, sum(counted.failures)::bigint AS failures
    FROM part JOIN counted ON counted.failure_group_id = part.id GROUP BY 1
), listed AS MATERIALIZED (
    SELECT told.*, hit.failures, COALESCE(t.status, 'open') AS status FROM hit JOIN told ON told.root = hit.root
    LEFT JOIN group_triage t ON t.team_id = %s AND t.id = hit.root {{assignee}}
), tally AS (
    SELECT jsonb_object_agg(status, groups) AS by_status
    FROM (SELECT status, count(*) AS groups FROM listed GROUP BY 1) AS one
), page AS (
    SELECT * FROM listed WHERE status = ANY(%s) {{after}} ORDER BY {{key}} {{order}}, root {{order}} LIMIT %s
), line AS (
    SELECT part.root, array_agg(p.place) AS places, array_agg(p.failures) AS counts
    FROM part JOIN counted ON counted.failure_group_id = part.id
    CROSS JOIN LATERAL unnest(counted.places, counted.counts) AS p(place, failures)
    WHERE part.root = ANY(ARRAY(SELECT root FROM page)) GROUP BY 1
)
SELECT tally.by_status, page.root, page.ids, page.failures, page.first_seen_at, page.last_seen_at,
    g.title, g.workflow_id, w.name, w.slug, l.value, line.places, line.counts
FROM tally LEFT JOIN page ON true
LEFT JOIN line ON line.root = page.root
LEFT JOIN failure_group g ON g.team_id = %s AND g.id = page.ids[1]
LEFT JOIN workflow w ON w.team_id = %s AND w.id = g.workflow_id
LEFT JOIN label l ON l.team_id = %s AND l.id = g.node_id
ORDER BY page.{{key}} {{order}}, page.root {{order}}
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which groups are asked for. `assignee` is a member's id, `NOBODY`, or empty for all."""

    filters: Filters
    statuses: Sequence[TriageStatus] = tuple(TriageStatus)
    assignee: str = ""
    limit: int = PAGE_SIZE


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A failure group in the list; `failures` are those of the range, times are of all time.

    `ids` are all fingerprints that count as it, the first one being its own where that has failures; `points` are the
    failures in `POINTS` equal parts of the range.
    """

    id: UUID
    ids: Sequence[UUID]
    title: str
    node: str | None
    workflow_id: UUID | None
    workflow: str | None
    workflow_slug: str | None
    failures: int
    first_seen_at: datetime
    last_seen_at: datetime
    is_new: bool
    points: Sequence[int]
    triage: Triaged = UNTOUCHED
    improvement: OfGroup | None = None

    @property
    def shown_title(self) -> str:
        """The title as pages write it."""
        return title_words(self.title)

    @property
    def merged(self) -> int:
        """How many other groups count as this one."""
        return len(self.ids) - (self.id in self.ids)


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Rows, how many groups have which status (whatever status is asked for), and cursors (empty: no such page)."""

    rows: Sequence[ListedGroup]
    by_status: dict[TriageStatus, int]
    next: str = ""
    previous: str = ""
    progress: Progress = NO_PROGRESS


@dataclass(frozen=True, slots=True)
class _Key:
    column: str
    read: Callable[[str], Any]


_KEYS = {
    "failures": _Key("failures", int),
    "last": _Key("last_seen_at", datetime.fromisoformat),
    "first": _Key("first_seen_at", datetime.fromisoformat),
}
SORTS = ("-failures", "failures", "-last", "last", "-first", "first")
# Its value, its id, and whether what comes before it is meant.
Cursor = tuple[Any, UUID, bool]


def group_page(team_id: UUID, asked: Asked, now: datetime) -> GroupPage:
    """One page. `filters.sort` is one of `SORTS` (most failures first when it is not), `filters.after` a cursor.

    `q` is a part of the title or of the node; the other filters say which failures count. At most five queries.
    """
    sort = asked.filters.sort if asked.filters.sort in SORTS else SORTS[0]
    cursor = read_cursor(asked.filters.after, sort)
    is_backward = cursor is not None and cursor[2]
    rows, by_status = _read(team_id, asked, sort, cursor)
    more, rows = len(rows) > asked.limit, rows[: asked.limit]
    if is_backward:
        rows.reverse()
    has_next, has_previous = (True, more) if is_backward else (more, cursor is not None)
    triaged = triage_of(team_id, [row.id for row in rows])
    improved = improvements_of(team_id, {row.id: row.ids for row in rows})
    return GroupPage(
        [replace(row, triage=triaged.get(row.id, UNTOUCHED), improvement=improved.get(row.id)) for row in rows],
        by_status,
        _cursor(rows[-1], sort, is_backward=False) if rows and has_next else "",
        _cursor(rows[0], sort, is_backward=True) if rows and has_previous else "",
        progress_of(team_id, triaged, now),
    )


def read_cursor(text: str, sort: str) -> Cursor | None:
    """The place that a cursor names; None when it is empty, damaged or of another order."""
    try:
        made_for, direction, value, row_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if made_for != sort or direction not in ("<", ">"):
            return None
        return _KEYS[sort.removeprefix("-")].read(value), UUID(row_id), direction == "<"
    except (ValueError, TypeError, AttributeError):
        return None


def _cursor(row: ListedGroup, sort: str, *, is_backward: bool) -> str:
    value = str(getattr(row, _KEYS[sort.removeprefix("-")].column))
    told = json.dumps([sort, "<" if is_backward else ">", value, str(row.id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def _read(
    team_id: UUID, asked: Asked, sort: str, cursor: Cursor | None
) -> tuple[list[ListedGroup], dict[TriageStatus, int]]:
    """One row more than the page has, in the order asked for (turned round for a backward cursor)."""
    filters, key = asked.filters, _KEYS[sort.removeprefix("-")].column
    is_descending = sort.startswith("-") != (cursor is not None and cursor[2])
    workflow, text, assignee = _of_workflow(team_id, filters["workflow"]), _matching(team_id, filters), _given(asked)
    failed = _failed_in(team_id, filters)
    after = (f"AND ({key}, root) {'<' if is_descending else '>'} (%s, %s)", list(cursor[:2])) if cursor else ("", [])
    sql = _LISTED.format(
        workflow=workflow[0],
        text=text[0],
        failed=failed[0],
        assignee=assignee[0],
        after=after[0],
        key=key,
        order="DESC" if is_descending else "ASC",
    )
    params = [team_id, team_id, *workflow[1], filters.window.start, filters.window.end, *text[1]]
    params += [_borders(filters.window), *failed[1]]
    params += [team_id, *assignee[1], [one.value for one in asked.statuses], *after[1], asked.limit + 1]
    rows = run_planned(sql, [*params, team_id, team_id, team_id])
    by_status = {TriageStatus(word): groups for word, groups in (rows[0][0] or {}).items()}
    return [_listed(row, filters) for row in rows if row[1] is not None], by_status


def _failed_in(team_id: UUID, filters: Filters) -> tuple[str, list[Any]]:
    """Which executions count: all filters but those that say which groups are meant."""
    kept = {name: choice for name, choice in filters.choices.items() if name not in ("workflow", "status", "assignee")}
    return conditions(team_id, replace(filters, choices=kept, q=""), is_told=True)


def _borders(window: Window) -> list[datetime]:
    """Where the parts of a range begin, but for the first."""
    return [window.start + window.length * place / POINTS for place in range(1, POINTS)]


def _of_workflow(team_id: UUID, choice: Choice) -> tuple[str, list[Any]]:
    wanted = list(choice.wanted)
    return (_WORKFLOWS, [team_id, wanted, wanted]) if wanted else ("", [])


def _matching(team_id: UUID, filters: Filters) -> tuple[str, list[Any]]:
    if not filters.q:
        return "", []
    pattern = filters.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return _TEXT, [f"%{pattern}%", team_id, LabelKind.NODE.value, f"%{pattern}%"]


def _given(asked: Asked) -> tuple[str, list[Any]]:
    if not asked.assignee:
        return "", []
    if asked.assignee == NOBODY:
        return "WHERE t.assignee_id IS NULL", []
    try:
        return "WHERE t.assignee_id = %s", [UUID(asked.assignee)]
    except ValueError:
        return "WHERE false", []


def _listed(row: Sequence[Any], filters: Filters) -> ListedGroup:
    _, root, ids, failures, first, last, title, workflow_id, workflow, slug, node, places, counts = row
    is_new = first >= filters.window.start
    points = [0] * POINTS
    for place, count in zip(places, counts, strict=True):
        points[place] += count
    return ListedGroup(root, ids, title or "", node, workflow_id, workflow, slug, failures, first, last, is_new, points)
