"""The queue of workflows that are looked at for findings.

What has runs is looked at again after some hours even without new ones: a schedule that stopped reports nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from monitoring.store.due_queue import DueQueue, Whose

# A workflow is looked at at most so often, and without new runs this long after the last time.
EVERY = timedelta(minutes=30)
IDLE_EVERY = timedelta(hours=6)
# A builder that has not finished after this is taken for dead.
LEASE = timedelta(minutes=10)

_QUEUE = DueQueue("finding_due", LEASE)
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
    _QUEUE.mark(team_id, changed, now, EVERY)


def claim(now: datetime, *, team_id: UUID | None = None, is_whole: bool = False, limit: int = 100) -> Claim | None:
    """Takes the entry that is due first, as `DueQueue.claim` does."""
    found = _QUEUE.claim(now, team_id=team_id, is_whole=is_whole, limit=limit)
    return Claim(*found[:2]) if found else None


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
