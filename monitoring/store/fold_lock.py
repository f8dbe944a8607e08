"""The lock that keeps those apart who compute the figures of a team."""

from uuid import UUID

from django.db import connection

_LOCK_CLASS = 7310002


def lock_folding(team_id: UUID, *, wait: bool) -> bool:
    """Whether this transaction is now the only one that folds the team's figures."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, hashtext(%s))", [_LOCK_CLASS, str(team_id)])
        row = cursor.fetchone()
    return wait or bool(row and row[0])
