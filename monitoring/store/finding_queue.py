"""The queue of workflows that are looked at for findings.

The fold marks what changed, in its own transaction. A builder claims one entry under the lock that keeps folders apart,
so that whatever a fold writes is either read by the builder or marked again. A claim is a lease: a builder that dies
leaves an entry that is due once more. What has runs is looked at again after some hours even without new ones: a
schedule that stopped reports nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from monitoring.identity import NO_WORKFLOW
from monitoring.store.baselines import Whose
from monitoring.store.fold_lock import lock_folding

# A workflow is looked at at most so often, and without new runs this long after the last time.
EVERY = timedelta(minutes=30)
IDLE_EVERY = timedelta(hours=6)
# A builder that has not finished after this is taken for dead.
LEASE = timedelta(minutes=10)

_MARK = """
INSERT INTO finding_due AS old (team_id, workflow_id, environment_id, due_at)
SELECT %(team)s, b.workflow_id, b.environment_id, %(now)s
FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[]) AS b(workflow_id, environment_id)
WHERE NOT EXISTS (
    SELECT FROM finding_due d WHERE d.team_id = %(team)s AND d.workflow_id = b.workflow_id
        AND d.environment_id = b.environment_id AND d.due_at <= COALESCE(d.built_at + %(every)s, %(now)s))
ON CONFLICT (team_id, workflow_id, environment_id) DO UPDATE
SET due_at = LEAST(COALESCE(old.due_at, 'infinity'),
    GREATEST(%(now)s, COALESCE(old.built_at + %(every)s, %(now)s)))
"""
_NEXT = """
SELECT team_id, workflow_id, environment_id FROM finding_due
WHERE (due_at <= %(before)s OR leased_until <= %(now)s) AND (%(team)s::uuid IS NULL OR team_id = %(team)s)
ORDER BY COALESCE(due_at, leased_until), team_id, workflow_id, environment_id LIMIT %(limit)s
"""
_CLAIM = """
UPDATE finding_due SET due_at = NULL, leased_until = %(until)s
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s
    AND (due_at <= %(before)s OR leased_until <= %(now)s)
RETURNING 1
"""
_FINISH = """
UPDATE finding_due SET leased_until = NULL, built_at = %(now)s, due_at = COALESCE(due_at, %(next)s)
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s
"""
_LATER = """
UPDATE finding_due SET leased_until = NULL, built_at = %(now)s, due_at = %(next)s
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """An entry to look at."""

    team_id: UUID
    whose: Whose

    def values(self, **more: Any) -> dict[str, Any]:
        """Parameters of the statements."""
        told = {"team": self.team_id, "workflow": self.whose.workflow_id, "environment": self.whose.environment_id}
        return {**told, **more}


def mark(team_id: UUID, changed: Iterable[Whose], now: datetime) -> None:
    """Says that these have new figures: due now, or `EVERY` after they were looked at. Inside the team's context."""
    rows = sorted({one for one in changed if one.workflow_id != NO_WORKFLOW})
    if not rows:
        return
    values: dict[str, Any] = {
        "team": team_id,
        "now": now,
        "every": EVERY,
        "workflows": [row.workflow_id for row in rows],
        "environments": [row.environment_id for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_MARK, values)


def claim(now: datetime, *, team_id: UUID | None = None, is_whole: bool = False, limit: int = 100) -> Claim | None:
    """Takes the entry that is due first; None without one. Teams that are being folded are left for later.

    `is_whole` takes what is not due yet, too, and waits for folders.
    """
    before = datetime.max.replace(tzinfo=now.tzinfo) if is_whole else now
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"now": now, "before": before, "team": team_id, "limit": limit})
        found: list[tuple[UUID, UUID, int]] = cursor.fetchall()
    for team, workflow, environment in found:
        one = Claim(team, Whose(workflow, environment))
        with team_context(team), connection.cursor() as cursor:
            if not lock_folding(team, wait=is_whole):
                continue
            cursor.execute(_CLAIM, one.values(before=before, now=now, until=now + LEASE))
            if cursor.fetchone():
                return one
    return None


def finish(one: Claim, now: datetime, *, has_runs: bool) -> None:
    """Ends a claim, inside the transaction that keeps what was found."""
    _update(_FINISH, one, now=now, next=now + IDLE_EVERY if has_runs else None)


def put_off(one: Claim, now: datetime) -> None:
    """Ends a claim that went wrong: it is tried again later, and keeps no other waiting."""
    with team_context(one.team_id):
        _update(_LATER, one, now=now, next=now + EVERY)


def _update(sql: str, one: Claim, **more: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, one.values(**more))
