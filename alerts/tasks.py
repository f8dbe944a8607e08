"""Tasks of alerts on the beat. They carry no work of their own: what there is to do is in tables."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts.long_tasks import LongTask
from accounts.models import Team
from accounts.services.retention import policy_of
from accounts.tenancy import team_context
from alerts.services import default_rules, delivery, evaluation, following, settling


@shared_task(time_limit=120, soft_time_limit=110)
def evaluate_rules() -> None:
    """Evaluates alert rules that are due; every two seconds."""
    evaluation.evaluate_due(timezone.now(), seconds=30.0)


@shared_task(time_limit=120, soft_time_limit=110)
def follow_incidents() -> None:
    """Escalates, ends quiet hours and silences whose time has come; every five seconds."""
    following.follow_due(timezone.now(), seconds=20.0)


@shared_task(time_limit=120, soft_time_limit=110)
def send_notices() -> None:
    """Sends notices that are due; every second. What a killed one had claimed is sent by a later one."""
    delivery.send_due(20.0)


@shared_task(base=LongTask, time_limit=120, soft_time_limit=110)
def remove_old_notices() -> None:
    """Removes deliveries that were done long ago; every hour."""
    for team_id in Team.objects.order_by("id").values_list("id", flat=True):
        with team_context(team_id):
            kept = timedelta(days=policy_of(team_id).delivery_days)
            settling.remove_old(team_id, timezone.now(), kept)


@shared_task(time_limit=120, soft_time_limit=110)
def make_default_rules() -> None:
    """Gives new teams the rules that are there from the start; every ten seconds."""
    default_rules.make_missing(timezone.now())
