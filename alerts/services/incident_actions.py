"""What members, keys and readers of notices do to incidents: acknowledge, note, resolve, link an improvement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import formats
from accounts.models import Team, User
from alerts.analysis.notices import NoticeKind
from alerts.models import Incident, IncidentDue, IncidentEvent, IncidentEventKind, IncidentStatus
from alerts.services import notifying
from alerts.services.incident_events import note
from alerts.services.incidents import resolve
from monitoring.models import Improvement

MAX_NOTE = 4000
MAX_AT_ONCE = 1000
By = User | str
"""A member, or the name of an API key or of the channel whose link was used."""


class IncidentRefused(Exception):
    """Something that cannot be done: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@transaction.atomic
def acknowledge(*, team_id: UUID, incident_ids: Sequence[UUID], by: By, now: datetime, text: str = "") -> list[UUID]:
    """Says that somebody looks after these incidents: nobody else is told any more. Those that were open."""
    _check_note(text, is_needed=False)
    mine = Incident.objects.filter(team_id=team_id, id__in=incident_ids, status=IncidentStatus.OPEN)
    found = list(mine.select_for_update(of=("self",)).select_related("rule").order_by("id"))
    ids = [one.id for one in found]
    Incident.objects.filter(team_id=team_id, id__in=ids).update(
        status=IncidentStatus.ACKNOWLEDGED,
        acknowledged_at=now,
        acknowledged_by=by if isinstance(by, User) else None,
        updated_at=now,
    )
    for one in found:
        one.status, one.acknowledged_at = IncidentStatus.ACKNOWLEDGED, now
    events = note(team_id, ids, IncidentEventKind.ACKNOWLEDGED, now, by=by, text=text)
    IncidentDue.objects.filter(incident_id__in=ids).delete()
    if found:
        team = Team.objects.get(id=team_id)
        pairs = list(zip(found, events, strict=True))
        notifying.tell_change(team, pairs, NoticeKind.ACKNOWLEDGED, now, by=name_of(by))
    return ids


@transaction.atomic
def add_note(*, team_id: UUID, incident_id: UUID, text: str, by: By, now: datetime) -> IncidentEvent:
    """Adds a note. Raises `Incident.DoesNotExist` and `IncidentRefused`."""
    _check_note(text, is_needed=True)
    one = Incident.objects.get(team_id=team_id, id=incident_id)
    Incident.objects.filter(team_id=team_id, id=one.id).update(updated_at=now)
    return note(team_id, [one.id], IncidentEventKind.NOTED, now, by=by, text=text.strip())[0]


@transaction.atomic
def resolve_by_hand(
    *, team_id: UUID, incident_ids: Sequence[UUID], by: By, now: datetime, text: str = ""
) -> list[UUID]:
    """Resolves incidents although their condition may hold: while it goes on, they do not open again."""
    _check_note(text, is_needed=False)
    return resolve(team_id, incident_ids, now, by=by, text=text.strip())


@transaction.atomic
def link_improvement(
    *, team_id: UUID, incident_id: UUID, improvement_id: UUID | None, by: By, now: datetime
) -> Incident:
    """Says which improvement is to end it for good; None takes that back. Raises as `add_note` does."""
    one = Incident.objects.select_for_update().get(team_id=team_id, id=incident_id)
    found = Improvement.objects.filter(team_id=team_id, id=improvement_id).first() if improvement_id else None
    if improvement_id and found is None:
        raise IncidentRefused({"improvement": "is not known"})
    one.improvement, one.updated_at = found, now
    one.save(update_fields=["improvement", "updated_at"])
    detail: dict[str, object] = {"improvement": str(found.id) if found else None, "title": found.title if found else ""}
    note(team_id, [one.id], IncidentEventKind.LINKED, now, by=by, detail=detail)
    return one


def name_of(by: By) -> str:
    """Who it was, as notices and histories name it."""
    return by.email if isinstance(by, User) else by


def _check_note(text: str, *, is_needed: bool) -> None:
    if is_needed and not text.strip():
        raise IncidentRefused({"text": "must be told"})
    if len(text) > MAX_NOTE:
        raise IncidentRefused({"text": f"must be at most {formats.count(MAX_NOTE)} characters"})
