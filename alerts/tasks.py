"""Tasks of alerts on the beat. They carry no work of their own: what there is to do is in tables."""

from celery import shared_task
from django.utils import timezone

from alerts.services import default_rules, evaluation, following


@shared_task(time_limit=120, soft_time_limit=110)
def evaluate_rules() -> None:
    """Evaluates alert rules that are due; every two seconds."""
    evaluation.evaluate_due(timezone.now(), seconds=30.0)


@shared_task(time_limit=120, soft_time_limit=110)
def follow_incidents() -> None:
    """Escalates, ends quiet hours and silences whose time has come; every five seconds."""
    following.follow_due(timezone.now(), seconds=20.0)


@shared_task(time_limit=120, soft_time_limit=110)
def make_default_rules() -> None:
    """Gives new teams the rules that are there from the start; every ten seconds."""
    default_rules.make_missing(timezone.now())
