"""Tasks of alerts on the beat. They carry no work of their own: what there is to do is in tables."""

from celery import shared_task
from django.utils import timezone

from alerts.services import following


@shared_task(time_limit=120, soft_time_limit=110)
def follow_incidents() -> None:
    """Escalates, ends quiet hours, silences and maintenance windows whose time has come; every five seconds."""
    following.follow_due(timezone.now(), seconds=20.0)
