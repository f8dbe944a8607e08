"""The log of what retention deleted: one row for each limit of a team that had something to do.

What happens each hour (deliveries, and what fails again and again) has one row a day.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
        found = self._row(kind, limit_days, day)
        found.first_day, found.last_day = min(found.first_day, day), max(found.last_day, day)
        found.execution_count += executions
        found.row_count += rows
        found.freed_bytes += freed
        found.reusable_bytes += reusable
        found.archived_to = archived_to or found.archived_to

    def fail(self, kind: RetentionKind, limit_days: int, day: date, reason: str) -> None:
        """Notes why something did not go, or did not come back."""
        self._row(kind, limit_days, day).failure = f"{reason[:499].rstrip('.')}."

    def _row(self, kind: RetentionKind, limit_days: int, day: date) -> RetentionRun:
        if kind not in self._rows:
            self._rows[kind] = RetentionRun(
                team_id=self.team_id, kind=kind, limit_days=limit_days, first_day=day, last_day=day
            )
        return self._rows[kind]

    def save(self) -> None:
        """Writes what was noted; nothing where nothing went."""
        if not self._rows:
            return
        with team_context(self.team_id):
            for row in self._rows.values():
                row.began_at, row.ended_at = self.began_at, max(timezone.now(), self.began_at)
                if not self._is_merged(row):
                    row.save(force_insert=True)
        self._rows.clear()

    def _is_merged(self, row: RetentionRun) -> bool:
        """Whether a row of this day takes up what happens each hour."""
        if row.kind != RetentionKind.DELIVERIES and not row.failure:
            return False
        midnight = row.began_at.replace(hour=0, minute=0, second=0, microsecond=0)
        alike = RetentionRun.objects.filter(team_id=self.team_id, kind=row.kind, limit_days=row.limit_days)
        # A restore that fails has a row for each day that was asked for.
        days = {"first_day": row.first_day} if row.kind == RetentionKind.RESTORED else {}
        known = alike.filter(failure=row.failure, began_at__gte=midnight, **days).order_by("began_at", "id").first()
        if known is None:
            return False
        known.first_day, known.last_day = min(known.first_day, row.first_day), max(known.last_day, row.last_day)
        known.row_count += row.row_count
        known.execution_count += row.execution_count
        known.ended_at = row.ended_at
        known.save()
        return True


def tell_deliveries(team_id: UUID, kept: timedelta, rows: int, now: datetime) -> None:
    """Notes deliveries that went because they were kept for their time: webhooks, notices, issue trackers."""
    if rows:
        log = RunLog(team_id, now)
        log.add(RetentionKind.DELIVERIES, kept.days, (now - kept).date(), rows=rows)
        log.save()
