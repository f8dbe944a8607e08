"""Tasks on the beat: folding the ledger of sources, and removing what sources keep no longer."""

from celery import shared_task

from ingestion import ledger


@shared_task(time_limit=60, soft_time_limit=50)
def fold_ledger() -> None:
    """Adds receipts to their hours; every few seconds."""
    ledger.fold()
