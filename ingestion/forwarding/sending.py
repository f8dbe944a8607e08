"""The worker's side of the outbox: claims what is due, sends it, and writes down what became of it.

A destination is claimed by one worker at a time, for `CLAIM`, and again while it is at work: when that worker is killed
the claim runs out and another takes over, so a receiver may get a request twice, but never misses one. Nothing is
locked while a request is under way. Destinations are sent to side by side, so a slow one holds up nobody else.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from uuid import UUID

import msgspec
import zstandard
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg_pool import PoolTimeout

from accounts.closed_teams import NOT_CLOSED
from accounts.encryption import Unreadable
from accounts.outgoing import Refused, Unreachable, send
from accounts.outgoing_uses import Use
from accounts.retrying import Result, Verdict, told_pause, verdict_of
from accounts.tenancy import team_context
from ingestion.forwarding import encoding
from ingestion.forwarding.parcels import LOGS_PATH, Message, Parcel, unpack
from ingestion.forwarding.receivers import Receiver, receiver_of
from ingestion.forwarding.settling import Sent, settle
from ingestion.models import Destination

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=40)
# How often a visit that goes on claims its destination again.
RENEWAL_SECONDS = 10.0
# At most so much of what waits goes into one request: requests as they came in, and their bytes before packing.
MAX_REQUESTS = 200
MAX_BYTES = 1024 * 1024
# A visit ends after so long, splitting included.
VISIT_SECONDS = 60.0
SIDE_BY_SIDE = 8

_CLAIM = f"""
UPDATE outbox_schedule SET claimed_until = %(until)s WHERE destination_id IN (
    SELECT c.destination_id FROM outbox_schedule c
    WHERE c.{NOT_CLOSED} AND c.next_at <= %(now)s AND (c.claimed_until IS NULL OR c.claimed_until <= %(now)s)
        AND EXISTS (SELECT FROM outbox_entry e WHERE e.team_id = c.team_id AND e.destination_id = c.destination_id)
    ORDER BY c.next_at, c.destination_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) RETURNING team_id, destination_id, failures
"""
_RENEW = """
UPDATE outbox_schedule SET claimed_until = %(until)s WHERE destination_id = ANY(%(ids)s) AND claimed_until > %(now)s
"""
_TAKE = """
SELECT e.id, e.tries, i.id, i.created_at, i.payload FROM (
    SELECT id, item_id, tries, sum(byte_count) OVER (ORDER BY id) - byte_count AS before FROM (
        SELECT * FROM outbox_entry WHERE team_id = %(team)s AND destination_id = %(destination)s
        ORDER BY id LIMIT %(most)s
    ) AS first
) AS e LEFT JOIN outbox_item i ON i.team_id = %(team)s AND i.id = e.item_id
WHERE e.before < %(bytes)s ORDER BY e.id
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that waits for a destination: without a parcel when its item is gone, or cannot be read."""

    id: int
    tries: int
    parcel: Parcel | None
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Shipment:
    """What one visit of a destination brings."""

    team_id: UUID
    destination_id: UUID
    failures: int
    receiver: Receiver | None
    entries: Sequence[Entry]
    reason: str = ""


def claim(now: datetime, limit: int) -> list[Shipment]:
    """Claims destinations that are due and have something waiting, and reads what to send."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + CLAIM, "limit": limit})
        found = cursor.fetchall()
    return [_load(team_id, destination_id, failures) for team_id, destination_id, failures in found]


def renew(shipments: Iterable[Shipment], now: datetime) -> None:
    """Claims destinations that are being visited for `CLAIM` from now. Without a database that is left for later."""
    ids = [shipment.destination_id for shipment in shipments]
    with suppress(OperationalError, InterfaceError, PoolTimeout), connection.cursor() as cursor:
        cursor.execute(_RENEW, {"ids": ids, "now": now, "until": now + CLAIM})


def _load(team_id: UUID, destination_id: UUID, failures: int) -> Shipment:
    values: dict[str, Any] = {"team": team_id, "destination": destination_id, "most": MAX_REQUESTS, "bytes": MAX_BYTES}
    with team_context(team_id), connection.cursor() as cursor:
        destination = Destination.objects.filter(id=destination_id, is_active=True).first()
        cursor.execute(_TAKE, values)
        rows = cursor.fetchall()
    entries = [_entry(team_id, *row) for row in rows]
    try:
        receiver = receiver_of(destination) if destination else None
        reason = "" if receiver else "The destination was switched off."
    except Unreadable:
        receiver, reason = None, "Its headers were encrypted with another SECRET_KEY. Enter them again."
    return Shipment(team_id, destination_id, failures, receiver, entries, reason)


def _entry(team_id: UUID, id: int, tries: int, item_id: UUID | None, created_at: datetime, payload: bytes) -> Entry:
    if item_id is None:
        return Entry(id, tries, None, is_gone=True)
    try:
        return Entry(id, tries, Parcel(team_id, item_id, created_at, unpack(bytes(payload))))
    except (msgspec.MsgspecError, zstandard.ZstdError):
        logger.exception("an item of an outbox cannot be read")
        return Entry(id, tries, None)


