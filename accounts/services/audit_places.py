"""Numbers the events of a team in the order in which they came to sight, for those who follow the audit log.

The time of an event cannot be followed: it is taken before the transaction ends, so an event of a long one comes to
sight behind later ones. Numbers are given under a lock to what can be seen, so whoever has read up to a number has
missed nothing. Only teams that are followed pay for it, when they are.
"""

from uuid import UUID

from django.db import connection

from accounts.cluster import by_insert

_LOCK_CLASS = 7310021
BATCH = 5_000
# How long a transaction may have been open when its events are still found. Tasks and requests end within minutes.
REACH = "2 days"
_PLACE = f"""
INSERT INTO audit_place (team_id, id, place, at)
SELECT %(team)s, id, at_most.place + row_number() OVER (ORDER BY at, id), at
FROM (SELECT coalesce(max(place), 0) AS place FROM audit_place WHERE team_id = %(team)s) at_most,
    (SELECT id, at FROM audit_event e WHERE team_id = %(team)s
        AND at >= coalesce((SELECT max(at) FROM audit_place WHERE team_id = %(team)s) - interval '{REACH}', '-infinity')
        AND NOT EXISTS (SELECT FROM audit_place p WHERE p.team_id = %(team)s AND p.id = e.id)
        ORDER BY at, id LIMIT %(batch)s) fresh
"""


def place_events(team_id: UUID, *, batch: int = BATCH) -> int:
    """Gives numbers to at most `batch` events that have none; how many. Inside the team's context."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_CLASS, str(team_id)])
        cursor.execute(_PLACE + by_insert(), {"team": team_id, "batch": batch})
        return int(cursor.rowcount)
