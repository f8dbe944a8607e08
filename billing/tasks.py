"""Tasks of billing on the beat. They carry no work of their own: what there is to do is in tables."""

from celery import shared_task
from django.utils import timezone

from billing.services import first_rating
from billing.store import lines, retention


@shared_task(time_limit=120, soft_time_limit=110)
def rate_first() -> None:
    """Rates usage that never had a price, where somebody asked for it; every five seconds."""
    first_rating.rate_due(timezone.now(), seconds=20.0)


@shared_task(time_limit=300, soft_time_limit=280)
def fold_costs() -> None:
    """Makes the cost lines of hours that are due, a little at a time; every five seconds."""
    lines.fold_due(timezone.now(), seconds=3.0)


@shared_task(time_limit=1800, soft_time_limit=1700)
def drop_old_costs() -> None:
    """Removes cost lines, months and prices that are kept no longer; every day."""
    retention.drop_expired(timezone.now())
