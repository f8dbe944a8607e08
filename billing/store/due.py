"""The queue of hours whose cost lines are made again: filled by the fold of records and by price changes."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from billing.analysis.lines import WorkflowHour

# A running hour changes with each fold; its lines are made again at most this often.
DELAY = timedelta(seconds=30)
# A worker that has not ended after this long is taken for dead. One that lives holds the team's lock meanwhile, so
# nothing is made by two at once however long it takes.
LEASE = timedelta(seconds=30)
# What cannot be made is tried again after this.
PUT_OFF = timedelta(minutes=10)
# Takes everything that is marked, whenever it is due.
ALWAYS = datetime.max.replace(tzinfo=UTC)

# What is marked while it is being made is due once more, after the usual delay.
_AGAIN = """ON CONFLICT (team_id, workflow_id, environment_id, hour) DO UPDATE SET
    is_lines_only = old.is_lines_only AND EXCLUDED.is_lines_only, leased_until = NULL,
    due_at = CASE WHEN old.leased_until IS NULL THEN LEAST(old.due_at, EXCLUDED.due_at) ELSE EXCLUDED.due_at END
WHERE old.due_at > EXCLUDED.due_at OR old.leased_until IS NOT NULL
    OR (old.is_lines_only AND NOT EXCLUDED.is_lines_only)"""
_MARK = f"""
INSERT INTO cost_due AS old (team_id, workflow_id, environment_id, hour, due_at, is_lines_only)
SELECT %s, h.workflow_id, h.environment_id, h.hour, %s, %s
FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[]) AS h(workflow_id, environment_id, hour)
ORDER BY 2, 3, 4
{_AGAIN}
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


_BETWEEN = f"""
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
{_AGAIN}
"""
_FREE = "due_at <= %(before)s AND (leased_until IS NULL OR leased_until <= %(now)s)"
_SAME = "d.workflow_id = c.workflow_id AND d.environment_id = c.environment_id AND d.hour = c.hour"
_CLAIM = f"""
UPDATE cost_due d SET leased_until = %(until)s FROM (
    SELECT workflow_id, environment_id, hour FROM cost_due WHERE team_id = %(team)s AND {_FREE}
    ORDER BY due_at, hour DESC, workflow_id, environment_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) c WHERE d.team_id = %(team)s AND {_SAME}
RETURNING d.workflow_id, d.environment_id, d.hour, d.is_lines_only
"""
# A row that somebody holds is being marked again, and stays.
_DONE = f"""
DELETE FROM cost_due d USING (
    SELECT q.workflow_id, q.environment_id, q.hour FROM cost_due q
    JOIN unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(hours)s::timestamptz[])
        AS h(workflow_id, environment_id, hour) USING (workflow_id, environment_id, hour)
    WHERE q.team_id = %(team)s AND q.leased_until = %(until)s FOR UPDATE OF q SKIP LOCKED
) c WHERE d.team_id = %(team)s AND {_SAME}
"""
_PUT_OFF = """
UPDATE cost_due SET leased_until = %(later)s
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s AND hour = %(hour)s
    AND leased_until = %(until)s
"""
_TEAMS = f"""
SELECT t.id FROM accounts_team t CROSS JOIN LATERAL (
    SELECT due_at FROM cost_due WHERE team_id = t.id AND {_FREE} ORDER BY due_at LIMIT 1
) d ORDER BY d.due_at, t.id
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


def due_teams(before: datetime, now: datetime) -> list[UUID]:
    """Teams with hours that are due and that nobody is at, the one that waits longest first."""
    with connection.cursor() as cursor:
        cursor.execute(_TEAMS, {"before": before, "now": now})
        return [row[0] for row in cursor.fetchall()]


def marked_teams() -> list[UUID]:
    """Teams with hours that are marked, also those that somebody is at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT team_id FROM cost_due ORDER BY team_id")
        return [row[0] for row in cursor.fetchall()]


def claim(team_id: UUID, before: datetime, now: datetime, limit: int) -> list[Due]:
    """Leases hours, those that wait longest first. Where it is not said that they are done, they are due again."""
    values: dict[str, Any] = {"team": team_id, "before": before, "now": now, "until": now + LEASE, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        return sorted(Due(WorkflowHour(*row[:3]), row[3]) for row in cursor.fetchall())


def done(team_id: UUID, claimed: Sequence[Due], now: datetime) -> None:
    """Takes hours that were leased at `now` off the queue, last in the transaction that made them.

    The row is held only until its commit, so that the fold of records never waits for lines. What was marked meanwhile
    stays.
    """
    workflows, environments, hours = (list(column) for column in zip(*(one.hour for one in claimed), strict=True))
    values: dict[str, Any] = {"team": team_id, "until": now + LEASE}
    values |= {"workflows": workflows, "environments": environments, "hours": hours}
    with connection.cursor() as cursor:
        cursor.execute(_DONE, values)


def put_off(team_id: UUID, one: Due, now: datetime) -> None:
    """Leaves an hour that was leased at `now` and cannot be made alone for a while, unless it was marked meanwhile."""
    workflow, environment, hour = one.hour
    values: dict[str, Any] = {"team": team_id, "workflow": workflow, "environment": environment, "hour": hour}
    with connection.cursor() as cursor:
        cursor.execute(_PUT_OFF, {**values, "until": now + LEASE, "later": now + PUT_OFF})


def due_hours(team_id: UUID) -> int:
    """How many hours of a team are marked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cost_due WHERE team_id = %s", [team_id])
        return int(cursor.fetchone()[0])
