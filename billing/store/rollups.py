"""Cost rollups: sums of lines by the day and month they count on, so that making them twice is making them once.

They are made anew for parts: a workflow in an environment on a day, and the month above it. So a busy hour of one
workflow costs no more in a team with a thousand others.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.cluster import by_insert
from billing.models import CostDimension, CostGrain
from billing.store.summaries import add_summaries

_KEY = ("workflow_id", "environment_id", "provider_id", "model_id", "kind", "entry", "outcome", "value_id")
_COUNTS = ("calls", "unpriced_tokens")
_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
_MONEY = ("quantity", "cost_usd", "told_usd", "priced_usd", "list_usd", "difference_usd")
# Of money, NULL counts for nothing and never makes a sum: a sum is NULL where nothing in it is known.
_SUMS = (*(f"sum({c})::bigint AS {c}" for c in (*_COUNTS, *_TOKENS)), *(f"sum({c}) AS {c}" for c in _MONEY))
_FIGURES = ("lines", *_COUNTS, *_TOKENS, *_MONEY)
_VALUES = f"""(VALUES
    ({CostDimension.NONE.value}::smallint, 0::bigint), ({CostDimension.RELEASE.value}::smallint, l.release_id),
    ({CostDimension.NODE.value}::smallint, l.node_id), ({CostDimension.SYSTEM.value}::smallint, l.system_id)
) AS v(dimension, value_id)"""
_OF_LINES = f"""
SELECT l.*, v.dimension, v.value_id FROM chosen l CROSS JOIN LATERAL {_VALUES}
WHERE v.dimension < {CostDimension.SYSTEM.value} OR v.value_id <> 0
UNION ALL
SELECT l.*, {CostDimension.TAG.value}::smallint, v.value_id FROM chosen l
JOIN tag_set t ON t.team_id = %(team)s AND t.id = l.tag_set_id CROSS JOIN LATERAL unnest(t.value_ids) AS v(value_id)
"""
_PARTS = """part AS (
    SELECT * FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(buckets)s::date[])
        AS p(workflow_id, environment_id, bucket)
)"""
# What is added up from lines, and with it the summary of each workflow; that of models is over all of them.
_OWN = [one for one in CostDimension if one <= CostDimension.SYSTEM]
_DIMENSIONS = "ARRAY[" + ",".join(str(one.value) for one in _OWN) + "]::smallint[]"
_CLEARED = "ARRAY[" + ",".join(str(one.value) for one in (*_OWN, CostDimension.WORKFLOWS)) + "]::smallint[]"
# All columns of the key up to the environment, so that each part is one short range of the index.
_OF_PART = f"""team_id = %(team)s AND dimension = ANY({_DIMENSIONS}) AND workflow_id = p.workflow_id
    AND environment_id = p.environment_id"""
# One part at a time: joined with parts, the planner may walk through all rows of the team instead.
_CLEAR = f"""DELETE FROM cost_rollup WHERE team_id = %s AND grain = %s AND dimension = ANY({_CLEARED})
    AND workflow_id = %s AND environment_id = %s AND bucket = %s"""
_INSERT = f"""
INSERT INTO cost_rollup (team_id, grain, bucket, dimension, {", ".join(_KEY)}, {", ".join(_FIGURES)}, folded_at)
SELECT %(team)s, %(grain)s, bucket, dimension, {", ".join(_KEY)}, {{lines}}, {", ".join(_SUMS)}, %(now)s
"""
_BY = f"GROUP BY bucket, dimension, {', '.join(_KEY)}"
# OFFSET 0 keeps the planner at one range of the index for each part.
_DAYS = f"""
WITH {_PARTS}, chosen AS MATERIALIZED (
    SELECT l.*, p.bucket, l.told_usd - l.priced_usd AS difference_usd FROM part p CROSS JOIN LATERAL (
        SELECT * FROM cost_line WHERE team_id = %(team)s AND workflow_id = p.workflow_id
            AND environment_id = p.environment_id AND booked_on = p.bucket OFFSET 0
    ) l
), item AS ({_OF_LINES})
{_INSERT.format(lines="count(*)")} FROM item {_BY}
"""
_MONTHS = f"""
WITH {_PARTS}, item AS MATERIALIZED (
    SELECT p.bucket, {", ".join(f"r.{c}" for c in ("dimension", *_KEY, *_FIGURES))}
    FROM part p CROSS JOIN generate_series(0, 30) AS d(days) CROSS JOIN LATERAL (
        SELECT * FROM cost_rollup WHERE {_OF_PART} AND grain = {CostGrain.DAY.value}
            AND bucket = p.bucket + d.days OFFSET 0
    ) r WHERE p.bucket + d.days < p.bucket + interval '1 month'
)
{_INSERT.format(lines="sum(lines)::bigint")} FROM item {_BY}
"""
_ON_DAYS = """
SELECT DISTINCT workflow_id, environment_id, booked_on FROM cost_line
WHERE team_id = %(team)s AND booked_on = ANY(%(days)s::date[])
UNION SELECT workflow_id, environment_id, bucket FROM cost_rollup
WHERE team_id = %(team)s AND grain = 3 AND dimension = 0 AND bucket = ANY(%(days)s::date[])
"""

# A workflow, an environment, a day.
Part = tuple[UUID, int, date]


def fold_days(team_id: UUID, days: Iterable[date], now: datetime) -> None:
    """Makes the rollups of these days, and of the months above them, from the lines that count on them.

    Inside the team's context; the caller keeps other folders of the team away.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ON_DAYS, {"team": team_id, "days": sorted(set(days))})
        parts = cursor.fetchall()
    fold_parts(team_id, parts, now)


def fold_parts(team_id: UUID, parts: Iterable[Part], now: datetime) -> None:
    """As `fold_days`, for some workflows and environments of days alone."""
    days = sorted(set(parts))
    months = sorted({(workflow, environment, day.replace(day=1)) for workflow, environment, day in days})
    if not days:
        return
    with connection.cursor() as cursor:
        for grain, statement, wanted in ((CostGrain.DAY, _DAYS, days), (CostGrain.MONTH, _MONTHS, months)):
            workflows, environments, buckets = (list(column) for column in zip(*wanted, strict=True))
            values: dict[str, Any] = {"team": team_id, "grain": grain.value, "now": now}
            values |= {"workflows": workflows, "environments": environments, "buckets": buckets}
            cursor.executemany(_CLEAR, [(team_id, grain.value, *part) for part in wanted])
            cursor.execute(statement + by_insert(), values)
            add_summaries(cursor, values)
