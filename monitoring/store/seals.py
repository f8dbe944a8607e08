"""Seals: days whose records are gone. Retention sets them, acceptance asks for them."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from monitoring.store.partitions import Place

# No class is kept for less, so nothing newer can be sealed and most requests need not ask.
YOUNGEST = timedelta(days=7)


def seal(team_id: UUID, class_: int, days: Iterable[date], now: datetime) -> None:
    """Seals days of a team, in the transaction that removes their records."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sealed_day (team_id, retention_class, day, sealed_at) "
            "SELECT %s, %s, day, %s FROM unnest(%s::date[]) AS gone (day) ON CONFLICT DO NOTHING",
            [team_id, class_, now, sorted(set(days))],
        )


def sealed_days(team_id: UUID, places: Iterable[Place], now: datetime) -> set[Place]:
    """Those of the places (class, day) that are sealed. Asks the database only about days that can be."""
    old = sorted({place for place in places if place[1] < (now - YOUNGEST).date()})
    if not old:
        return set()
    classes, days = zip(*old, strict=True)
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT retention_class, day FROM sealed_day WHERE team_id = %s "
            "AND (retention_class, day) IN (SELECT * FROM unnest(%s::smallint[], %s::date[]))",
            [team_id, list(classes), list(days)],
        )
        return set(cursor.fetchall())
