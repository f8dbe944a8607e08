"""Pushes the log of the installation to where its operator says (`AUDIT_STREAM_URL`), as teams' logs are pushed.

Events get their numbers as those of a team do (`audit_places`): under a lock, to what can be seen. One row says how far
it has come; a claim moves its `due_at` on, so one worker sends at a time and a killed one is followed by another, which
sends the same again. What fails is tried again without an end.
"""

import json
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from accounts.models import InstallationEvent, InstallationPlace, InstallationStream
from accounts.reads.audit import document
from accounts.retrying import Result, Verdict, pause_after
from accounts.services.audit_sending import CLAIM, IDLE, MAX_BYTES, MAX_LINES, push

_LOCK_CLASS = 7310022
# How long a transaction may have been open when its events are still found, and how long numbers are kept after that.
REACH = timedelta(days=2)
KEPT = timedelta(days=3)
_PLACE = """
INSERT INTO installation_place (id, place, at)
SELECT id, at_most.place + row_number() OVER (ORDER BY at, id), at
FROM (SELECT coalesce(max(place), 0) AS place FROM installation_place) at_most,
    (SELECT id, at FROM installation_event e WHERE at >= greatest(
            %(since)s, (SELECT max(at) FROM installation_place) - %(reach)s * interval '1 second')
        AND NOT EXISTS (SELECT FROM installation_place p WHERE p.id = e.id)
        ORDER BY at, id LIMIT %(limit)s) fresh
"""
_FORGET = """
DELETE FROM installation_place WHERE place <= %(sent)s
    AND at < (SELECT max(at) FROM installation_place) - %(kept)s * interval '1 second'
"""


def send_due(now: datetime, *, seconds: float) -> int:
    """Sends what waits, for about so long; how many requests. Nothing where no address is set."""
    if not settings.AUDIT_STREAM["url"]:
        return 0
    InstallationStream.objects.get_or_create(id=1, defaults={"since": now, "due_at": now})
    began, count = time.monotonic(), 0
    if not InstallationStream.objects.filter(id=1, due_at__lte=now).update(due_at=now + CLAIM):
        return 0
    while time.monotonic() - began < seconds and (sent := _send_next(now)) is not None:
        count += 1
        if sent.verdict is not Verdict.TAKEN:
            break
    return count


def _send_next(now: datetime) -> Result | None:
    """One request; None where nothing waits."""
    with transaction.atomic():
        stream = InstallationStream.objects.get(id=1)
        _place(stream.since)
        found = _after(stream.sent_place)
    if not found:
        InstallationStream.objects.filter(id=1).update(due_at=now + IDLE)
        return None
    lines, last = _cut(found)
    told, first = settings.AUDIT_STREAM, found[0][0]
    result = push(told["url"], told["secret"], told["format"], lines, f"audit_installation_{first}_{last}", now)
    _settle(stream, last, result, now)
    return result


def _place(since: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_LOCK_CLASS])
        cursor.execute(_PLACE, {"since": since, "reach": REACH.total_seconds(), "limit": MAX_LINES})


def _after(place: int) -> Sequence[tuple[int, InstallationEvent]]:
    """Events with their numbers behind a number, in their order."""
    rows = InstallationPlace.objects.filter(place__gt=place).order_by("place")[:MAX_LINES]
    places: dict[UUID, int] = {row.id: row.place for row in rows}
    events = InstallationEvent.objects.in_bulk(list(places))
    return [(place, events[id]) for id, place in places.items() if id in events]


def _cut(found: Sequence[tuple[int, InstallationEvent]]) -> tuple[list[str], int]:
    """The lines of one request, and the number of the last."""
    lines: list[str] = []
    size, last = 0, found[0][0]
    for place, event in found:
        line = line_of(place, event)
        size += len(line)
        if lines and size > MAX_BYTES:
            break
        lines.append(line)
        last = place
    return lines, last


def line_of(place: int, event: InstallationEvent) -> str:
    """An event as JSON in one line: as that of a team, with which team it concerned, if one."""
    about = str(event.about_team) if event.about_team else None
    return json.dumps({"position": place, **document(event), "about_team": about}, cls=DjangoJSONEncoder)


def _settle(stream: InstallationStream, last: int, result: Result, now: datetime) -> None:
    mine = InstallationStream.objects.filter(id=1)
    if result.verdict is Verdict.TAKEN:
        mine.filter(sent_place__lt=last).update(
            sent_place=last, tries=0, last_success_at=now, last_error="", due_at=now
        )
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, {"sent": last, "kept": KEPT.total_seconds()})
        return
    tries = stream.tries + 1
    due_at = now + pause_after(tries, result.pause)
    mine.update(tries=tries, last_error=result.reason[:500], last_error_at=now, due_at=due_at)
