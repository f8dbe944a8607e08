"""A team's issue tracker: its settings, what it is told, and sending something again. Sending is `tracker_sending`."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.services.pushes import PushRefused, aim, refusals_of
from accounts.services.retention import policy_of
from monitoring.models import DeliveryStatus, Improvement, ImprovementEvent, Tracker, TrackerDelivery, TrackerDue
from monitoring.models.tracker import TrackerEvent
from monitoring.store.run_log import tell_deliveries

TEST = "test"


@transaction.atomic
def save_tracker(*, team_id: UUID, url: str, events: list[str], is_active: bool, now: datetime) -> tuple[Tracker, str]:
    """Makes or changes the tracker; with the text of its secret if that is new: the one time that it can be seen.

    Raises `PushRefused`.
    """
    reasons = refusals_of(url)
    if not events or not set(events) <= set(TrackerEvent.values):
        reasons["events"] = _("Choose at least one event that it is told.")
    if reasons:
        raise PushRefused(reasons)
    one = Tracker.objects.select_for_update().filter(team_id=team_id).first()
    one = one or Tracker(team_id=team_id, created_at=now)
    secret = aim(one, url)
    one.events, one.is_active, one.last_error = sorted(set(events)), is_active, ""
    one.save()
    _hurry(team_id, now)
    return one, secret


@transaction.atomic
def remove_tracker(one: Tracker) -> None:
    """Removes the tracker, its deliveries and what waits. Links that it told stay."""
    TrackerDue.objects.filter(team_id=one.team_id).delete()
    TrackerDelivery.objects.filter(team_id=one.team_id).delete()
    one.delete()


def tell(improvement: Improvement, event: TrackerEvent, happened: ImprovementEvent, now: datetime) -> None:
    """Queues a message in the transaction of what happened, if the team's tracker wants to know."""
    one = Tracker.objects.filter(team_id=improvement.team_id, is_active=True).first()
    if one is not None and event in one.events:
        _queue(one, event, payload_of(improvement, event, happened, now), now, improvement)


def payload_of(
    improvement: Improvement, event: TrackerEvent, happened: ImprovementEvent, now: datetime
) -> dict[str, Any]:
    """The message, as `docs/improve/improvements.md` documents it."""
    owner = improvement.owner
    return {
        "type": event.value,
        "timestamp": now.isoformat(),
        "data": {
            "id": str(improvement.id),
            "url": settings.BASE_URL + reverse("improvement", args=[improvement.team.slug, improvement.id]),
            "title": improvement.title,
            "text": improvement.text,
            "kind": improvement.kind,
            "status": str(improvement.status),
            "workflow": improvement.workflow.name,
            "metric": improvement.metric,
            "expected_change": improvement.expected_change,
            "owner": owner.email if owner else None,
            "release": improvement.release.name if improvement.release else None,
            "tracker_url": improvement.tracker_url or None,
            "event": {
                "id": str(happened.id),
                "kind": happened.kind,
                "text": happened.text,
                "detail": {name: value for name, value in happened.detail.items() if name != "result"},
                "by": happened.by.email if happened.by else happened.key_name or "Steadyrun",
            },
        },
    }


def queue_test(one: Tracker, now: datetime) -> TrackerDelivery:
    """A message that says that it is a test. The caller sends it."""
    return _queue(one, TEST, {"type": TEST, "timestamp": now.isoformat(), "data": {"text": "Steadyrun test"}}, now)


def _queue(
    one: Tracker, kind: str, payload: dict[str, Any], now: datetime, improvement: Improvement | None = None
) -> TrackerDelivery:
    made = TrackerDelivery.objects.create(
        team_id=one.team_id, improvement=improvement, kind=str(kind), payload=payload, created_at=now
    )
    TrackerDue.objects.create(delivery_id=made.id, team_id=one.team_id, due_at=now)
    return made


@transaction.atomic
def send_again(*, team_id: UUID, delivery_id: UUID, now: datetime) -> bool:
    """Puts a delivery into the queue once more, with fresh tries; whether there is such a one."""
    kept = TrackerDelivery.objects.filter(team_id=team_id, id=delivery_id)
    if not kept.update(status=DeliveryStatus.WAITING, tries=0):
        return False
    TrackerDue.objects.update_or_create(delivery_id=delivery_id, defaults={"team_id": team_id, "due_at": now})
    return True


def _hurry(team_id: UUID, now: datetime) -> None:
    """What waits is tried with the new settings at once."""
    TrackerDue.objects.filter(team_id=team_id, due_at__gt=now).update(due_at=now)


def remove_old(team_id: UUID, now: datetime) -> None:
    """Removes deliveries that were done long ago. Call it inside the team's context."""
    kept = timedelta(days=policy_of(team_id).delivery_days)
    done = TrackerDelivery.objects.filter(team_id=team_id, created_at__lt=now - kept)
    removed, _by_model = done.exclude(status=DeliveryStatus.WAITING).delete()
    tell_deliveries(team_id, kept, removed, now)
