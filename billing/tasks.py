"""Tasks of billing on the beat. They carry no work of their own: what there is to do is in tables."""

from celery import shared_task
from django.utils import timezone

from billing.services import first_rating


@shared_task(time_limit=120, soft_time_limit=110)
def rate_first() -> None:
    """Rates usage that never had a price, where somebody asked for it; every five seconds."""
    first_rating.rate_due(timezone.now(), seconds=20.0)
