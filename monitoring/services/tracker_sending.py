"""The worker's side of the tracker: claims what is due, signs and sends it, and writes down what became of it.

A claim moves `due_at` on by `CLAIM`: when its worker is killed another one sends the message again, with the same
`webhook-id`, so a receiver that looks at it gets nothing twice. Nothing is locked while a request is under way.
"""

import json
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.utils import timezone

from accounts.closed_teams import NOT_CLOSED
from accounts.encryption import Unreadable, decrypt
from accounts.outgoing import Answer, Refused, Unreachable, send
from accounts.outgoing_uses import Use
from accounts.retrying import KEPT, MOST_TRIES, Result, Verdict, pause_after, told_pause, verdict_of
from accounts.signing import signed_headers
from accounts.tenancy import team_context
from monitoring.models import DeliveryStatus, Improvement, ImprovementEvent, Tracker, TrackerDelivery, TrackerDue
from monitoring.services.links import is_link

logger = logging.getLogger(__name__)

CLAIM = timedelta(seconds=60)
_CLAIM = f"""
UPDATE tracker_due SET due_at = %(until)s WHERE delivery_id IN (
    SELECT delivery_id FROM tracker_due WHERE due_at <= %(now)s AND {NOT_CLOSED}
    ORDER BY due_at, delivery_id LIMIT 1
    FOR UPDATE SKIP LOCKED
) RETURNING team_id, delivery_id
"""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: everything that the request needs, read before it."""

    url: str
    secret: str
    id: UUID
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a message: the status of the answer (None: no answer), and the link that it told."""

    result: Result
    status: int | None = None
    link: str = ""


def send_due(now: datetime, *, seconds: float) -> int:
    """Sends what is due, one after the other, for about so long; how many tries."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds and (found := _claim(now)):
        deliver(*found, now)
        count += 1
    return count


def deliver(team_id: UUID, delivery_id: UUID, now: datetime) -> Sent | None:
    """One try of one delivery; None where there is nothing to send (any more)."""
    with team_context(team_id):
        one = Tracker.objects.filter(team_id=team_id).first()
        kept = TrackerDelivery.objects.filter(team_id=team_id, id=delivery_id, status=DeliveryStatus.WAITING).first()
        if kept is None or one is None:
            TrackerDue.objects.filter(delivery_id=delivery_id).delete()
            return None
        is_active, url, secret = one.is_active, one.url, bytes(one.secret)
    sent = _sent(is_active, url, secret, kept, now)
    with team_context(team_id):
        _settle(team_id, kept, sent, now)
    return sent


def _sent(is_active: bool, url: str, secret: bytes, kept: TrackerDelivery, now: datetime) -> Sent:
    if not is_active:
        return Sent(Result(Verdict.LATER, "The tracker is switched off."))
    try:
        return post(Message(url, decrypt(secret), kept.id, kept.payload), now)
    except Unreadable:
        return Sent(Result(Verdict.REFUSED, "Its secret was encrypted with another SECRET_KEY. Make a new one."))


def post(message: Message, now: datetime) -> Sent:
    """Signs (Standard Webhooks) and sends a message, and reads the answer."""
    body = json.dumps(message.payload)
    headers = {
        "Content-Type": "application/json",
        **signed_headers(message.secret, f"msg_{message.id.hex}", now, body),
    }
    try:
        answer = send(message.url, use=Use.TRACKERS, headers=headers, body=body.encode())
    except Unreachable as error:
        return Sent(Result(Verdict.LATER, str(error)))
    except Refused as error:
        return Sent(Result(Verdict.REFUSED, str(error)))
    verdict = verdict_of(answer.status)
    if verdict is Verdict.TAKEN:
        return Sent(Result(verdict), answer.status, told_link(answer))
    said = " ".join(answer.body[:300].decode("utf-8", "replace").split())
    pause = told_pause(answer.headers.get("retry-after"), timezone.now())
    return Sent(Result(verdict, f"It answered {answer.status}{f': {said}' if said else ''}", pause), answer.status)


def told_link(answer: Answer) -> str:
    """The page of the issue: `url` of a JSON object, else `Location`; only http and https. Empty without one."""
    try:
        told = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        told = None
    found = [told.get("url") if isinstance(told, dict) else None, answer.headers.get("location")]
    return next((str(one) for one in found if is_link(one)), "")


def _settle(team_id: UUID, kept: TrackerDelivery, sent: Sent, now: datetime) -> None:
    """Writes down a try. A delivery that was removed meanwhile stays removed."""
    tries, result = kept.tries + 1, sent.result
    is_over = _is_over(kept, tries, result, now)
    status = DeliveryStatus.SENT if result.verdict is Verdict.TAKEN else DeliveryStatus.FAILED
    TrackerDelivery.objects.filter(team_id=team_id, id=kept.id).update(
        status=status if is_over else DeliveryStatus.WAITING,
        tries=tries,
        tried_at=now,
        answer_status=sent.status,
        last_error=result.reason[:500],
    )
    queued = TrackerDue.objects.filter(delivery_id=kept.id)
    if is_over:
        queued.delete()
    else:
        queued.update(due_at=now + pause_after(tries, result.pause))
    told = {"last_success_at": now, "last_error": ""}
    failed = {"last_error": result.reason[:500], "last_error_at": now}
    Tracker.objects.filter(team_id=team_id).update(**(told if result.verdict is Verdict.TAKEN else failed))
    if sent.link and kept.improvement_id:
        _keep_link(team_id, kept.improvement_id, sent.link, now)


def _is_over(kept: TrackerDelivery, tries: int, result: Result, now: datetime) -> bool:
    """Refused for good: after some tries; a passing fault: once it lasted for a day."""
    if result.verdict is Verdict.TAKEN:
        return True
    is_old = now - kept.created_at > KEPT
    return tries >= MOST_TRIES and (result.verdict is not Verdict.LATER or is_old)


def _keep_link(team_id: UUID, improvement_id: UUID, link: str, now: datetime) -> None:
    """The first link that the tracker tells is kept; one that a member set is not replaced."""
    mine = Improvement.objects.filter(team_id=team_id, id=improvement_id, tracker_url="")
    if mine.update(tracker_url=link):
        ImprovementEvent.objects.create(
            team_id=team_id, improvement_id=improvement_id, at=now, kind="tracker", detail={"url": link}
        )


def _claim(now: datetime) -> tuple[UUID, UUID] | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + CLAIM})
        found = cursor.fetchone()
    return (found[0], found[1]) if found else None
