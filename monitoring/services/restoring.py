"""Brings archived executions back for some days, as held ones."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from accounts.services.retention import policy_of
from accounts.tenancy import team_context
from monitoring.models import LegalHold
from monitoring.store.archive import ArchiveFailed, put_back, read_days, store_of

MAX_DAYS = 90


def restore(
    team_id: UUID, class_: int, day: date, *, days: int, by: str, now: datetime, only: Sequence[UUID] | None = None
) -> int:
    """Restores a day, or `only` some executions of it, for so many days; how many came back. Raises `ArchiveFailed`.

    What is here already stays as it is. Figures do not change: the day is sealed.
    """
    if not 1 <= days <= MAX_DAYS:
        raise ArchiveFailed(f"what is restored is kept for 1 to {MAX_DAYS} days")
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