def ship(shipment: Shipment) -> list[Sent]:
    """Sends what a visit brings; touches no table, so it may run beside others. What it cannot do now stays."""
    receiver, end = shipment.receiver, time.monotonic() + VISIT_SECONDS
    gone = [entry.id for entry in shipment.entries if entry.is_gone]
    broken = [entry.id for entry in shipment.entries if entry.parcel is None and not entry.is_gone]
    found = [Sent(gone, Result(Verdict.TAKEN))] if gone else []
    if broken:
        found.append(Sent(broken, Result(Verdict.UNFIT, "What was kept of a request cannot be read.")))
    if receiver is None:
        ids = [entry.id for entry in shipment.entries]
        return [Sent(ids, Result(Verdict.LATER, shipment.reason))]
    left = [[entry for entry in shipment.entries if entry.parcel is not None]]
    while left and left[-1]:
        part = left.pop()
        result = deliver(receiver, [entry.parcel for entry in part if entry.parcel is not None], end)
        if result.verdict is Verdict.UNFIT and len(part) > 1:
            # One of them is at fault: the others shall not wait for it.
            middle = len(part) // 2
            left += [part[middle:], part[:middle]]
            continue
        found.append(Sent([entry.id for entry in part], result))
        if result.verdict in (Verdict.LATER, Verdict.REFUSED):
            break
    return found


def deliver(receiver: Receiver, parcels: Sequence[Parcel], end: float | None = None) -> Result:
    """Sends parcels to a receiver; `end` (of the steady clock) is when to stop beginning."""
    try:
        messages = encoding.encode(receiver.kind, parcels, receiver.settings)
    except (ValueError, TypeError, OverflowError) as error:
        logger.exception("a request cannot be written for a destination of kind %s", receiver.kind)
        reason = _("It cannot be written in this protocol: {reason}.").format(reason=type(error).__name__)
        return Result(Verdict.UNFIT, reason)
    for message in messages:
        if end is not None and time.monotonic() >= end:
            return Result(Verdict.LATER)
        result = post(receiver, message)
        if result.verdict is not Verdict.TAKEN:
            return result
    return Result(Verdict.TAKEN)


def post(receiver: Receiver, message: Message) -> Result:
    """Sends one message and says what the answer means."""
    encoded = {"Content-Encoding": message.encoding} if message.encoding else {}
    headers = {"Content-Type": message.content_type, **encoded, **receiver.headers}
    url = encoding.address(receiver.kind, receiver.url, message.path)
    try:
        answer = send(url, use=Use.FORWARDING, headers=headers, body=message.body)
    except Unreachable as error:
        return Result(Verdict.LATER, str(error))
    except Refused as error:
        return Result(Verdict.REFUSED, str(error))
    verdict = verdict_of(answer.status)
    if verdict is Verdict.TAKEN:
        refused = encoding.refusals(receiver.kind, answer.body)
        if refused is None:
            return Result(verdict)
        return Result(Verdict.LATER if refused[1] else Verdict.UNFIT, refused[0])
    said = " ".join(answer.body[:300].decode("utf-8", "replace").split())
    pause = told_pause(answer.headers.get("retry-after"), timezone.now())
    return Result(verdict, _answered(answer.status, message.path, said), pause)


def _answered(status: int, path: str, said: str) -> str:
    """What a refusal was, with the path of lines: some backends take traces alone; then lines can be switched off."""
    if path == LOGS_PATH:
        told = _("It answered {status} at {path}: {said}") if said else _("It answered {status} at {path}")
    else:
        told = _("It answered {status}: {said}") if said else _("It answered {status}")
    return told.format(status=status, path=path, said=said)


_at_work = Lock()


def send_due(seconds: float = 20.0) -> int:
    """Sends what is due, for about so long; how many visits were made. One run a process at a time."""
    if not _at_work.acquire(blocking=False):
        return 0
    try:
        return _send_due(time.monotonic() + seconds)
    finally:
        _at_work.release()


def _send_due(end: float) -> int:
    visits, under_way = 0, dict[Future[list[Sent]], Shipment]()
    renew_at = time.monotonic() + RENEWAL_SECONDS
    found = claim(timezone.now(), SIDE_BY_SIDE)
    if not found:
        return 0
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        while found or under_way:
            under_way.update((pool.submit(ship, shipment), shipment) for shipment in found)
            done, _rest = wait(under_way, timeout=1, return_when=FIRST_COMPLETED)
            if time.monotonic() >= renew_at:
                renew(under_way.values(), timezone.now())
                renew_at = time.monotonic() + RENEWAL_SECONDS
            for future in done:
                shipment = under_way.pop(future)
                _settle(shipment, future)
                visits += 1
            free = SIDE_BY_SIDE - len(under_way)
            found = claim(timezone.now(), free) if free and time.monotonic() < end else []
    return visits


def _settle(shipment: Shipment, future: Future[list[Sent]]) -> None:
    """Writes down a visit; a mistake of ours in one costs the others nothing, and is tried again later."""
    error = future.exception()
    if error is not None:
        logger.error("a destination could not be sent to", exc_info=error)
        ids = [entry.id for entry in shipment.entries]
        sent = [Sent(ids, Result(Verdict.LATER, f"An error here: {type(error).__name__}."))]
    else:
        sent = future.result()
    tries = {entry.id: entry.tries for entry in shipment.entries}
    settle(shipment.team_id, shipment.destination_id, shipment.failures, tries, sent)
