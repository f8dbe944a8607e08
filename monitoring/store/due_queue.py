"""Queues of workflows, by environment, that are due for something: usual ranges, findings.

The fold marks what changed, in its own transaction. A worker claims one entry under the lock that keeps folders apart,
so that whatever a fold writes is either read by the worker or marked again. A claim is a lease: a worker that dies
leaves an entry that is due once more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from monitoring.identity import NO_WORKFLOW
from monitoring.store.fold_lock import lock_folding

_MARK = """
INSERT INTO {table} AS old (team_id, workflow_id, environment_id, due_at)
SELECT %(team)s, b.workflow_id, b.environment_id, %(now)s
FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[]) AS b(workflow_id, environment_id)
WHERE NOT EXISTS (
    SELECT FROM {table} d WHERE d.team_id = %(team)s AND d.workflow_id = b.workflow_id
        AND d.environment_id = b.environment_id AND d.due_at <= COALESCE(d.built_at + %(every)s, %(now)s))
ON CONFLICT (team_id, workflow_id, environment_id) DO UPDATE
SET due_at = LEAST(COALESCE(old.due_at, 'infinity'),
    GREATEST(%(now)s, COALESCE(old.built_at + %(every)s, %(now)s)))
"""
_NEXT = """
SELECT team_id, workflow_id, environment_id FROM {table}
WHERE (due_at <= %(before)s OR leased_until <= %(now)s) AND (%(team)s::uuid IS NULL OR team_id = %(team)s)
ORDER BY COALESCE(due_at, leased_until), team_id, workflow_id, environment_id LIMIT %(limit)s
"""
_CLAIM = """
UPDATE {table} SET due_at = NULL, leased_until = %(until)s
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s
    AND (due_at <= %(before)s OR leased_until <= %(now)s)
RETURNING {returning}
"""


@dataclass(frozen=True, slots=True, order=True)
class Whose:
    """A workflow (or the id of a type) in one environment."""

    workflow_id: UUID
    environment_id: int


@dataclass(frozen=True, slots=True)
class DueQueue:
    """The queue in a control table; a claim that has not ended after `lease` is taken for dead."""

    table: str
    lease: timedelta

    def mark(self, team_id: UUID, changed: Iterable[Whose], now: datetime, every: timedelta) -> None:
        """Says that these have new figures: due now, or `every` after the last time. Inside the team's context."""
        rows = sorted({one for one in changed if one.workflow_id != NO_WORKFLOW})
        if not rows:
            return
        values: dict[str, Any] = {
            "team": team_id,
            "now": now,
            "every": every,
            "workflows": [row.workflow_id for row in rows],
            "environments": [row.environment_id for row in rows],
        }
        with connection.cursor() as cursor:
            cursor.execute(_MARK.format(table=self.table), values)

    def claim(
        self,
        now: datetime,
        *,
        team_id: UUID | None = None,
        is_whole: bool = False,
        limit: int = 100,
        returning: str = "built_at",
    ) -> tuple[UUID, Whose, Any] | None:
        """Takes the entry that is due first, with its column `returning`; None without one.

        Teams that are being folded are left for later. `is_whole` takes what is not due yet, too, and waits for
        folders.
        """
        before = datetime.max.replace(tzinfo=now.tzinfo) if is_whole else now
        with connection.cursor() as cursor:
            asked = {"now": now, "before": before, "team": team_id, "limit": limit}
            cursor.execute(_NEXT.format(table=self.table), asked)
            found: list[tuple[UUID, UUID, int]] = cursor.fetchall()
        take = _CLAIM.format(table=self.table, returning=returning)
        for team, workflow, environment in found:
            values: dict[str, Any] = {"team": team, "workflow": workflow, "environment": environment, "before": before}
            with team_context(team), connection.cursor() as cursor:
                if not lock_folding(team, wait=is_whole):
                    continue
                cursor.execute(take, values | {"now": now, "until": now + self.lease})
                row = cursor.fetchone()
            if row:
                return team, Whose(workflow, environment), row[0]
        return None
