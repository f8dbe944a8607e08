"""The metrics push: the figures of `/metrics`, sent to OTLP destinations once a minute.

What is missed is not made up for: the figures are cumulative, so the next push says it all.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from accounts.closed_teams import NOT_CLOSED
from accounts.encryption import Unreadable
from accounts.retrying import Result, Verdict
from accounts.tenancy import team_context
from ingestion.forwarding.parcels import Message
from ingestion.forwarding.receivers import Receiver, receiver_of
from ingestion.forwarding.sending import post
from ingestion.models import Destination
from monitoring.reads.metrics import read_metrics

EVERY = timedelta(seconds=60)
SIDE_BY_SIDE = 8
_DUE = f"""
UPDATE outbox_schedule SET push_at = %(next)s WHERE destination_id IN (
    SELECT destination_id FROM outbox_schedule WHERE push_at <= %(now)s AND {NOT_CLOSED}
    ORDER BY push_at, destination_id LIMIT 1000 FOR UPDATE SKIP LOCKED
) RETURNING team_id, destination_id
"""


@dataclass(frozen=True, slots=True)
class _Push:
    team_id: UUID
    destination_id: UUID
    receiver: Receiver
    message: Message


def push_due(now: datetime) -> int:
    """Pushes to every destination whose minute is over; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now, "next": now + EVERY})
        found = cursor.fetchall()
    pushes = [push for team_id, destination_id in found if (push := _make(team_id, destination_id, now))]
    if not pushes:
        return 0
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        results = list(pool.map(lambda push: post(push.receiver, push.message), pushes))
    for push, result in zip(pushes, results, strict=True):
        _note(push, result, now)
    return len(pushes)


def _make(team_id: UUID, destination_id: UUID, now: datetime) -> _Push | None:
    from ingestion.forwarding.otlp_metrics import encode_families

    with team_context(team_id):
        destination = Destination.objects.filter(id=destination_id, is_active=True, pushes_metrics=True).first()
        if destination is None:
            return None
        try:
            receiver = receiver_of(destination)
        except Unreadable:
            return None
        families = read_metrics(team_id, now).families
    message = encode_families(families, now, receiver.settings.get("resource") or {})
    return _Push(team_id, destination_id, receiver, message)


def _note(push: _Push, result: Result, now: datetime) -> None:
    taken = result.verdict is Verdict.TAKEN
    changes = (
        {"last_success_at": now} if taken else {"last_error": f"Metrics: {result.reason}"[:500], "last_error_at": now}
    )
    with team_context(push.team_id):
        Destination.objects.filter(id=push.destination_id).update(**changes)
