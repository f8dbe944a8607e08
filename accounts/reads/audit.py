"""The audit log of a team: filtered, by pages, newest first. Onwards, as a SIEM follows it: `audit_stream`."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import AuditEvent, InstallationEvent

PAGE_SIZE = 50
MAX_PAGE_SIZE = 1_000
MAX_TEXT = 200
FIELDS = ("who", "what", "target", "q", "from", "to")


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """What is looked for; empty is all. `who` and `what` are the start of a name, `text` any part of an event."""

    who: str = ""
    what: str = ""
    target: str = ""
    text: str = ""
    start: datetime | None = None
    end: datetime | None = None

    def apply(self, team_id: UUID) -> QuerySet[AuditEvent]:
        """The events that match, in no order."""
        rows = AuditEvent.objects.filter(team_id=team_id)
        if self.who:
            rows = rows.filter(actor_name__istartswith=self.who)
        if self.what:
            rows = rows.filter(action__istartswith=self.what)
        if self.target:
            named = Q(target_name__icontains=self.target) | Q(target_id=self.target)
            rows = rows.filter(named | Q(target_kind__iexact=self.target))
        if self.start:
            rows = rows.filter(at__gte=self.start)
        if self.end:
            rows = rows.filter(at__lt=self.end)
        if self.text:
            found = Q(before__icontains=self.text) | Q(after__icontains=self.text) | Q(note__icontains=self.text)
            found |= Q(actor_name__icontains=self.text) | Q(action__icontains=self.text)
            rows = rows.filter(found | Q(target_name__icontains=self.text))
        return rows


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Events with the cursor of what follows; None at the end."""

    events: list[AuditEvent]
    next: str | None


def filters_of(told: Mapping[str, str]) -> tuple[AuditFilters, list[str]]:
    """What is looked for, and the names of parameters that cannot be meant and are left out."""
    texts = {name: told.get(name, "").replace("\x00", "").strip()[:MAX_TEXT] for name in FIELDS}
    days: dict[str, datetime | None] = {}
    wrong = []
    for name in ("from", "to"):
        try:
            days[name] = _moment(texts[name]) if texts[name] else None
        except ValueError:
            days[name] = None
            wrong.append(name)
    return AuditFilters(texts["who"], texts["what"], texts["target"], texts["q"], days["from"], days["to"]), wrong


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def newest(team_id: UUID, filters: AuditFilters, *, after: str = "", limit: int = PAGE_SIZE) -> AuditPage:
    """A page of events, newest first. A cursor that is none begins at the start."""
    rows = filters.apply(team_id)
    if place := read_cursor(after):
        rows = rows.filter(Q(at__lt=place[0]) | Q(at=place[0], id__gt=place[1]))
    found = list(rows.order_by("-at", "id")[: limit + 1])
    return AuditPage(found[:limit], cursor_of(found[limit - 1]) if len(found) > limit else None)


def cursor_of(event: AuditEvent) -> str:
    """The place of an event, as text that goes into an address."""
    moment = event.at.astimezone(UTC).isoformat()
    return base64.urlsafe_b64encode(f"{moment} {event.id}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[datetime, UUID] | None:
    """Time and id of a place; None for what is no cursor."""
    try:
        told = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        moment, _, id = told.partition(" ")
        at = datetime.fromisoformat(moment)
        return (at, UUID(id)) if at.tzinfo else None
    except (ValueError, binascii.Error):
        return None


def document(event: AuditEvent | InstallationEvent) -> dict[str, object]:
    """The event as the API tells it."""
    names = ("actor_kind", "actor_id", "actor_name", "impersonated_by", "action", "target_kind", "target_id")
    rest = ("target_name", "before", "after", "note", "via", "address", "request_id")
    moment = event.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    told = {name: getattr(event, name) for name in (*names, *rest)}
    actor = str(event.actor_id) if event.actor_id else None
    return {"id": str(event.id), "at": moment, **told, "actor_id": actor}
