"""The queue of hours whose cost lines are made again: filled by the fold of records and by price changes."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from billing.analysis.lines import WorkflowHour

# A running hour changes with each fold; its lines are made again at most this often.
DELAY = timedelta(seconds=30)
# Takes everything that is marked, whenever it is due.
ALWAYS = datetime.max.replace(tzinfo=UTC)

_MARK = """
INSERT INTO cost_due AS old (team_id, workflow_id, environment_id, hour, due_at, is_lines_only)
SELECT %s, h.workflow_id, h.environment_id, h.hour, %s, %s
FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[]) AS h(workflow_id, environment_id, hour)
ORDER BY 2, 3, 4
ON CONFLICT (team_id, workflow_id, environment_id, hour) DO UPDATE
SET is_lines_only = old.is_lines_only AND EXCLUDED.is_lines_only, due_at = LEAST(old.due_at, EXCLUDED.due_at)
WHERE old.due_at > EXCLUDED.due_at OR (old.is_lines_only AND NOT EXCLUDED.is_lines_only)
"""


def mark(
    team_id: UUID, hours: Sequence[tuple[UUID, int, datetime]], now: datetime, *, is_lines_only: bool = False
) -> None:
    """Says that hours (workflow, environment, start) changed: their lines are due after `DELAY`.

    Inside the transaction that changed them. `is_lines_only`: prices changed, not records.
    """
    if not hours:
        return
    workflows, environments, starts = (list(column) for column in zip(*sorted(set(hours)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [team_id, now + DELAY, is_lines_only, workflows, environments, starts])


class Due(NamedTuple):
    """An hour that was claimed; `is_lines_only`: its records are not read again."""

    hour: WorkflowHour
    is_lines_only: bool


_BETWEEN = """
INSERT INTO cost_due AS old (team_id, workflow_id, environment_id, hour, due_at, is_lines_only)
SELECT %(team)s, workflow_id, environment_id, hour, %(due)s, %(lines_only)s FROM (
    SELECT workflow_id, environment_id, hour FROM cost_line
    WHERE team_id = %(team)s AND booked_on >= %(start)s AND booked_on < COALESCE(%(end)s, 'infinity'::date)
        AND entry IN (0, 1, 2)
    UNION SELECT workflow_id, environment_id, bucket FROM rollup
    WHERE team_id = %(team)s AND grain = 2 AND dimension = 0
        AND bucket >= %(start)s::timestamp AT TIME ZONE 'UTC'
        AND bucket < COALESCE(%(end)s::timestamp, 'infinity') AT TIME ZONE 'UTC'
) AS h WHERE date_trunc('month', hour, 'UTC') AT TIME ZONE 'UTC' <> ALL(%(without)s::date[]) ORDER BY 2, 3, 4
ON CONFLICT (team_id, workflow_id, environment_id, hour) DO UPDATE
SET is_lines_only = old.is_lines_only AND EXCLUDED.is_lines_only, due_at = LEAST(old.due_at, EXCLUDED.due_at)
WHERE old.due_at > EXCLUDED.due_at OR (old.is_lines_only AND NOT EXCLUDED.is_lines_only)
"""
_CLAIM = """
DELETE FROM cost_due d USING (
    SELECT workflow_id, environment_id, hour FROM cost_due WHERE team_id = %(team)s AND due_at <= %(before)s
    ORDER BY due_at, hour DESC, workflow_id, environment_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) c WHERE d.team_id = %(team)s AND d.workflow_id = c.workflow_id AND d.environment_id = c.environment_id
    AND d.hour = c.hour
RETURNING d.workflow_id, d.environment_id, d.hour, d.is_lines_only
"""
_TEAMS = "SELECT team_id FROM cost_due WHERE due_at <= %s GROUP BY team_id ORDER BY min(due_at), team_id"
_PUT_OFF = """
UPDATE cost_due SET due_at = %s
WHERE team_id = %s AND workflow_id = %s AND environment_id = %s AND hour = %s AND due_at <= %s
"""


def mark_between(
    team_id: UUID,
    start: date,
    end: date | None,
    now: datetime,
    *,
    is_lines_only: bool = False,
    without: Collection[date] = (),
) -> int:
    """Marks all hours from day to before day (None: all later ones) that have records or lines: due now; how many.

    Inside the team's context: for changes that concern everything, such as the tags that lines are split by. Hours of
    the months `without` (their first days) are left out.
    """
    values: dict[str, Any] = {"team": team_id, "start": start, "end": end, "due": now, "lines_only": is_lines_only}
    values |= {"without": sorted(without)}
    with connection.cursor() as cursor:
        cursor.execute(_BETWEEN, values)
        return int(cursor.rowcount)


def due_teams(before: datetime) -> list[UUID]:
    """Teams with hours that are due, the one that waits longest first."""
    with connection.cursor() as cursor:
        cursor.execute(_TEAMS, [before])
        return [row[0] for row in cursor.fetchall()]


def claim(team_id: UUID, before: datetime, limit: int) -> list[Due]:
    """Takes hours off the queue, those that wait longest first; they come back if the transaction fails."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"team": team_id, "before": before, "limit": limit})
        return sorted(Due(WorkflowHour(*row[:3]), row[3]) for row in cursor.fetchall())


def next_hour(team_id: UUID, before: datetime) -> WorkflowHour | None:
    """The hour that `claim` takes first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT workflow_id, environment_id, hour FROM cost_due WHERE team_id = %s AND due_at <= %s "
            "ORDER BY due_at, hour DESC, workflow_id, environment_id LIMIT 1",
            [team_id, before],
        )
        row = cursor.fetchone()
    return WorkflowHour(*row) if row else None


def put_off(team_id: UUID, hour: WorkflowHour, before: datetime, until: datetime) -> None:
    """Leaves an hour that went wrong for later, so that it does not keep the others waiting."""
    with connection.cursor() as cursor:
        cursor.execute(_PUT_OFF, [until, team_id, *hour, before])


def due_hours(team_id: UUID) -> int:
    """How many hours of a team are marked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cost_due WHERE team_id = %s", [team_id])
        return int(cursor.fetchone()[0])
