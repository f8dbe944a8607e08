"""Which partitions there are, and whose rows are in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from monitoring.models.execution import RetentionClass

_LETTERS = {RetentionClass.PRODUCTION: "p", RetentionClass.DEBUG: "d"}
# The planner's number of rows; -1 before the first ANALYZE.
_PARTITIONS = """
SELECT right(child.relname, 8), pg_total_relation_size(child.oid), greatest(child.reltuples, 0)::bigint
FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
WHERE i.inhparent = %s::regclass AND child.relname ~ %s ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Partition:
    """The partition of one table, class and day; `bytes` with its indexes, `rows` as the planner estimates."""

    table: str
    class_: int
    day: date
    bytes: int
    rows: int


def partitions(table: str, class_: int) -> list[Partition]:
    """All partitions of days, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS, [f"public.{table}", rf"^{table}_{_LETTERS[RetentionClass(class_)]}_\d{{8}}$"])
        return [
            Partition(table, class_, datetime.strptime(day, "%Y%m%d").date(), size, rows)  # noqa: DTZ007
            for day, size, rows in cursor.fetchall()
        ]


def owners_of(table: str, class_: int, days: Sequence[date]) -> dict[date, set[UUID]]:
    """The teams that have rows in the partitions of these days."""
    owners: dict[date, set[UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT on_day, team FROM steadyrun_teams_of_days(%s, %s::smallint, %s::date[])",
            [table, class_, list(days)],
        )
        for day, team_id in cursor.fetchall():
            owners.setdefault(day, set()).add(team_id)
    return owners


def imported_days(team_id: UUID, class_: int, before: date) -> set[date]:
    """The days before `before` on which the team has imported executions."""
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT anchor_day FROM execution "
            "WHERE team_id = %s AND is_imported AND anchor_day < %s AND retention_class = %s",
            [team_id, before, class_],
        )
        return {day for (day,) in cursor.fetchall()}
