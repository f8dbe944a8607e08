"""Tasks on the beat: folding, criteria, diagnoses, usual ranges, triage, findings, improvements, partitions, removing.

They carry no work of their own: what there is to do is in tables, so a lost task loses nothing.
"""

from datetime import date
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from accounts.long_tasks import LongTask, SlowTask
from accounts.models import Team
from accounts.tenancy import team_context
from monitoring import ports
from monitoring.services import (
    baselines,
    diagnosis,
    findings,
    proofs,
    restoring,
    review_mail,
    tracker,
    tracker_sending,
    triage_watch,
)
from monitoring.store import criteria_check, partitions, retention, rollups


@shared_task(time_limit=120, soft_time_limit=110)
def fold_rollups() -> None:
    """Computes what is marked; every second."""
    rollups.fold(timezone.now())


@shared_task(time_limit=120, soft_time_limit=110)
def check_criteria() -> None:
    """Checks executions whose success criteria changed; every two seconds, a little at a time."""
    criteria_check.check_due(timezone.now(), seconds=1.5)


@shared_task(base=SlowTask, time_limit=300, soft_time_limit=280)
def build_baselines() -> None:
    """Builds usual ranges that are due, for about twenty seconds; every minute."""
    baselines.build_due(timezone.now())


@shared_task(base=SlowTask, time_limit=300, soft_time_limit=280)
def build_findings() -> None:
    """Looks at workflows that are due for findings, for about twenty seconds; every minute."""
    findings.build_due(timezone.now())


@shared_task(time_limit=120, soft_time_limit=110)
def diagnose_due() -> None:
    """Diagnoses failed executions that are quiet; every two seconds, a little at a time."""
    diagnosis.diagnose_due(timezone.now(), seconds=1.5)


@shared_task(time_limit=120, soft_time_limit=110)
def follow_triage() -> None:
    """Ends ignoring whose time or number has come, and reopens resolved groups that fail again; every ten seconds."""
    triage_watch.follow(timezone.now())


@shared_task
def make_partitions() -> None:
    """Makes the partitions of the coming days."""
    partitions.make_ahead(timezone.now().date())


@shared_task(base=LongTask)
def drop_expired() -> None:
    """Removes executions, records and minute rollups that are kept no longer, once figures and costs have them."""
    # Twice, because the first time may take long: what came meanwhile for a day that goes is in the second.
    for _ in range(2):
        now = timezone.now()
        rollups.fold_all(now, until=now)
        if not ports.settle_costs(now):
            return
    retention.drop_expired(now)


@shared_task(base=LongTask, time_limit=1800, soft_time_limit=1700)
def restore_archived(team_id: str, class_: int, day: str, execution_id: str, days: int, by: str) -> None:
    """Brings a day, or one execution of it, back from the archive; somebody asked for it on the page."""
    only = [UUID(execution_id)] if execution_id else None
    restoring.restore(UUID(team_id), class_, date.fromisoformat(day), days=days, by=by, now=timezone.now(), only=only)


@shared_task(time_limit=120, soft_time_limit=110)
def measure_improvements() -> None:
    """Compares before and after of what is released, and watches for failures that come back; every ten seconds."""
    proofs.measure_due(timezone.now(), seconds=5.0)


@shared_task(base=SlowTask, time_limit=120, soft_time_limit=110)
def send_to_trackers() -> None:
    """Sends what issue trackers are to be told; every two seconds. What a killed one had claimed is sent later."""
    tracker_sending.send_due(timezone.now(), seconds=20.0)


@shared_task(base=LongTask, time_limit=120, soft_time_limit=110)
def remove_old_deliveries() -> None:
    """Removes deliveries to trackers that were done long ago; every hour."""
    for team_id in Team.objects.order_by("id").values_list("id", flat=True):
        with team_context(team_id):
            tracker.remove_old(team_id, timezone.now())


@shared_task(base=SlowTask, time_limit=120, soft_time_limit=110)
def send_reviews() -> None:
    """Queues the weekly reviews on Mondays, and sends what is due; every 30 seconds."""
    now = timezone.now()
    review_mail.queue_due(now)
    review_mail.send_due(now, seconds=20.0)
