"""Work in the background that concerns teams themselves. It carries no work of its own: what is due is in tables."""

from celery import shared_task
from django.utils import timezone

from accounts.long_tasks import LongTask, SlowTask
from accounts.services import audit_sending, export_child, installation_sending, key_mail, key_usage, team_exports
from accounts.services.erasure import erase_due


@shared_task(base=LongTask, ignore_result=True)
def erase_deleted_teams() -> None:
    """Erases teams whose days of grace are over, and exports whose days are."""
    team_exports.remove_expired(timezone.now())
    erase_due(timezone.now())


@shared_task(ignore_result=True)
def write_team_exports() -> None:
    """Starts the writer of exports of teams where one is due; every few seconds."""
    export_child.start_if_due(timezone.now())


@shared_task(base=SlowTask, ignore_result=True, time_limit=120, soft_time_limit=110)
def send_audit_events() -> None:
    """Pushes audit logs to where teams want them, and that of the installation; every few seconds."""
    installation_sending.send_due(timezone.now(), seconds=20.0)
    audit_sending.send_due(timezone.now(), seconds=20.0)


@shared_task(ignore_result=True, time_limit=60, soft_time_limit=50)
def take_key_counts() -> None:
    """Takes what keys asked and were refused into the database; every few seconds."""
    key_usage.take_counts()


@shared_task(base=SlowTask, ignore_result=True, time_limit=120, soft_time_limit=110)
def send_key_mails() -> None:
    """Tells who made them of API keys that end soon; every few minutes."""
    key_mail.queue_due(timezone.now())
    key_mail.send_due(timezone.now(), seconds=20.0)
