"""Checking executions again after the criteria of their workflow changed: in small transactions, driven by a table.

What is to be done stands in `criteria_check`, so a task that is lost or killed loses nothing but its open batch. A
check starts a little later than asked: until then other processes may still write by the criteria they remember.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from monitoring.statuses import Status
from monitoring.store.criteria import REMEMBERED_SECONDS, Criteria, judge_row, read_bodies, read_criteria
from monitoring.store.fields import EXECUTION, Row
from monitoring.store.statements import Mark, array, insert_marks, load, run, run_once, select_list

BACK = timedelta(days=30)
# Beyond what others remember: transactions that are open then may still be about to commit.
DELAY = timedelta(seconds=REMEMBERED_SECONDS + 5)
BATCH = 200
# Figures of hours that have lost records cannot be computed again, and some executions last over midnight.
SEALED_MARGIN = timedelta(days=2)

_REQUEST = """
INSERT INTO criteria_check (team_id, workflow_id, requested_at, due_at, since, checked_count)
SELECT %(team)s, %(workflow)s, %(now)s, %(due)s, GREATEST(%(since)s, max(day) + %(margin)s), 0
FROM sealed_day WHERE team_id = %(team)s
ON CONFLICT (team_id, workflow_id) DO UPDATE SET requested_at = EXCLUDED.requested_at, due_at = EXCLUDED.due_at,
    since = EXCLUDED.since, cursor_at = NULL, cursor_id = NULL, total_count = NULL, checked_count = 0,
    finished_at = NULL
"""
_DUE = "SELECT team_id, workflow_id FROM criteria_check WHERE finished_at IS NULL AND due_at <= %s ORDER BY due_at"
# Whoever holds the row checks; another worker takes another one.
_CLAIM = (
    "SELECT since, cursor_at, cursor_id, total_count FROM criteria_check WHERE team_id = %s AND workflow_id = %s "
    "AND finished_at IS NULL AND due_at <= %s FOR UPDATE SKIP LOCKED"
)
_FOUND = (
    f"FROM execution WHERE team_id = %s AND workflow_id = %s AND status = {Status.SUCCEEDED:d} AND counted_at >= %s"
)
_COUNT = f"SELECT count(*) {_FOUND}"
_NEXT = f"SELECT counted_at, id {_FOUND} AND (counted_at, id) < (%s, %s) ORDER BY counted_at DESC, id DESC LIMIT %s"
_LOCK = (
    f"SELECT counted_at, {select_list(EXECUTION)} FROM execution "
    "WHERE team_id = %s AND id = ANY(%s) ORDER BY id FOR UPDATE"
)
_UPDATE = (
    "UPDATE execution e SET is_unmet = told.is_unmet, unmet_criteria = told.unmet FROM "
    "unnest(%s::uuid[], %s::boolean[], %s::jsonb[]) AS told (id, is_unmet, unmet) "
    "WHERE e.team_id = %s AND e.id = told.id"
)
_ADVANCE = (
    "UPDATE criteria_check SET cursor_at = %s, cursor_id = %s, total_count = %s, checked_count = checked_count + %s, "
    "finished_at = %s WHERE team_id = %s AND workflow_id = %s"
)
_LAST_ID = UUID(int=2**128 - 1)
_IS_UNMET, _UNMET, _WORKFLOW, _ENVIRONMENT = (
    EXECUTION.index[name] for name in ("is_unmet", "unmet_criteria", "workflow_id", "environment_id")
)


@dataclass(frozen=True, slots=True)
class _Claim:
    since: datetime
    cursor_at: datetime | None
    cursor_id: UUID | None
    total: int | None


def request_check(team_id: UUID, workflow_id: UUID, now: datetime) -> None:
    """Has the executions of the last 30 days checked again, from the start. Call it where the criteria are changed."""
    params: dict[str, Any] = {
        "team": team_id,
        "workflow": workflow_id,
        "now": now,
        "due": now + DELAY,
        "since": now - BACK,
        "margin": SEALED_MARGIN,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REQUEST, params)


def check_due(now: datetime, *, seconds: float) -> int:
    """Works on what is due for about this long; how many executions were checked."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now])
        due = cursor.fetchall()
    until, total = time.monotonic() + seconds, 0
    for team_id, workflow_id in due:
        while time.monotonic() < until:
            checked = check_batch(team_id, workflow_id, now)
            if checked is None:
                break
            total += checked
    return total


def check_batch(team_id: UUID, workflow_id: UUID, now: datetime, *, limit: int = BATCH) -> int | None:
    """Checks the next executions in one transaction; how many, or None where there is nothing (left) to do."""
    with team_context(team_id):
        claimed = run(_CLAIM, [team_id, workflow_id, now])
        if not claimed:
            return None
        claim = _Claim(*claimed[0])
        total = claim.total
        if total is None:
            ((total,),) = run_once(_COUNT, [team_id, workflow_id, claim.since])
        start = [claim.cursor_at or "infinity", claim.cursor_id or _LAST_ID]
        rows = run_once(_NEXT, [team_id, workflow_id, claim.since, *start, limit])
        _check(team_id, [id for _, id in rows], now)
        last = rows[-1] if rows else (claim.cursor_at, claim.cursor_id)
        finished = now if len(rows) < limit else None
        run_once(_ADVANCE, [*last, total, len(rows), finished, team_id, workflow_id])
        return len(rows)


def _check(team_id: UUID, ids: Sequence[UUID], now: datetime) -> None:
    """Judges executions anew, writes those that changed and marks where they count."""
    if not ids:
        return
    criteria = read_criteria(team_id)
    counted: dict[UUID, datetime] = {}
    before: dict[UUID, bool | None] = {}
    rows = []
    for at, *values in run(_LOCK, [team_id, list(ids)]):
        row = load(EXECUTION, values)
        counted[row[0]], before[row[0]] = at, row[_IS_UNMET]
        rows.append(row)
    changed = _judge(team_id, rows, criteria)
    if changed:
        columns = ([row[place] for row in changed] for place in (0, _IS_UNMET, _UNMET))
        arrays = [array(kind, one) for kind, one in zip(("uuid", "boolean", "jsonb"), columns, strict=True)]
        run(_UPDATE, [*arrays, team_id])
        # Which criteria were not met is no figure.
        marks: set[Mark] = {
            (row[_WORKFLOW], row[_ENVIRONMENT], counted[row[0]].replace(second=0, microsecond=0))
            for row in changed
            if row[_IS_UNMET] != before[row[0]]
        }
        insert_marks(team_id, sorted(marks), now)


def _judge(team_id: UUID, rows: Sequence[Row], criteria: Criteria) -> list[Row]:
    """The rows with what the criteria say of them now; those alone for which that is something else."""
    changed = []
    for row, bodies in read_bodies(team_id, rows):
        before = row[_IS_UNMET], row[_UNMET]
        judge_row(row, criteria, bodies)
        if (row[_IS_UNMET], row[_UNMET]) != before:
            changed.append(row)
    return changed
