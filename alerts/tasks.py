"""Tasks on the beat of alerts. They carry no work of their own: what there is to do is in tables."""

from celery import shared_task
from django.utils import timezone

from alerts.services import default_rules


@shared_task(time_limit=120, soft_time_limit=110)
def make_default_rules() -> None:
    """Gives new teams the rules that are there from the start; every ten seconds."""
    default_rules.make_missing(timezone.now())
