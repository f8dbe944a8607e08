"""Tasks on the beat: folding, checking criteria, diagnosing, usual ranges, triage, findings, partitions, removing.

They carry no work of their own: what there is to do is in tables, so a lost task loses nothing.
"""

from celery import shared_task
from django.utils import timezone

from monitoring.services import baselines, diagnosis, findings, triage_watch
from monitoring.store import criteria_check, partitions, retention, rollups


@shared_task(time_limit=120, soft_time_limit=110)
def fold_rollups() -> None:
    """Computes what is marked; every second."""
    rollups.fold(timezone.now())


@shared_task(time_limit=120, soft_time_limit=110)
def check_criteria() -> None:
    """Checks executions whose success criteria changed; every two seconds, a little at a time."""
    criteria_check.check_due(timezone.now(), seconds=1.5)


@shared_task(time_limit=300, soft_time_limit=280)
def build_baselines() -> None:
    """Builds usual ranges that are due, for about twenty seconds; every minute."""
    baselines.build_due(timezone.now())


@shared_task(time_limit=300, soft_time_limit=280)
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


@shared_task
def drop_expired() -> None:
    """Removes executions, records and minute rollups that are kept no longer, once they are in the figures."""
    now = timezone.now()
    rollups.fold_all(now)
    retention.drop_expired(now)
