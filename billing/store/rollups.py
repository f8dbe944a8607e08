"""Cost rollups: sums of lines by the day and month they count on, made anew for whole days, so twice is once."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

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
_INSERT = f"""
INSERT INTO cost_rollup (team_id, grain, bucket, dimension, {", ".join(_KEY)}, {", ".join(_FIGURES)}, folded_at)
SELECT %(team)s, %(grain)s, bucket, dimension, {", ".join(_KEY)}, %(lines)s, {", ".join(_SUMS)}, %(now)s
"""
_CLEAR = "DELETE FROM cost_rollup WHERE team_id = %(team)s AND grain = %(grain)s AND bucket = ANY(%(buckets)s::date[])"
_DAYS = f"""
WITH chosen AS (
    SELECT *, booked_on AS bucket, told_usd - priced_usd AS difference_usd
    FROM cost_line WHERE team_id = %(team)s AND booked_on = ANY(%(buckets)s::date[])
), item AS ({_OF_LINES})
{_INSERT.replace("%(lines)s", "count(*)")} FROM item GROUP BY bucket, dimension, {", ".join(_KEY)}
"""
_MONTHS = f"""
{_INSERT.replace("%(lines)s", "sum(lines)::bigint")} FROM (
    SELECT r.*, b.start AS month FROM unnest(%(buckets)s::date[]) AS b(start) JOIN cost_rollup r
        ON r.team_id = %(team)s AND r.grain = {CostGrain.DAY.value}
        AND r.bucket >= b.start AND r.bucket < b.start + interval '1 month'
        AND r.dimension <= {CostDimension.SYSTEM.value}
) AS finer GROUP BY month, dimension, {", ".join(_KEY)}
""".replace("%(grain)s, bucket,", "%(grain)s, month,")


def fold_days(team_id: UUID, days: Iterable[date], now: datetime) -> None:
    """Makes the rollups of these days, and of the months above them, from the lines that count on them.

    Inside the team's context; the caller keeps other folders of the team away.
    """
    wanted = sorted(set(days))
    if not wanted:
        return
    months = sorted({day.replace(day=1) for day in wanted})
    with connection.cursor() as cursor:
        for grain, statement, buckets in ((CostGrain.DAY, _DAYS, wanted), (CostGrain.MONTH, _MONTHS, months)):
            values: dict[str, Any] = {"team": team_id, "grain": grain.value, "buckets": buckets, "now": now}
            cursor.execute(_CLEAR, values)
            cursor.execute(statement, values)
            add_summaries(cursor, values)
