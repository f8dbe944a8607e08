"""Tasks of costs on the beat. They carry no work of their own: what there is to do is in tables."""

from celery import shared_task
from django.utils import timezone

from billing.store import allocation, lines, retention


@shared_task(time_limit=300, soft_time_limit=280)
def fold_costs() -> None:
    """Makes the cost lines of hours that are due, a little at a time; every five seconds."""
    lines.fold_due(timezone.now(), seconds=3.0)


@shared_task(time_limit=600, soft_time_limit=580)
def allocate_costs() -> None:
    """Shares out fixed monthly costs by what is known of their months; every five minutes."""
    allocation.allocate_all(timezone.now())


@shared_task(time_limit=1800, soft_time_limit=1700)
def drop_old_costs() -> None:
    """Removes cost lines, months and prices that are kept no longer; every day."""
    retention.drop_expired(timezone.now())
