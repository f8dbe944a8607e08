"""Failure groups: which step and which error a failed execution counts under, and the groups' own rows."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from monitoring.identity import LabelKind, failure_group_id, label_id
from monitoring.statuses import Status
from monitoring.store.draft import Draft
from monitoring.store.fields import EXECUTION, STEP, Row
from monitoring.store.labels import values_of_labels
from monitoring.store.statements import array, run, run_once

FAILING = (int(Status.TIMED_OUT), int(Status.FAILED))
STATUS_ERRORS = {status: label_id(LabelKind.ERROR, Status(status).word) for status in FAILING}
# An execution is diagnosed when no part of it has come for so long; older ones, as history is imported, are not.
QUIET = timedelta(seconds=10)
DIAGNOSED = timedelta(days=2)
# The node and the error of the step that failed first.
Leaf = tuple[int | None, int | None]

_STATUS, _WORKFLOW, _GROUP = (EXECUTION.index[name] for name in ("status", "workflow_id", "failure_group_id"))
_ERROR, _TOLD_ERROR, _NODE = (EXECUTION.index[name] for name in ("error_id", "told_error_id", "failed_node_id"))
_STEP_STATUS, _STEP_PARENT, _POSITION, _STARTED = (
    STEP.index[name] for name in ("status", "parent_id", "position", "started_at")
)
_STEP_ID, _STEP_NODE, _STEP_ERROR = (STEP.index[name] for name in ("id", "node_id", "error_id"))
_LATEST = datetime.max.replace(tzinfo=UTC)

_FIRST_LEAVES = """
SELECT DISTINCT ON (failing.execution_id) failing.execution_id, failing.node_id, failing.error_id
FROM step failing
WHERE failing.team_id = %(team)s AND failing.execution_id = ANY(%(ids)s) AND failing.status IN (7, 8)
  AND failing.retention_class = %(class)s::smallint AND failing.anchor_day = %(day)s
  AND NOT EXISTS (
    SELECT 1 FROM step child
    WHERE child.team_id = %(team)s AND child.execution_id = failing.execution_id AND child.parent_id = failing.id
      AND child.status IN (7, 8) AND child.retention_class = %(class)s::smallint AND child.anchor_day = %(day)s)
ORDER BY failing.execution_id, failing.position, failing.started_at, failing.id
"""

# A group that executions leave is given with empty times: it is locked here, in order with the others.
# Executions to diagnose are queued with them: what ended well costs nothing, what failed no statement more.
_UPSERT_GROUPS = """
WITH due AS (
  INSERT INTO due_diagnosis (team_id, execution_id, added_at, due_at)
  SELECT %s::uuid, id, %s::timestamptz, %s::timestamptz FROM unnest(%s::uuid[]) AS told (id)
)
INSERT INTO failure_group (team_id, id, workflow_id, node_id, error_id, title, first_seen_at, last_seen_at)
SELECT %s::uuid, told.* FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[],
  %s::timestamptz[]) AS told ORDER BY 1, 2
ON CONFLICT (team_id, id) DO UPDATE SET
  first_seen_at = LEAST(failure_group.first_seen_at, EXCLUDED.first_seen_at),
  last_seen_at = GREATEST(failure_group.last_seen_at, EXCLUDED.last_seen_at)
"""

_GROUP_TYPES = ("uuid", "uuid", "bigint", "bigint", "text", "timestamptz", "timestamptz")
_SEEN = """
SELECT min(counted_at), max(counted_at) FROM execution WHERE team_id = %s AND failure_group_id = %s
"""
_DELETE_GROUP = "DELETE FROM failure_group WHERE team_id = %s AND id = %s"
# What retention has removed is still history: an end is moved only when the leaving execution was that end.
_NARROW_GROUP = """
UPDATE failure_group SET
  first_seen_at = CASE WHEN first_seen_at = ANY(%(left)s::timestamptz[]) THEN %(first)s ELSE first_seen_at END,
  last_seen_at = CASE WHEN last_seen_at = ANY(%(left)s::timestamptz[]) THEN %(last)s ELSE last_seen_at END
