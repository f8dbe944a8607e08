"""The audit log of a team onwards from a place, as a SIEM follows it: in the order of `AuditPlace`, missing none."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from accounts.models import AuditEvent, AuditPlace, AuditStream
from accounts.reads.audit import document

MAX_LINES = 1_000
# More than this is told as "more than".
MAX_BACKLOG = 10_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the stream, with the event that stood there: so a cursor of another copy of the database is known.

    `place` is None in cursors of before there were places: they tell a time.
    """

    place: int | None
    at: datetime
    id: UUID

    def text(self) -> str:
        """As it goes into an address."""
        told = f"{self.place or 0} {self.at.astimezone(UTC).isoformat()} {self.id}"
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Placed:
    """An event with its number."""

    place: int
    event: AuditEvent

    def document(self) -> dict[str, object]:
        """As a line of the stream tells it."""
        return {"position": self.place, **document(self.event)}

    @property
    def cursor(self) -> Cursor:
        """What to go on after."""
        return Cursor(self.place, self.event.at, self.event.id)


def read_cursor(text: str) -> Cursor | None:
    """The cursor that `Cursor.text` wrote; None for what is none."""
    try:
        parts = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split(" ")
        *place, moment, id = parts
        at = datetime.fromisoformat(moment)
        if at.tzinfo is None or len(place) > 1 or (place and not _is_number(place[0])):
            return None
        return Cursor(int(place[0]) if place else None, at, UUID(id))
    except (ValueError, binascii.Error):
        return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def start_of(team_id: UUID, cursor: Cursor | None) -> int:
    """The number after which to go on.

    Where the event of a cursor does not stand at its number (the database was restored from a backup), its time counts.
    """
    if cursor is None:
        return 0
    places = AuditPlace.objects.filter(team_id=team_id)
    if cursor.place is not None:
        known = places.filter(place=cursor.place).first()
        if known is not None and known.id == cursor.id:
            return cursor.place
        first = places.order_by("place").first()
        if known is None and first is not None and cursor.place < first.place:
            return cursor.place
    after = places.filter(at__gt=cursor.at).order_by("place").first()
    if after is not None:
        return after.place - 1
    last = places.order_by("-place").first()
    return last.place if last is not None else 0


def after(team_id: UUID, place: int, *, limit: int = MAX_LINES) -> Sequence[Placed]:
    """Events behind a number, in their order. Those that retention removed meanwhile are left out."""
    places = list(AuditPlace.objects.filter(team_id=team_id, place__gt=place).order_by("place")[:limit])
    events = {one.id: one for one in AuditEvent.objects.filter(team_id=team_id, id__in=[row.id for row in places])}
    return [Placed(row.place, events[row.id]) for row in places if row.id in events]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be pushed: how many, at most `MAX_BACKLOG`, and since when."""

    count: int
    since: datetime | None

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self.count >= MAX_BACKLOG


def find_stream(team_id: UUID) -> AuditStream | None:
    """The stream of the team, if it has one."""
    return AuditStream.objects.filter(team_id=team_id).first()


def backlog_of(stream: AuditStream) -> Backlog:
    """What waits for a stream. Events of the last seconds may have no number yet and are not counted."""
    waiting = AuditPlace.objects.filter(team_id=stream.team_id, place__gt=stream.sent_place, at__gte=stream.since)
    count = waiting.order_by("place")[:MAX_BACKLOG].count()
    first = waiting.order_by("place").first() if count else None
    return Backlog(count, first.at if first else None)
