"""Tasks of billing on the beat. They carry no work of their own: what there is to do is in tables."""

from celery import shared_task
from django.utils import timezone

from accounts.long_tasks import LongTask, SlowTask
from accounts.models import Team
from billing.services import cost_mail, export_children, export_jobs, first_rating
from billing.store import allocation, lines, retention


@shared_task(base=SlowTask, time_limit=120, soft_time_limit=110)
def rate_first() -> None:
    """Rates usage that never had a price, where somebody asked for it; every five seconds."""
    first_rating.rate_due(timezone.now(), seconds=20.0)


@shared_task(time_limit=300, soft_time_limit=280)
def fold_costs() -> None:
    """Makes the cost lines of hours that are due, a little at a time; every five seconds."""
    lines.fold_due(timezone.now(), seconds=3.0)


@shared_task(base=SlowTask, time_limit=600, soft_time_limit=580)
def allocate_costs() -> None:
    """Shares out fixed monthly costs by what is known of their months; every five minutes."""
    allocation.allocate_all(timezone.now())


@shared_task(base=LongTask, time_limit=1800, soft_time_limit=1700)
def drop_old_costs() -> None:
    """Removes cost lines, months and prices that are kept no longer; every day."""
    retention.drop_expired(timezone.now())


@shared_task(time_limit=120, soft_time_limit=110)
def run_exports() -> None:
    """Starts the writer of exports where one is due; every two seconds."""
    export_children.start_if_due(timezone.now())


@shared_task(base=LongTask, time_limit=120, soft_time_limit=110)
def remove_old_exports() -> None:
    """Removes exports whose days are over; every hour."""
    for team_id in Team.objects.order_by("id").values_list("id", flat=True):
        export_jobs.remove_expired(team_id, timezone.now())


@shared_task(base=SlowTask, time_limit=120, soft_time_limit=110)
def send_cost_mails() -> None:
    """Queues the costs of the month that ended, and sends what is due; every 30 seconds."""
    now = timezone.now()
    cost_mail.queue_due(now)
    cost_mail.send_due(now, seconds=20.0)
