"""Putting what was accepted into the outbox, in the transaction that stores it, and keeping the outbox bounded.

A team without an active destination pays a look into a dictionary; which teams have one is remembered for 5 s.
"""

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F

from accounts.retrying import KEPT
from accounts.statements import run_prepared
from accounts.tenancy import team_context
from ingestion.forwarding.parcels import pack
from ingestion.models import Destination, OutboxEntry
from ingestion.records import Decoded, Rejection
from monitoring.store.statements import array, run

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 5.0
MAX_REMEMBERED = 10_000

_ACTIVE = "SELECT id FROM destination WHERE team_id = %s AND is_active ORDER BY id"
_INSERT = (
    "WITH item AS (INSERT INTO outbox_item (team_id, id, created_at, payload) "
    "VALUES (%s::uuid, %s::uuid, %s::timestamptz, %s::bytea)) "
    "INSERT INTO outbox_entry (team_id, destination_id, item_id, created_at, byte_count, tries) "
    "SELECT %s::uuid, told, %s::uuid, %s::timestamptz, %s::int, 0 FROM unnest(%s::uuid[]) AS told"
)
# The newest that fit stay: those whose sum, counted from the newest, is within the bounds.
_TRIM = """
WITH counted AS (
    SELECT id, created_at, row_number() OVER newest AS number, sum(byte_count) OVER newest AS bytes
    FROM outbox_entry WHERE team_id = %(team)s AND destination_id = %(destination)s
    WINDOW newest AS (ORDER BY id DESC)
)
DELETE FROM outbox_entry e USING counted c
WHERE e.team_id = %(team)s AND e.id = c.id
    AND (c.number > %(rows)s OR c.bytes > %(bytes)s OR c.created_at < %(oldest)s)
RETURNING c.created_at < %(oldest)s
"""
# Items are removed with the last entry; the age spares items whose entries another transaction is about to write.
_SWEEP = """
DELETE FROM outbox_item i WHERE i.team_id = %(team)s AND i.created_at < %(before)s
    AND NOT EXISTS (SELECT FROM outbox_entry e WHERE e.team_id = i.team_id AND e.item_id = i.id)
"""

_remembered: dict[UUID, tuple[float, list[UUID]]] = {}


def forget_destinations() -> None:
    """Empties what this process remembers: after a destination was changed here, and for tests."""
    _remembered.clear()


def active_destinations(team_id: UUID) -> list[UUID]:
    """Where the team's reports are sent on to. Call it inside the team's context."""
    found = _remembered.get(team_id)
    if found is None or found[0] < time.monotonic():
        if len(_remembered) >= MAX_REMEMBERED:
            _remembered.clear()
        ids = [row[0] for row in run_prepared(_ACTIVE, [team_id])]
        found = _remembered[team_id] = time.monotonic() + REMEMBERED_SECONDS, ids
    return found[1]


def enqueue(team_id: UUID, decoded: Decoded, rejected: list[Rejection], now: datetime) -> None:
    """Puts the accepted records of a request into the outbox, in the transaction that is open."""
    destinations = active_destinations(team_id)
    if not destinations:
        return
    payload, size = pack(decoded, rejected)
    item = uuid.uuid4()
    first = [team_id, item, now, payload]
    run(_INSERT, [*first, team_id, item, now, size, array("uuid", destinations)])


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one destination."""

    requests: int = 0
    bytes: int = 0
    oldest_at: datetime | None = None


_WAITING = """SELECT destination_id, count(*), sum(byte_count)::bigint, min(created_at) FROM outbox_entry
    WHERE team_id = %s GROUP BY destination_id"""


def waiting(team_id: UUID) -> dict[UUID, Waiting]:
    """What waits, by destination."""
    return {row[0]: Waiting(*row[1:]) for row in run_prepared(_WAITING, [team_id])}


def trim(team_id: UUID, destination_id: UUID, now: datetime) -> int:
    """Drops the oldest entries of a destination that are too many or too old, and counts them; how many."""
    values: dict[str, Any] = {
        "team": team_id,
        "destination": destination_id,
        "rows": settings.OUTBOX_MAX_REQUESTS,
        "bytes": settings.OUTBOX_MAX_BYTES,
        "oldest": now - KEPT,
    }
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(_TRIM, values)
        aged = [row[0] for row in cursor.fetchall()]
        if aged:
            reason = "No try succeeded within 24 hours" if all(aged) else "The outbox was full"
            _count_dropped(destination_id, len(aged), f"{reason}: the oldest requests were dropped.", now)
    return len(aged)


def _count_dropped(destination_id: UUID, count: int, reason: str, now: datetime) -> None:
    Destination.objects.filter(id=destination_id).update(
        dropped_count=F("dropped_count") + count, last_error=reason[:500], last_error_at=now
    )


def tidy(now: datetime) -> None:
    """Keeps every outbox bounded; removes what belongs to no destination any more."""
    found = OutboxEntry.objects.order_by("team_id", "destination_id").values_list("team_id", "destination_id")
    for team_id, destination_id in found.distinct():
        with team_context(team_id):
            is_known = Destination.objects.filter(id=destination_id).exists()
            if not is_known:
                OutboxEntry.objects.filter(team_id=team_id, destination_id=destination_id).delete()
        if is_known:
            trim(team_id, destination_id, now)
    sweep(now)


def sweep(now: datetime) -> None:
    """Removes items that nobody waits for, left where two destinations finished at the same time."""
    for (team_id,) in run_prepared("SELECT DISTINCT team_id FROM outbox_schedule ORDER BY 1"):
        with team_context(team_id), connection.cursor() as cursor:
            cursor.execute(_SWEEP, {"team": team_id, "before": now - timedelta(minutes=5)})
