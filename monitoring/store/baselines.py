"""The only writer of baselines, and the queue of those that are due."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from monitoring.identity import derive_uuid
from monitoring.models import Basis
from monitoring.store.due_queue import DueQueue, Whose

# The baselines of a workflow are built at most so often; those of its nodes, releases and type at most once a day.
EVERY = timedelta(hours=1)
PARTS_EVERY = timedelta(days=1)
# A builder that has not finished after this is taken for dead.
LEASE = timedelta(minutes=15)

_QUEUE = DueQueue("baseline_due", LEASE)
_FINISH = """
UPDATE baseline_due SET leased_until = NULL, built_at = %(now)s,
    parts_built_at = CASE WHEN %(parts)s THEN %(now)s ELSE parts_built_at END,
    due_at = COALESCE(due_at, CASE WHEN %(parts)s THEN NULL ELSE parts_built_at + %(parts_every)s END)
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s
"""
_SAVE = """
INSERT INTO baseline (team_id, id, workflow_id, environment_id, dimension, value_id, metric, document, built_at)
SELECT %(team)s, b.id, %(workflow)s, %(environment)s, b.dimension, b.value_id, b.metric, b.document, %(now)s
FROM unnest(%(ids)s::uuid[], %(dimensions)s::smallint[], %(values)s::bigint[], %(metrics)s::text[],
    %(documents)s::jsonb[]) AS b(id, dimension, value_id, metric, document)
ON CONFLICT (team_id, id) DO UPDATE SET document = EXCLUDED.document, built_at = EXCLUDED.built_at
"""
_FORGET = """
DELETE FROM baseline WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s
    AND dimension = ANY(%(dimensions)s) AND id <> ALL(%(ids)s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """An entry to build. `parts_built_at`: when those of its nodes and releases were built, None for never."""

    team_id: UUID
    whose: Whose
    parts_built_at: datetime | None


@dataclass(frozen=True, slots=True)
class Built:
    """One baseline to keep; `metric` and `document` as in the model."""

    basis: Basis
    value_id: int
    metric: str
    document: Mapping[str, Any]


def type_id(team_id: UUID, workflow_type: str) -> UUID:
    """What stands for a type of workflow where a workflow's id is asked for."""
    return derive_uuid(team_id.bytes, "workflow type", workflow_type)


def mark(team_id: UUID, changed: Iterable[Whose], now: datetime, every: timedelta = EVERY) -> None:
    """Says that these have new figures: due now, or `every` after they were built last. Inside the team's context."""
    _QUEUE.mark(team_id, changed, now, every)


def claim(now: datetime, *, team_id: UUID | None = None, is_whole: bool = False, limit: int = 100) -> Claim | None:
    """Takes the entry that is due first, as `DueQueue.claim` does."""
    found = _QUEUE.claim(now, team_id=team_id, is_whole=is_whole, limit=limit, returning="parts_built_at")
    return Claim(*found) if found else None


def keep(
    one: Claim, built: Sequence[Built], bases: Sequence[Basis], now: datetime, *, has_parts: bool, of_type: str = ""
) -> None:
    """Writes what was built, forgets what these bases have no more, and ends the claim, in one transaction.

    `of_type`: the type of the workflow, whose own baselines are due now, at most once a day.
    """
    whose = one.whose
    ids = [_id(whose, row) for row in built]
    values: dict[str, Any] = {
        "team": one.team_id,
        "workflow": whose.workflow_id,
        "environment": whose.environment_id,
        "now": now,
        "parts": has_parts,
        "parts_every": PARTS_EVERY,
        "ids": ids,
    }
    with team_context(one.team_id), connection.cursor() as cursor:
        columns: dict[str, Any] = {
            "dimensions": [row.basis.value for row in built],
            "values": [row.value_id for row in built],
            "metrics": [row.metric for row in built],
            "documents": [json.dumps(row.document) for row in built],
        }
        cursor.execute(_SAVE, {**values, **columns})
        cursor.execute(_FORGET, {**values, "dimensions": [basis.value for basis in bases]})
        cursor.execute(_FINISH, values)
        if of_type:
            mark(one.team_id, [Whose(type_id(one.team_id, of_type), whose.environment_id)], now, PARTS_EVERY)


def _id(whose: Whose, row: Built) -> UUID:
    parts = (str(whose.environment_id), str(row.basis.value), str(row.value_id), row.metric)
    return derive_uuid(whose.workflow_id.bytes, "baseline", *parts)
