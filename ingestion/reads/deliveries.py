"""Kept webhook deliveries of a source, for its pages: without their bodies, but for the one that is looked at."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from ingestion.models import Delivery

PAGE_SIZE = 50
MAX_EXPORTED = 10_000
# How many of the last deliveries a mapping is tried on.
TRIED = 5


# The longest that a delivery is kept, whatever the team's limit.
KEPT = timedelta(days=7)


def received_before(team_id: UUID, now: datetime, kept: timedelta) -> QuerySet[Delivery]:
    """Deliveries that are older than the team's limit, or than `KEPT`: those that retention removes."""
    return Delivery.objects.filter(team_id=team_id, received_at__lt=now - min(KEPT, kept))


def _of(source_id: UUID, outcome: str, text: str) -> QuerySet[Delivery]:
    found = Delivery.objects.filter(source_id=source_id).defer("body", "headers")
    if outcome:
        found = found.filter(outcome=outcome)
    if text:
        about = Q(external_id__icontains=text) | Q(event__icontains=text) | Q(executions__contains=[text])
        found = found.filter(about)
    return found.order_by("-received_at", "-id")


def listed(
    source_id: UUID,
    *,
    outcome: str = "",
    text: str = "",
    before: tuple[datetime, UUID] | None = None,
    limit: int = PAGE_SIZE,
) -> Sequence[Delivery]:
    """Deliveries, the latest first: of one outcome, with a text in id or event, before a place in the list."""
    found = _of(source_id, outcome, text)
    if before:
        at, last = before
        found = found.filter(Q(received_at__lt=at) | Q(received_at=at, id__lt=last))
    return list(found[:limit])


def counted(source_id: UUID) -> dict[str, int]:
    """How many deliveries are kept, by outcome."""
    rows = Delivery.objects.filter(source_id=source_id).order_by().values_list("outcome").annotate(count=Count("id"))
    return dict(rows)


def one(source_id: UUID, delivery_id: UUID) -> Delivery | None:
    """A delivery with its body."""
    return Delivery.objects.filter(source_id=source_id, id=delivery_id).first()


def latest(source_id: UUID, limit: int = TRIED) -> Sequence[Delivery]:
    """The last deliveries with their bodies."""
    return list(Delivery.objects.filter(source_id=source_id).order_by("-received_at", "-id")[:limit])
