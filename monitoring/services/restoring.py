"""Brings archived executions back for some days, as held ones."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from accounts.services.retention import policy_of
from accounts.tenancy import team_context
from monitoring.models import LegalHold, RetentionKind
from monitoring.store.archive import ArchiveFailed, put_back, read_days, store_of
from monitoring.store.run_log import RunLog

MAX_DAYS = 90


def restore(
    team_id: UUID, class_: int, day: date, *, days: int, by: str, now: datetime, only: Sequence[UUID] | None = None
) -> int:
    """Restores a day, or `only` some executions of it, for so many days; how many came back. Raises `ArchiveFailed`.

    What is here already stays as it is. Figures do not change: the day is sealed. The log of retention says what came
    back, or why nothing did.
    """
    if not 1 <= days <= MAX_DAYS:
        raise ArchiveFailed(f"what is restored is kept for 1 to {MAX_DAYS} days")
    log = RunLog(team_id, now)
    try:
        count = _restore(team_id, class_, day, days=days, by=by, now=now, only=only)
    except ArchiveFailed as failed:
        log.fail(RetentionKind.RESTORED, days, day, f"Not restored: {failed}")
        log.save()
        raise
    if count:
        log.add(RetentionKind.RESTORED, days, day, executions=count)
    else:
        nothing = "Nothing came back: the archive has nothing of this day, or all of it is here"
        log.fail(RetentionKind.RESTORED, days, day, nothing)
    log.save()
    return count


def _restore(
    team_id: UUID, class_: int, day: date, *, days: int, by: str, now: datetime, only: Sequence[UUID] | None
) -> int:
    """Puts back what the archive has, with its holds, in one transaction."""
    store = store_of(policy_of(team_id))
    if store is None:
        raise ArchiveFailed("this team has no archive")
    with team_context(team_id):
        found = put_back(team_id, read_days(store, team_id, class_, day), only)
        LegalHold.objects.bulk_create(
            LegalHold(
                team_id=team_id,
                execution_id=id,
                reason=f"Restored from the archive of {day}",
                former_class=class_,
                held_at=now,
                held_by=by[:254],
                until=now + timedelta(days=days),
            )
            for id in found
        )
    return len(found)
