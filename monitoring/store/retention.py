"""What is too old goes: executions, whole partitions of their records, and minute rollups.

Imported history stays until somebody confirms its deletion, and with it the partitions of its days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.models.execution import RetentionClass
from monitoring.store.partitions import forget_partitions
from monitoring.store.rollups import purge_minutes
from monitoring.store.seals import seal

BATCH = 5000
REFERENCE_KEPT = timedelta(days=90)
QUEUE_KEPT = timedelta(days=1)
RECORDS = ("step", "payload", "log_line", "facet")


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days records are kept after their anchor day."""

    production_days: int = 90
    debug_days: int = 30

    def first_day(self, class_: RetentionClass, now: datetime) -> date:
        """The oldest day that is kept."""
        days = self.debug_days if class_ == RetentionClass.DEBUG else self.production_days
        return now.date() - timedelta(days=days)


@dataclass(slots=True)
class Dropped:
    """How much was removed: executions, tables, rollup rows."""

    executions: int = 0
    tables: int = 0
    minutes: int = 0


def drop_expired(now: datetime, retention: Retention | None = None, *, batch: int = BATCH) -> Dropped:
    """Removes what is too old, in every team, in short transactions. Running it twice removes nothing more."""
    retention = retention or Retention()
    dropped = Dropped()
    teams = list(Team.objects.order_by("id").values_list("id", flat=True))
    for class_ in RetentionClass:
        before = retention.first_day(class_, now)
        kept = sorted({day for team_id in teams for day in _imported_days(team_id, class_, before)})
        for team_id in teams:
            dropped.executions += _drop_executions(team_id, class_, before, kept, batch, now)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT steadyrun_drop_partitions(%s, %s::smallint, %s::date[])", [before, class_, kept])
            dropped.tables += cursor.fetchone()[0]
    if dropped.tables:
        forget_partitions()
    for team_id in teams:
        _drop_analysis(team_id, now)
    dropped.minutes = sum(purge_minutes(team_id, now) for team_id in teams)
    return dropped


def _drop_analysis(team_id: UUID, now: datetime) -> None:
    """Removes references that were not made again for long, and queued executions that nobody got to diagnose."""
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM healthy_reference WHERE team_id = %s AND built_at < %s", [team_id, now - REFERENCE_KEPT]
        )
        cursor.execute("DELETE FROM due_diagnosis WHERE team_id = %s AND added_at < %s", [team_id, now - QUEUE_KEPT])


def _imported_days(team_id: UUID, class_: RetentionClass, before: date) -> list[date]:
    """The days before `before` on which the team has imported executions."""
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT anchor_day FROM execution "
            "WHERE team_id = %s AND is_imported AND anchor_day < %s AND retention_class = %s",
            [team_id, before, class_],
        )
        return [day for (day,) in cursor.fetchall()]


def _drop_executions(
    team_id: UUID, class_: RetentionClass, before: date, kept: Sequence[date], batch: int, now: datetime
) -> int:
    """Removes the team's expired executions, with their records where partitions stay, and seals the days; how many."""
    total = 0
    while True:
        with team_context(team_id), connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM execution WHERE team_id = %s AND id IN (SELECT id FROM execution "
                "WHERE team_id = %s AND anchor_day < %s AND retention_class = %s AND NOT is_imported LIMIT %s) "
                "RETURNING id, anchor_day",
                [team_id, team_id, before, class_, batch],
            )
            gone = cursor.fetchall()
            for table in ("diagnosis", "examination"):
                cursor.execute(
                    f"DELETE FROM {table} WHERE team_id = %s AND id = ANY(%s)", [team_id, [id for id, _ in gone]]
                )
            seal(team_id, class_, (day for _, day in gone), now)
            for day in sorted({day for _, day in gone}.intersection(kept)):
                ids = [execution for execution, anchor in gone if anchor == day]
                for table in RECORDS:
                    cursor.execute(
                        f"DELETE FROM {table} WHERE team_id = %s AND execution_id = ANY(%s) "
                        "AND retention_class = %s AND anchor_day = %s",
                        [team_id, ids, class_, day],
                    )
        total += len(gone)
        if len(gone) < batch:
            return total
