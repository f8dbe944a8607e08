"""The log of what retention deleted: one row for each limit of a team that had something to do."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.utils import timezone

from accounts.tenancy import team_context
from monitoring.models.retention_run import RetentionKind, RetentionRun


@dataclass
class RunLog:
    """What one pass deleted of a team, by limit."""

    team_id: UUID
    began_at: datetime

    def __post_init__(self) -> None:
        self._rows: dict[RetentionKind, RetentionRun] = {}

    def add(
        self,
        kind: RetentionKind,
        limit_days: int,
        day: date,
        *,
        executions: int = 0,
        rows: int = 0,
        freed: int = 0,
        reusable: int = 0,
        archived_to: str = "",
    ) -> None:
        """Notes what went of one day."""
        found = self._rows.get(kind)
        if found is None:
            found = self._rows[kind] = RetentionRun(
                team_id=self.team_id, kind=kind, limit_days=limit_days, first_day=day, last_day=day
            )
        found.first_day, found.last_day = min(found.first_day, day), max(found.last_day, day)
        found.execution_count += executions
        found.row_count += rows
        found.freed_bytes += freed
        found.reusable_bytes += reusable
        found.archived_to = archived_to or found.archived_to

    def save(self) -> None:
        """Writes what was noted; nothing where nothing went."""
        if not self._rows:
            return
        with team_context(self.team_id):
            for row in self._rows.values():
                row.began_at, row.ended_at = self.began_at, max(timezone.now(), self.began_at)
                row.save(force_insert=True)
        self._rows.clear()