WHERE team_id = %(team)s AND id = %(id)s
"""


def is_failing(execution: Row) -> bool:
    """Whether the execution failed or timed out."""
    return execution[_STATUS] in FAILING


def first_leaf(steps: Iterable[Row]) -> Leaf | None:
    """The first failing step without a failing child: by position, start and id, untold ones last."""
    failing = [row for row in steps if row[_STEP_STATUS] in FAILING]
    parents = {row[_STEP_PARENT] for row in failing}
    leaves = [row for row in failing if row[_STEP_ID] not in parents]
    if not leaves:
        return None
    first = min(leaves, key=_leaf_order)
    return first[_STEP_NODE], first[_STEP_ERROR]


def _leaf_order(row: Row) -> tuple[bool, int, datetime, int]:
    return row[_POSITION] is None, row[_POSITION] or 0, row[_STARTED] or _LATEST, row[_STEP_ID]


def first_leaves(team_id: UUID, drafts: Sequence[Draft]) -> dict[UUID, Leaf]:
    """The same, read from the database, for executions that had steps before."""
    found: dict[UUID, Leaf] = {}
    for class_, day in sorted({draft.place for draft in drafts}):
        ids = [draft.execution[0] for draft in drafts if draft.place == (class_, day)]
        parameters: Any = {"team": team_id, "ids": ids, "class": class_, "day": day}
        found.update((id, (node, error)) for id, node, error in run_once(_FIRST_LEAVES, parameters))
    return found


def set_failure(execution: Row, leaf: Leaf | None) -> None:
    """Sets the error, node and group that the execution counts under."""
    told = execution[_TOLD_ERROR]
    if not is_failing(execution):
        execution[_ERROR], execution[_NODE], execution[_GROUP] = told, None, None
        return
    node, error = leaf or (None, None)
    error = error or told or STATUS_ERRORS[execution[_STATUS]]
    execution[_ERROR], execution[_NODE] = error, node
    execution[_GROUP] = failure_group_id(execution[_WORKFLOW], node, error)


def save_groups(team_id: UUID, drafts: Sequence[Draft], counted: dict[UUID, datetime], now: datetime) -> None:
    """Makes and widens the groups of written executions, and narrows those that an execution has left.

    Executions that failed, or no longer do, are queued to be diagnosed once they are quiet.
    """
    seen: dict[UUID, list[Any]] = {}
    left: dict[UUID, list[datetime]] = {}
    for draft in drafts:
        at = counted[draft.execution[0]]
        _note(seen, draft.execution, at, at)
        stored = draft.stored
        if stored and stored[_GROUP] and (stored[_GROUP] != draft.execution[_GROUP] or draft.counted_before != at):
            left.setdefault(stored[_GROUP], []).append(draft.counted_before or at)
            _note(seen, stored, None, None)
    if not seen:
        return
    titles = _titles(team_id, drafts, [group[2] for group in seen.values()])
    rows = [[id, *group[:3], titles.get(group[2], "")[:300], *group[3:]] for id, group in sorted(seen.items())]
    due = [draft.execution[0] for draft in drafts if _is_due(draft, counted[draft.execution[0]], now)]
    run(_UPSERT_GROUPS, [team_id, now, now + QUIET, due, team_id, *map(array, _GROUP_TYPES, zip(*rows, strict=True))])
    for group in sorted(left):
        _narrow(team_id, group, left[group])


def _is_due(draft: Draft, at: datetime, now: datetime) -> bool:
    """Whether something new is known of an execution that failed or had failed, not long ago."""
    had_failed = draft.stored is not None and draft.stored[_GROUP] is not None
    return bool(draft.changed_parts) and (is_failing(draft.execution) or had_failed) and at >= now - DIAGNOSED


def _note(seen: dict[UUID, list[Any]], execution: Row, first: datetime | None, last: datetime | None) -> None:
    group = execution[_GROUP]
    if group is None:
        return
    known = seen.setdefault(group, [execution[_WORKFLOW], execution[_NODE], execution[_ERROR], "infinity", "-infinity"])
    if first is not None:
        known[3] = first if isinstance(known[3], str) else min(known[3], first)
        known[4] = last if isinstance(known[4], str) else max(known[4], last)


def _titles(team_id: UUID, drafts: Sequence[Draft], errors: Iterable[int]) -> dict[int, str]:
    """The texts of these errors; those that an earlier part told are read back."""
    texts: dict[int, str] = {}
    for draft in drafts:
        for _, part in draft.parts:
            texts.update(part.error_texts)
    missing = [error for error in errors if error not in texts]
    return {**texts, **values_of_labels(team_id, missing)} if missing else texts


def _narrow(team_id: UUID, group: UUID, left: list[datetime]) -> None:
    first, last = run(_SEEN, [team_id, group])[0]
    if first is None:
        run(_DELETE_GROUP, [team_id, group])
        return
    parameters: Any = {"left": left, "first": first, "last": last, "team": team_id, "id": group}
    run_once(_NARROW_GROUP, parameters)
