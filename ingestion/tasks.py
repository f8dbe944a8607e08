"""Tasks on the beat: folding the ledger of sources, and removing what sources keep no longer."""

from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from accounts.long_tasks import LongTask, SlowTask
from accounts.models import Team
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.forwarding import outbox, pushing, sending
from ingestion.models import Source
from ingestion.services import deliveries, expiry, personal_data_jobs, personal_data_runs, sample_jobs, storage
from ingestion.sources import info_of


@shared_task(time_limit=60, soft_time_limit=50)
def fold_ledger() -> None:
    """Adds receipts to their hours; every few seconds."""
    ledger.fold()


@shared_task(base=LongTask, soft_time_limit=540)
def process_deliveries_again(team_id: str, source_id: str, before: str) -> None:
    """Reads all kept deliveries of a source again; `before` (ISO 8601) is when that was asked for.

    What is done and what is not stands on each delivery, so a task that is lost or cut off can be asked for again.
    """
    asked_at = datetime.fromisoformat(before)
    with team_context(UUID(team_id)):
        source = Source.objects.filter(id=UUID(source_id)).first()
    if source is not None:
        for _ in deliveries.process_all_again(info_of(source), asked_at, asked_at):
            pass


@shared_task(base=LongTask)
def remove_expired() -> None:
    """Removes deliveries, and what sources keep, after their time; every hour."""
    now = timezone.now()
    for team_id in Team.objects.order_by("id").values_list("id", flat=True):
        deliveries.remove_old(team_id, now)
        expiry.remove_old(team_id, now)
        with team_context(team_id):
            personal_data_jobs.remove_expired(team_id, now)


@shared_task(base=SlowTask, time_limit=150, soft_time_limit=120)
def send_outbox() -> None:
    """Sends on what is due; every two seconds. What a killed one had claimed is sent by a later one."""
    sending.send_due()


@shared_task(base=SlowTask, time_limit=120, soft_time_limit=110)
def tidy_outbox() -> None:
    """Keeps outboxes bounded; every minute."""
    outbox.tidy(timezone.now())


@shared_task(time_limit=60, soft_time_limit=55)
def push_metrics() -> None:
    """Pushes metrics where a minute is over; every few seconds."""
    pushing.push_due(timezone.now())


@shared_task(base=SlowTask, time_limit=600, soft_time_limit=590)
def work_on_personal_data() -> None:
    """Looks for, exports and deletes personal data that somebody asked about, a little at a time; every two seconds."""
    personal_data_runs.work_due(timezone.now(), seconds=5.0)


@shared_task(base=SlowTask, time_limit=600, soft_time_limit=590)
def work_on_sample() -> None:
    """Loads or removes the sample where somebody asked, a stage after the other; every two seconds."""
    sample_jobs.work_due(timezone.now(), seconds=5.0)


@shared_task(base=LongTask)
def measure_storage() -> None:
    """Measures what the records of each team take; every quarter of an hour."""
    storage.measure_storage(timezone.now())
