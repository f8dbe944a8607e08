"""Work in the background that concerns teams themselves. It carries no work of its own: what is due is in tables."""

from celery import shared_task
from django.utils import timezone

from accounts.services import export_child, team_exports
from accounts.services.erasure import erase_due


@shared_task(ignore_result=True)
def erase_deleted_teams() -> None:
    """Erases teams whose days of grace are over, and exports whose days are."""
    team_exports.remove_expired(timezone.now())
    erase_due(timezone.now())


@shared_task(ignore_result=True)
def write_team_exports() -> None:
    """Starts the writer of exports of teams where one is due; every few seconds."""
    export_child.start_if_due(timezone.now())
