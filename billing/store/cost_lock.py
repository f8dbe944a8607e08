"""The lock that keeps those apart who write a team's cost lines: fold, entries, closing of months, retention."""

from uuid import UUID

from django.db import connection

_LOCK_CLASS = 7310016


def lock_costs(team_id: UUID, *, wait: bool) -> bool:
    """Whether this transaction is now the only one that writes the team's cost lines. Folding records goes on."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, hashtext(%s))", [_LOCK_CLASS, str(team_id)])
        row = cursor.fetchone()
    return wait or bool(row and row[0])
