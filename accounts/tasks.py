"""Work in the background that concerns teams themselves."""

from celery import shared_task
from django.utils import timezone

from accounts.services.erasure import erase_due


@shared_task(ignore_result=True)
def erase_deleted_teams() -> None:
    """Erases teams whose days of grace are over."""
    erase_due(timezone.now())
