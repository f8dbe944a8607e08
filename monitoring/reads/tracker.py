"""The issue tracker of a team and what was sent to it."""

from uuid import UUID

from monitoring.models import DeliveryStatus, Tracker, TrackerDelivery

MAX_DELIVERIES = 200


def find(team_id: UUID) -> Tracker | None:
    """The tracker of the team."""
    return Tracker.objects.filter(team_id=team_id).first()


def deliveries(team_id: UUID) -> list[TrackerDelivery]:
    """The newest deliveries with their improvements, at most `MAX_DELIVERIES`."""
    found = TrackerDelivery.objects.filter(team_id=team_id).select_related("improvement")
    return list(found.order_by("-created_at", "id")[:MAX_DELIVERIES])


def waiting(team_id: UUID) -> int:
    """How many deliveries wait."""
    return TrackerDelivery.objects.filter(team_id=team_id, status=DeliveryStatus.WAITING).count()
