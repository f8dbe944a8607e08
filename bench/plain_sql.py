"""What the same answers cost at the least: hand-written SQL over the same tables, without the product around it.

Each reads what its page shows first, not all of it: names, comparisons, leads and the page itself are not there. It
runs over a connection of its own that row-level security does not bind, with statements prepared once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

Work = Callable[[], Any]

_FAILED = "team_id = %(team)s AND status IN (7, 8) AND counted_at >= %(start)s AND counted_at < %(end)s"
_SUMS = """sum(runs), sum(succeeded), sum(failed), sum(timed_out), sum(retries), sum(duration_count),
    sum(duration_sum_ms), sum(input_tokens), sum(output_tokens), sum(cost_usd)"""
_ROLLUPS = "FROM rollup WHERE team_id = %(team)s AND bucket >= %(start)s AND bucket < %(end)s"
_OF_ONE = "team_id = %(team)s AND execution_id = %(execution)s AND anchor_day = %(day)s AND retention_class = 0"
PAGES: dict[str, tuple[str, ...]] = {
    "trends_30d": (
        f"""SELECT bucket, {_SUMS}, array_agg(histogram_bins), array_agg(histogram_counts) {_ROLLUPS}
            AND grain = 3 AND dimension = 0 AND workflow_id = %(workflow)s GROUP BY bucket ORDER BY bucket""",
        f"""SELECT dimension, value_id, {_SUMS} {_ROLLUPS} AND grain = 3 AND workflow_id = %(workflow)s
            GROUP BY dimension, value_id ORDER BY dimension, value_id""",
    ),
    "failures_30d": (
        f"""SELECT failure_group_id, count(*), max(counted_at) FROM execution WHERE {_FAILED}
            AND workflow_id = %(workflow)s GROUP BY failure_group_id ORDER BY 2 DESC, 1 LIMIT 50""",
    ),
    "workflows_30d": (f"SELECT workflow_id, {_SUMS} {_ROLLUPS} AND grain = 3 AND dimension = 0 GROUP BY 1 ORDER BY 1",),
    "executive_30d": (f"SELECT bucket, {_SUMS} {_ROLLUPS} AND grain = 3 AND dimension = 0 GROUP BY 1 ORDER BY 1",),
    "failed_list": (
        f"""SELECT id, external_id, workflow_id, status, counted_at, duration_ms, failed_node_id, error_id, cost_usd
            FROM execution WHERE {_FAILED} ORDER BY counted_at DESC, id DESC LIMIT 50""",
        f"SELECT count(*) FROM execution WHERE {_FAILED}",
    ),
    "execution_detail": (
        "SELECT * FROM execution WHERE team_id = %(team)s AND id = %(execution)s",
        f"SELECT * FROM step WHERE {_OF_ONE} ORDER BY position",
        f"SELECT body FROM payload WHERE {_OF_ONE}",
    ),
    "cost": (
        """SELECT bucket, sum(cost_usd), sum(calls), sum(input_tokens), sum(output_tokens) FROM cost_rollup
            WHERE team_id = %(team)s AND grain = 3 AND dimension = 0
            AND bucket >= date_trunc('month', %(end)s::timestamptz)
            GROUP BY 1 ORDER BY 1""",
    ),
}
ALERTS = f"SELECT workflow_id, {_SUMS} {_ROLLUPS} AND grain = 1 AND dimension = 0 GROUP BY workflow_id"
EXPORT = "COPY (SELECT * FROM cost_line WHERE team_id = '{team}') TO STDOUT (FORMAT csv)"

_RUN_VALUES = "(0, 0), (1, e.release_id), (2, e.trigger_id), (3, e.error_id), (4, e.input_type_id)"
_STEP_VALUES = "(20, s.node_id), (21, s.provider_id), (22, s.model_id), (23, s.tool_id), (24, s.system_id)"
_COUNTED = """count(*), count(*) FILTER (WHERE {0}.status = 6), count(*) FILTER (WHERE {0}.status IN (7, 8)),
    sum({0}.duration_ms), percentile_disc(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY {0}.duration_ms),
    sum({0}.input_tokens), sum({0}.output_tokens), sum({0}.cost_usd)"""
_CHOSEN = "e.team_id = %(team)s AND e.counted_at >= %(start)s AND e.counted_at < %(end)s"
# The hours of every workflow, by all that figures are split by: a count, sums and percentiles.
FOLD = f"""INSERT INTO folded_by_hand
SELECT e.workflow_id, e.environment_id, date_trunc('hour', e.counted_at), v.dimension, v.value, {_COUNTED.format("e")}
FROM execution e CROSS JOIN LATERAL (VALUES {_RUN_VALUES}) AS v(dimension, value)
WHERE {_CHOSEN} AND v.value IS NOT NULL GROUP BY 1, 2, 3, 4, 5
UNION ALL
SELECT e.workflow_id, e.environment_id, date_trunc('hour', e.counted_at), v.dimension, v.value, {_COUNTED.format("s")}
FROM execution e JOIN step s ON s.team_id = e.team_id AND s.execution_id = e.id AND s.anchor_day = e.anchor_day
    AND s.retention_class = e.retention_class AND s.anchor_day BETWEEN %(first_day)s AND %(last_day)s
CROSS JOIN LATERAL (VALUES {_STEP_VALUES}) AS v(dimension, value)
WHERE {_CHOSEN} AND v.value IS NOT NULL GROUP BY 1, 2, 3, 4, 5"""
_TABLE = """CREATE TEMPORARY TABLE folded_by_hand (workflow_id uuid, environment_id bigint, hour timestamptz,
    dimension int, value_id bigint, runs bigint, succeeded bigint, failed bigint, duration_ms double precision,
    percentiles double precision[], input_tokens numeric, output_tokens numeric, cost_usd numeric)"""


def connect(url: str) -> psycopg.Connection[Any]:
    """A connection for these statements, which prepares each at its first use."""
    connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True, prepare_threshold=0)
    connection.execute("SET work_mem = '64MB'")
    connection.execute(_TABLE)
    return connection


def reading(connection: psycopg.Connection[Any], statements: tuple[str, ...], values: dict[str, Any]) -> Work:
    """Reads all rows of the statements."""

    def work() -> None:
        for statement in statements:
            connection.execute(statement, values).fetchall()

    return work


def window(until: datetime, length: timedelta) -> dict[str, datetime]:
    """The time that statements are about."""
    return {"start": until - length, "end": until}


def fold(connection: psycopg.Connection[Any], team_id: UUID, start: datetime, end: datetime) -> None:
    """Folds the hours of a time into a table that is emptied again."""
    days = {"first_day": start.date() - timedelta(days=1), "last_day": end.date()}
    connection.execute(FOLD, {"team": team_id, "start": start, "end": end, **days})
    connection.execute("TRUNCATE folded_by_hand")


def export(connection: psycopg.Connection[Any], team_id: UUID) -> int:
    """Writes all cost lines of a team as CSV; how many bytes."""
    with connection.cursor().copy(EXPORT.format(team=team_id)) as out:
        return sum(len(bytes(part)) for part in out)
