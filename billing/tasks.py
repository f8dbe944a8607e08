"""Tasks of costs on the beat. They carry no work of their own: what there is to do is in tables."""

from celery import shared_task
from django.utils import timezone

from accounts.models import Team
from billing.services import cost_mail, export_children, export_jobs


@shared_task(time_limit=120, soft_time_limit=110)
def run_exports() -> None:
    """Starts the writer of exports where one is due; every two seconds."""
    export_children.start_if_due(timezone.now())


@shared_task(time_limit=120, soft_time_limit=110)
def remove_old_exports() -> None:
    """Removes exports whose days are over; every hour."""
    for team_id in Team.objects.order_by("id").values_list("id", flat=True):
        export_jobs.remove_expired(team_id, timezone.now())


@shared_task(time_limit=120, soft_time_limit=110)
def send_cost_mails() -> None:
    """Queues the costs of the month that ended, and sends what is due; every 30 seconds."""
    now = timezone.now()
    cost_mail.queue_due(now)
    cost_mail.send_due(now, seconds=20.0)
