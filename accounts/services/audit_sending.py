"""The worker's side of audit streams: claims teams that are due, sends what waits in order, and notes how far it came.

A claim moves `due_at` on by `CLAIM`: when its worker is killed another one sends the same events again, with the same
positions. Nothing is locked while a request is under way. What fails is tried again without an end, with growing
pauses: the log keeps what waits, so nothing is dropped.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.encryption import Unreadable, decrypt
from accounts.models import AuditStream, AuditStreamDue, StreamFormat
from accounts.outgoing import Refused, Unreachable, send
from accounts.outgoing_uses import Use
from accounts.reads.audit_stream import Placed, after
from accounts.retrying import Result, Verdict, pause_after, told_pause, verdict_of
from accounts.services.audit_places import place_events
from accounts.signing import signed_headers
from accounts.tenancy import team_context

CLAIM = timedelta(seconds=60)
# How often a stream is looked at that has nothing to send.
IDLE = timedelta(seconds=5)
# One request has at most so many events and about so many bytes.
MAX_LINES = 500
MAX_BYTES = 1_000_000
CONTENT_TYPES = {StreamFormat.LINES: "application/x-ndjson", StreamFormat.ARRAY: "application/json"}
_CLAIM = """
UPDATE audit_stream_due SET due_at = %(until)s WHERE team_id IN (
    SELECT team_id FROM audit_stream_due WHERE due_at <= %(now)s ORDER BY due_at, team_id LIMIT 1
    FOR UPDATE SKIP LOCKED
) RETURNING team_id
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request takes along: its lines, and how far the stream is once they arrived."""

    url: str
    secret: bytes
    format: str
    lines: Sequence[str]
    first: int
    last: int


def send_due(now: datetime, *, seconds: float) -> int:
    """Sends what waits in the streams that are due, for about so long; how many requests."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds and (team_id := _claim(now)):
        while time.monotonic() - began < seconds and (sent := send_next(team_id, now)) is not None:
            count += 1
            if sent.verdict is not Verdict.TAKEN:
                break
    return count


def send_next(team_id: UUID, now: datetime) -> Result | None:
    """One request of a team's stream; None where nothing waits. What comes next is due when that may be."""
    with team_context(team_id):
        stream = AuditStream.objects.filter(team_id=team_id, is_active=True).first()
        batch = _batch(stream) if stream is not None else None
        if batch is None:
            _due(team_id, now + (IDLE if stream is not None else timedelta(hours=1)))
            return None
    result = post(batch, f"audit_{team_id.hex}_{batch.first}_{batch.last}", now)
    with team_context(team_id):
        _settle(team_id, batch, result, now)
    return result


def _batch(stream: AuditStream) -> Batch | None:
    """What is sent next. Events of before the stream begins are passed over."""
    while True:
        place_events(stream.team_id)
        found = after(stream.team_id, stream.sent_place, limit=MAX_LINES)
        told = [one for one in found if one.event.at >= stream.since]
        if told or not found:
            break
        stream.sent_place = found[-1].place
        AuditStream.objects.filter(team_id=stream.team_id, id=stream.id).update(sent_place=stream.sent_place)
    return _cut(stream, told) if told else None


def _cut(stream: AuditStream, found: Sequence[Placed]) -> Batch:
    lines: list[str] = []
    size, last = 0, found[0].place
    for one in found:
        line = line_of(one)
        size += len(line)
        if lines and size > MAX_BYTES:
            break
        lines.append(line)
        last = one.place
    return Batch(stream.url, bytes(stream.secret), stream.format, lines, found[0].place, last)


def line_of(one: Placed) -> str:
    """An event as JSON in one line, as `docs/security/audit.md` documents it."""
    return json.dumps(one.document(), cls=DjangoJSONEncoder)


def body_of(lines: Sequence[str], format: str) -> str:
    """The body of a request."""
    if format == StreamFormat.ARRAY:
        return f"[{','.join(lines)}]"
    return "".join(f"{line}\n" for line in lines)


def post(batch: Batch, id: str, now: datetime) -> Result:
    """Signs and sends the lines of a team; what became of them."""
    try:
        secret = decrypt(batch.secret)
    except Unreadable:
        return Result(Verdict.REFUSED, _("Its secret was encrypted with another SECRET_KEY. Make a new one."))
    return push(batch.url, secret, batch.format, batch.lines, id, now)


def push(url: str, secret: str, format: str, lines: Sequence[str], id: str, now: datetime) -> Result:
    """Signs and sends lines; what became of them. `id` is the same on each try."""
    body = body_of(lines, format)
    try:
        headers = {"Content-Type": CONTENT_TYPES[StreamFormat(format)], **signed_headers(secret, id, now, body)}
        answer = send(url, use=Use.AUDIT, headers=headers, body=body.encode())
    except Unreachable as error:
        return Result(Verdict.LATER, str(error))
    except Refused as error:
        return Result(Verdict.REFUSED, str(error))
    verdict = verdict_of(answer.status)
    if verdict is Verdict.TAKEN:
        return Result(verdict)
    said = " ".join(answer.body[:300].decode("utf-8", "replace").split())
    pause = told_pause(answer.headers.get("retry-after"), timezone.now())
    told = _("It answered {status}: {said}") if said else _("It answered {status}")
    return Result(verdict, told.format(status=answer.status, said=said), pause)


def send_test(stream: AuditStream, now: datetime) -> Result:
    """Sends one line that says that it is a test, without a position; nothing else changes."""
    line = json.dumps({"action": "audit_stream.test", "at": now.isoformat(), "note": "Steadyrun test"})
    batch = Batch(stream.url, bytes(stream.secret), stream.format, [line], 0, 0)
    return post(batch, f"audit_test_{now:%Y%m%d%H%M%S%f}", now)


def _settle(team_id: UUID, batch: Batch, result: Result, now: datetime) -> None:
    """Notes a request. A stream that was removed meanwhile stays removed, and one that was set anew is due at once."""
    mine = AuditStream.objects.filter(team_id=team_id, url=batch.url)
    if result.verdict is Verdict.TAKEN:
        mine.filter(sent_place__lt=batch.last).update(
            sent_place=batch.last, tries=0, last_success_at=now, last_error=""
        )
        _due(team_id, now)
        return
    stream = mine.first()
    if stream is None:
        return
    tries = stream.tries + 1
    mine.update(tries=tries, last_error=result.reason[:500], last_error_at=now)
    _due(team_id, now + pause_after(tries, result.pause))


def _due(team_id: UUID, at: datetime) -> None:
    AuditStreamDue.objects.filter(team_id=team_id).update(due_at=at)


def _claim(now: datetime) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + CLAIM})
        found = cursor.fetchone()
    return found[0] if found else None
