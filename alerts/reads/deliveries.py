"""What was sent to channels, what waits, and what was given up: newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from alerts.analysis.notices import NoticeKind
from alerts.models import AlertDelivery, AlertDeliveryDue, AlertDeliveryStatus

PAGE_SIZE = 50
MAX_EXPORTED = 10_001
# How many given up ones are sent again at once.
MAX_AGAIN = 2_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """Filters. Empty: all. A text that is no id, status or kind finds nothing."""

    channel: str = ""
    status: str = ""
    kind: str = ""
    incident: str = ""

    @property
    def is_filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.channel or self.status or self.kind or self.incident)


def done_before(team_id: UUID, before: datetime) -> QuerySet[AlertDelivery]:
    """Deliveries that are older and wait for nothing: those that retention removes."""
    return AlertDelivery.objects.filter(team_id=team_id, created_at__lt=before).exclude(
        status=AlertDeliveryStatus.WAITING
    )


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Deliveries, and the cursor of the next ones (empty: these are the last)."""

    rows: Sequence[AlertDelivery]
    next: str


def matching(team_id: UUID, chosen: Chosen) -> QuerySet[AlertDelivery]:
    """The deliveries that the filters find, newest first, with their channels."""
    found = AlertDelivery.objects.filter(team_id=team_id).select_related("channel").order_by("-created_at", "-id")
    channel, incident = _id(chosen.channel), _id(chosen.incident)
    is_nothing = (
        (chosen.channel and channel is None)
        or (chosen.incident and incident is None)
        or (chosen.status and chosen.status not in AlertDeliveryStatus.values)
        or (chosen.kind and chosen.kind not in [one.value for one in NoticeKind])
    )
    if is_nothing:
        return AlertDelivery.objects.none()
    if channel:
        found = found.filter(channel_id=channel)
    if incident:
        found = found.filter(incident_id=incident)
    if chosen.status:
        found = found.filter(status=chosen.status)
    return found.filter(kind=chosen.kind) if chosen.kind else found


def page(team_id: UUID, chosen: Chosen, after: str = "", limit: int = PAGE_SIZE) -> DeliveryPage:
    """Deliveries after a place in the list; a cursor that is none begins at the top."""
    found = matching(team_id, chosen)
    if place := _place(after):
        at, id = place
        found = found.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=id))
    rows = list(found[: limit + 1])
    is_more = len(rows) > limit
    return DeliveryPage(
        rows[:limit], f"{rows[limit - 1].created_at.isoformat()}_{rows[limit - 1].id}" if is_more else ""
    )


def exported(team_id: UUID, chosen: Chosen) -> list[AlertDelivery]:
    """All that the filters find, one more than an export may hold."""
    return list(matching(team_id, chosen)[:MAX_EXPORTED])


def find(team_id: UUID, delivery_id: UUID) -> AlertDelivery | None:
    """One delivery with its channel."""
    return AlertDelivery.objects.filter(team_id=team_id, id=delivery_id).select_related("channel").first()


def due_at(delivery_id: UUID) -> datetime | None:
    """When it is tried next; None where it does not wait."""
    return AlertDeliveryDue.objects.filter(delivery_id=delivery_id).values_list("due_at", flat=True).first()


def count_given_up(team_id: UUID, chosen: Chosen) -> int:
    """How many of those that the filters find were given up; tests left out."""
    return _given_up(team_id, chosen).count()


def given_up(team_id: UUID, chosen: Chosen) -> list[AlertDelivery]:
    """Of those that the filters find the ones that were given up, newest first, at most `MAX_AGAIN`."""
    return list(_given_up(team_id, chosen)[:MAX_AGAIN])


def _given_up(team_id: UUID, chosen: Chosen) -> QuerySet[AlertDelivery]:
    return matching(team_id, chosen).filter(status=AlertDeliveryStatus.FAILED).exclude(kind=NoticeKind.TEST)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _place(after: str) -> tuple[datetime, UUID] | None:
    at, _, last = after.partition("_")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(last)) if moment.tzinfo else None
    except ValueError:
        return None
