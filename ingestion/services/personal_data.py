"""Personal data of somebody: found by a tag or a value, exported, deleted; each told to the audit log.

Records are looked through day by day, the newest first, and webhook deliveries and loose lines with them. Figures that
were folded stay: they name nobody.
"""

import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from accounts.audit import record
from accounts.tenancy import team_context
from ingestion.models import Delivery
from ingestion.services.deliveries import body_of
from monitoring.reads.replay import load
from monitoring.reads.replay_document import document
from monitoring.store import erasure

MIN_LETTERS = 3
_LINES = """SELECT id, received_at, message FROM source_line WHERE team_id = %s
    AND (position(%s IN lower(message)) > 0 OR position(%s IN lower(labels::text)) > 0) ORDER BY received_at, id"""


class TooShort(ValueError):
    """The value would find nearly everything."""


@dataclass(slots=True)
class Found:
    """What holds the value."""

    value: str
    tag: str
    executions: set[erasure.Place] = field(default_factory=set)
    deliveries: list[UUID] = field(default_factory=list)
    lines: list[UUID] = field(default_factory=list)


def search(team_id: UUID, value: str, *, tag: str = "") -> Iterator[tuple[int, int, Found]]:
    """Looks for a value; yields days done, days in all, and what was found so far. Raises `TooShort`."""
    if len(value.strip()) < MIN_LETTERS:
        raise TooShort(f"give at least {MIN_LETTERS} letters")
    found, days = Found(value, tag), erasure.days_of(team_id)
    if not tag:
        search_sources(team_id, found)
    yield 0, len(days), found
    for done, day in enumerate(days, 1):
        found.executions |= erasure.find_on(team_id, day, value, tag=tag)
        yield done, len(days), found


def search_sources(team_id: UUID, found: Found) -> None:
    low = found.value.lower()
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(_LINES, [team_id, low, low])
        found.lines = [row[0] for row in cursor.fetchall()]
        for delivery in Delivery.objects.order_by("received_at", "id").iterator(chunk_size=100):
            if low in json.dumps([body_of(delivery), delivery.headers], ensure_ascii=False).lower():
                found.deliveries.append(delivery.id)


def export(team_id: UUID, found: Found, path: Path) -> int:
    """Writes what was found as a ZIP of JSON documents, one an execution, delivery or line; how many."""
    count = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, told in documents(team_id, found):
            archive.writestr(name, json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
            count += 1
    with team_context(team_id):
        record("personal_data.exported", _target(found), after=_counts(found))
    return count


def documents(team_id: UUID, found: Found) -> Iterator[tuple[str, object]]:
    """What was found, one document an execution, delivery or line, with the name of its file."""
    for id, _, _ in sorted(found.executions):
        with team_context(team_id):
            replay = load(team_id, id)
        if replay is not None:
            yield f"executions/{id}.json", document(replay)
    for id in found.deliveries:
        with team_context(team_id):
            delivery = Delivery.objects.filter(id=id).first()
        if delivery is not None:
            told = {"received_at": delivery.received_at, "headers": delivery.headers, "body": body_of(delivery)}
            yield f"deliveries/{id}.json", told
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, received_at, message, labels FROM source_line WHERE team_id = %s AND id = ANY(%s)",
            [team_id, found.lines],
        )
        rows = cursor.fetchall()
    for id, at, message, labels in rows:
        yield f"lines/{id}.json", {"received_at": at, "message": message, "labels": labels}


def delete(team_id: UUID, found: Found) -> int:
    """Deletes what was found; how many executions. Figures stay, and later reports of the same runs come in again."""
    count = remove(team_id, found)
    with team_context(team_id):
        record("personal_data.deleted", _target(found), before=_counts(found))
    return count


def remove(team_id: UUID, found: Found) -> int:
    """As `delete`, without telling the audit log: the caller does."""
    count = erasure.erase(team_id, sorted(found.executions))
    with team_context(team_id), connection.cursor() as cursor:
        Delivery.objects.filter(id__in=found.deliveries).delete()
        cursor.execute("DELETE FROM source_line WHERE team_id = %s AND id = ANY(%s)", [team_id, found.lines])
    return count


def _target(found: Found) -> tuple[str, str, str]:
    """What the log says: which tag, and no more of the value than its first letters."""
    return "personal data", "", shown_name(found.value, found.tag)


def shown_name(value: str, tag: str) -> str:
    """What is told of a value: its first letters, with the tag that it was looked for in."""
    shown = f"{value[:2]}… ({len(value)} letters)"
    return f"{tag}: {shown}" if tag else shown


def _counts(found: Found) -> dict[str, int]:
    return {"executions": len(found.executions), "deliveries": len(found.deliveries), "lines": len(found.lines)}


def last(steps: Iterable[tuple[int, int, Found]]) -> Found:
    """What a search found in the end."""
    *_, (_, _, found) = steps
    return found
