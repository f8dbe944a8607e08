"""Whose turn it is: channels that are claimed for one worker, their next delivery, and when they are sent to again.

A channel is claimed as a whole, so of each one request is under way at a time, in order; a claim that runs out (its
worker was killed) is taken over by another worker. Channels that work come first: those that fail get a few places.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.closed_teams import NOT_CLOSED
from accounts.retrying import pause_after

# Longer than a try, for each try.
CLAIM = timedelta(seconds=60)
# Due, and no earlier notice of the same incident waits for the same channel.
_READY = """d.channel_id = {channel} AND d.due_at <= %(now)s AND NOT EXISTS (
    SELECT FROM alert_delivery_due e WHERE e.channel_id = d.channel_id AND e.incident_id = d.incident_id
        AND e.position < d.position)"""
_CLAIM = f"""
UPDATE channel_due SET claimed_until = %(until)s WHERE channel_id IN (
    SELECT c.channel_id FROM channel_due c
    WHERE c.{NOT_CLOSED} AND c.next_at <= %(now)s AND (c.claimed_until IS NULL OR c.claimed_until <= %(now)s)
        AND (c.failures > 0) = %(failing)s
        AND (c.repeat_at <= %(now)s OR EXISTS (
            SELECT FROM alert_delivery_due d WHERE {_READY.format(channel="c.channel_id")}))
    ORDER BY c.next_at, c.channel_id LIMIT %(limit)s FOR UPDATE OF c SKIP LOCKED
) RETURNING team_id, channel_id, failures
"""
_KEEP = "UPDATE channel_due SET claimed_until = %(until)s WHERE channel_id = %(channel)s AND claimed_until = %(held)s"
_NEXT = f"""
SELECT d.delivery_id, d.since, c.repeat_at <= %(now)s FROM channel_due c
LEFT JOIN alert_delivery_due d ON {_READY.format(channel="c.channel_id")}
WHERE c.channel_id = %(channel)s ORDER BY d.due_at, d.position LIMIT 1
"""
_REST = """
UPDATE channel_due SET claimed_until = NULL, failures = %(failures)s, next_at = %(next)s
WHERE channel_id = %(channel)s AND claimed_until = %(held)s
"""
_REPEAT = "UPDATE channel_due SET repeat_at = LEAST(repeat_at, %(at)s) WHERE channel_id = %(channel)s"


@dataclass(slots=True)
class Claim:
    """A channel that this worker holds until `until`. `failing`: how many tries failed in a row."""

    team_id: UUID
    channel_id: UUID
    failing: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """What a channel does next: a delivery, due first at `since`, or (without one) its open alerts once more."""

    delivery_id: UUID | None
    since: datetime | None


def claim(now: datetime, *, limit: int, failing: bool) -> list[Claim]:
    """Claims up to so many channels that have something to send: those whose last try failed, or the others."""
    if limit <= 0:
        return []
    until = now + CLAIM
    rows = _rows(_CLAIM, {"now": now, "until": until, "limit": limit, "failing": failing})
    return [Claim(team_id, channel_id, failures, until) for team_id, channel_id, failures in rows]


def next_turn(held: Claim, now: datetime) -> Turn | None:
    """What comes next, with the claim renewed; None where there is nothing, or another worker took over."""
    until = now + CLAIM
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, {"until": until, "channel": held.channel_id, "held": held.until})
        if cursor.rowcount != 1:
            return None
    held.until = until
    rows = _rows(_NEXT, {"now": now, "channel": held.channel_id})
    if not rows or (rows[0][0] is None and not rows[0][2]):
        return None
    return Turn(rows[0][0], rows[0][1])


def release(held: Claim, now: datetime, *, pause: timedelta | None = None, has_failed: bool = False) -> None:
    """Gives the channel back. After a failure it rests: longer each time, and as long as the receiver asked for."""
    failures = held.failing + 1 if has_failed else held.failing
    at = now + pause_after(failures, pause) if has_failed else now
    with connection.cursor() as cursor:
        told: dict[str, Any] = {"failures": failures, "next": at, "channel": held.channel_id, "held": held.until}
        cursor.execute(_REST, told)


def repeat_by(channel_id: UUID, at: datetime) -> None:
    """Sees to it that the open alerts of a channel are sent again at that time, if not earlier."""
    with connection.cursor() as cursor:
        cursor.execute(_REPEAT, {"channel": channel_id, "at": at})


def _rows(statement: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
