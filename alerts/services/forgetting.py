"""What alerts know of workflows that are removed goes with them: states, incidents, what is due about them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

_MINE = "team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])"
_INCIDENTS = f"SELECT id FROM incident WHERE {_MINE}"
# An incident of a dependency has no workflow of its own: with the last one that counted to it, it goes, too.
_PARENTS = f"SELECT DISTINCT parent_id FROM incident WHERE {_MINE} AND parent_id IS NOT NULL"
_LEFT_ALONE = """SELECT id FROM incident p WHERE team_id = %(team)s AND id = ANY(%(parents)s::uuid[])
    AND rule_id IS NULL AND NOT EXISTS (
        SELECT FROM incident c WHERE c.team_id = %(team)s AND c.parent_id = p.id)"""
# What goes is forgotten by incidents that stay.
_STATEMENTS = (
    f"""UPDATE incident SET improvement_id = NULL WHERE team_id = %(team)s AND improvement_id IN (
        SELECT id FROM improvement WHERE {_MINE})""",
    f"DELETE FROM alert_state WHERE {_MINE}",
    f"DELETE FROM rule_due WHERE team_id = %(team)s AND rule_id IN (SELECT id FROM alert_rule WHERE {_MINE})",
)


def forget_workflows(team_id: UUID, workflows: Sequence[UUID]) -> None:
    """Removes states and incidents of these workflows with their history and notices. Inside the team's transaction.

    Rules about one of them alone go with its row, by a key of the database.
    """
    about: dict[str, Any] = {"team": team_id, "ids": list(workflows)}
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, about)
        cursor.execute(_PARENTS, about)
        about["parents"] = [id for (id,) in cursor.fetchall()]
        cursor.execute(_INCIDENTS, about)
        _remove(cursor, team_id, [id for (id,) in cursor.fetchall()])
        cursor.execute(_LEFT_ALONE, about)
        _remove(cursor, team_id, [id for (id,) in cursor.fetchall()])


def _remove(cursor: Any, team_id: UUID, incidents: Sequence[UUID]) -> None:
    about = {"team": team_id, "incidents": list(incidents)}
    for table in ("alert_delivery_due", "incident_due"):
        cursor.execute(
            f"DELETE FROM {table} WHERE team_id = %(team)s AND incident_id = ANY(%(incidents)s::uuid[])", about
        )
    cursor.execute(
        "UPDATE incident SET parent_id = NULL WHERE team_id = %(team)s AND parent_id = ANY(%(incidents)s::uuid[])",
        about,
    )
    cursor.execute("DELETE FROM incident WHERE team_id = %(team)s AND id = ANY(%(incidents)s::uuid[])", about)
