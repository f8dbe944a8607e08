"""Lists of executions: every filter of `monitoring.filters`, keyset cursors, names resolved."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import UUID

from accounts.statements import run_planned, run_prepared
from monitoring.filters import Filters
from monitoring.identity import PRODUCTION
from monitoring.models.execution import Clock, RetentionClass
from monitoring.reads.figures import Tokens
from monitoring.reads.labels import label_values
from monitoring.reads.matching import conditions
from monitoring.statuses import UNMET, Status

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
SORTS = ("-time", "time", "-duration", "duration", "-cost", "cost")


@dataclass(frozen=True, slots=True)
class ExecutionRow:
    """An execution in a list, names resolved. None: not told. Times aware UTC, money US dollars.

    `counted_at` is where it counts (finish, else start, else placed by the import, else receipt); `error` is the
    message cut at 500 characters, or where only the failing step told one its normalised text; `failed_node` the
    node of the first failing leaf step. `is_unmet`: it succeeded without meeting the success criteria of its workflow;
    None where there is nothing to check, or it cannot be told.
    """

    id: UUID
    external_id: str
    attempt: int
    origin_id: UUID
    workflow_id: UUID | None
    workflow: str | None
    workflow_slug: str | None
    release: str | None
    environment: str
    trigger: str | None
    input_type: str | None
    status: Status
    started_at: datetime | None
    finished_at: datetime | None
    counted_at: datetime
    clock: Clock
    duration_ms: float | None
    error: str | None
    failed_node: str | None
    failure_group_id: UUID | None
    tokens: Tokens
    unpriced_tokens: int | None
    cost_usd: Decimal | None
    step_count: int
    failed_step_count: int
    retry_count: int
    url: str | None
    is_unmet: bool | None = None
    is_held: bool = False

    @property
    def outcome(self) -> str:
        """The word that says how it ended: its status, or `unmet`."""
        return UNMET if self.is_unmet else self.status.word


_PLAIN = (
    *("id", "external_id", "attempt", "origin_id", "workflow_id", "started_at", "finished_at", "counted_at"),
    *("duration_ms", "failure_group_id", "unpriced_tokens", "cost_usd", "step_count", "failed_step_count"),
    *("retry_count", "url", "is_unmet"),
)
_NAMED = ("release_id", "environment_id", "trigger_id", "input_type_id", "failed_node_id", "error_id")
_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_COLUMNS = ("error", *_PLAIN, *_NAMED, *_TOKENS, "status", "clock", "retention_class")
_ID = _COLUMNS.index("id")


# A row as the database gives it, by column, with the value that it is sorted by (`sort_key`).
_Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SortKey:
    """What rows are sorted by; a row whose value nobody told comes last. `read` takes it back out of a cursor."""

    expression: str
    read: Callable[[str], Any]


_KEYS = {
    "-time": SortKey("counted_at", datetime.fromisoformat),
    "time": SortKey("counted_at", datetime.fromisoformat),
    "-duration": SortKey("COALESCE(duration_ms, -1)", float),
    "duration": SortKey("COALESCE(duration_ms, 'Infinity')", float),
    "-cost": SortKey("COALESCE(cost_usd, -1)", Decimal),
    "cost": SortKey("COALESCE(cost_usd, 'Infinity')", Decimal),
}


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an order: after the row with this value and id, or before it."""

    value: Any
    id: UUID
    is_backward: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and cursors for the parameter `after` (empty: no such page)."""

    rows: list[ExecutionRow]
    next: str
    previous: str


def page(team_id: UUID, filters: Filters, *, limit: int = PAGE_SIZE) -> Page:
    """One page of executions. `filters.sort` is one of `SORTS` (newest first when it is not), `filters.after` a cursor.

    `env` absent means production, as everywhere on pages; `env=*` all. A cursor that cannot be read is the first page.
    `q` is words (`monitoring.search`): external ids that start with them and error texts that contain them. Three
    queries, whatever the limit.
    """
    sort = filters.sort if filters.sort in SORTS else SORTS[0]
    cursor = read_cursor(filters.after, sort)
    found, more = _select(team_id, filters, sort, cursor, limit)
    is_backward = cursor is not None and cursor.is_backward
    if is_backward:
        found.reverse()
    has_next, has_previous = (True, more) if is_backward else (more, cursor is not None)
    return Page(
        rows=rows_of(team_id, found),
        next=write_cursor(found[-1], sort, is_backward=False) if found and has_next else "",
        previous=write_cursor(found[0], sort, is_backward=True) if found and has_previous else "",
    )


def count(team_id: UUID, filters: Filters, *, limit: int = COUNT_LIMIT) -> int:
    """How many executions the filters find, counted up to `limit + 1`: more than `limit` means "10,000+"."""
    where, params = conditions(team_id, filters)
    sql = f"SELECT count(*) FROM (SELECT FROM execution WHERE {where} LIMIT %s) AS found"
    ((found,),) = run_planned(sql, [*params, limit + 1])
    return int(found)


def read_cursor(text: str, sort: str) -> Cursor | None:
    """The place that a cursor names; None when it is empty, damaged or of another order."""
    try:
        made_for, direction, value, row_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if made_for != sort or direction not in ("<", ">"):
            return None
        return Cursor(_KEYS[sort].read(value), UUID(row_id), direction == "<")
    except (ValueError, TypeError, AttributeError, ArithmeticError):
        return None


def write_cursor(row: _Found, sort: str, *, is_backward: bool) -> str:
    """The cursor for the rows after this one, or before it."""
    told = json.dumps([sort, "<" if is_backward else ">", str(row["sort_key"]), str(row["id"])], separators=(",", ":"))
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def rows_by_id(team_id: UUID, ids: Sequence[UUID]) -> list[ExecutionRow]:
    """The executions with these ids, in their order; those that the team does not have are left out."""
    sql = f"SELECT {', '.join(_COLUMNS)} FROM execution WHERE team_id = %s AND id = ANY(%s)"
    found = {row[_ID]: dict(zip(_COLUMNS, row, strict=True)) for row in run_planned(sql, [team_id, list(ids)])}
    return rows_of(team_id, [found[id] for id in ids if id in found])


_WORKFLOWS = "SELECT id, name, slug FROM workflow WHERE team_id = %s AND id = ANY(%s::uuid[])"


def rows_of(team_id: UUID, found: Sequence[_Found]) -> list[ExecutionRow]:
    """Rows with their names: one query for labels, one for workflows."""
    names = label_values(team_id, chain.from_iterable((row[column] for column in _NAMED) for row in found))
    wanted = {row["workflow_id"] for row in found} - {None}
    workflows = {number: (name, slug) for number, name, slug in run_prepared(_WORKFLOWS, [team_id, list(wanted)])}
    return [_row(row, names, workflows) for row in found]


def _row(row: _Found, names: dict[int, str], workflows: dict[UUID, tuple[str, str]]) -> ExecutionRow:
    workflow, slug = workflows.get(row["workflow_id"], (None, None))
    release, environment, trigger, input_type, failed_node, error = (names.get(row[name]) for name in _NAMED)
    status = Status(row["status"])
    return ExecutionRow(
        **{name: row[name] for name in _PLAIN},
        # A run that told no error has that of its failing step; without one it counts under its status.
        error=row["error"] or (error if error != status.word else None),
        workflow=workflow,
        workflow_slug=slug,
        release=release,
        environment=environment or PRODUCTION,
        trigger=trigger,
        input_type=input_type,
        failed_node=failed_node,
        status=status,
        clock=Clock(row["clock"]),
        is_held=row["retention_class"] == RetentionClass.HELD,
        tokens=Tokens(*(row[name] for name in _TOKENS)),
    )


def _select(team_id: UUID, filters: Filters, sort: str, cursor: Cursor | None, limit: int) -> tuple[list[_Found], bool]:
    """Rows in the order asked for (turned round for a backward cursor), and whether there are more."""
    key = _KEYS[sort]
    where, params = conditions(team_id, filters)
    is_descending = sort.startswith("-") != (cursor is not None and cursor.is_backward)
    order = "DESC" if is_descending else "ASC"
    if cursor is not None:
        where += f" AND ({key.expression}, id) {'<' if is_descending else '>'} (%s, %s)"
        params = [*params, cursor.value, cursor.id]
    sql = (
        f"SELECT {', '.join(_COLUMNS)}, {key.expression} AS sort_key FROM execution WHERE {where}"
        f" ORDER BY {key.expression} {order}, id {order} LIMIT %s"
    )
    rows = run_planned(sql, [*params, limit + 1])
    found = [dict(zip((*_COLUMNS, "sort_key"), row, strict=True)) for row in rows]
    return found[:limit], len(found) > limit


def with_ids(team_id: UUID, ids: Sequence[UUID]) -> list[ExecutionRow]:
    """These executions, the newest first; those that are not the team's are left out. Three queries."""
    sql = (
        f"SELECT {', '.join(_COLUMNS)} FROM execution WHERE team_id = %s AND id = ANY(%s::uuid[])"
        " ORDER BY counted_at DESC, id DESC"
    )
    return rows_of(team_id, [dict(zip(_COLUMNS, row, strict=True)) for row in run_planned(sql, [team_id, list(ids)])])
