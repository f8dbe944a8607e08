"""The statements of the fold: rollup rows computed from records, and coarse rows merged from finer ones.

Each takes buckets as three arrays (`workflows`, `environments`, `starts`), with `team`, `grain`, `length` (the
interval of one bucket) and `now`. It computes all rows of these buckets, removes those that have nothing any more,
and writes the others in place. Records are staged in two temporary tables, so that the planner knows their size.
"""

from monitoring.analysis.histogram import BIN_SQL
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Dimension
from monitoring.statuses import Status

STATUS_COLUMNS = tuple(status.word for status in Status)
TOKEN_COLUMNS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
COUNT_COLUMNS = ("runs", *STATUS_COLUMNS, "retries", "checked", "unmet", "duration_count")
USAGE_COLUMNS = (*TOKEN_COLUMNS, "unpriced_tokens", "api_calls", "storage_bytes")
# Of these the greatest counts, not the sum.
PEAK_COLUMNS = ("peak_memory_bytes", "memory_share", "storage_share")
KEY_COLUMNS = ("workflow_id", "environment_id", "bucket", "dimension", "value_id")
SUMS = (*COUNT_COLUMNS, "duration_sum_ms", *USAGE_COLUMNS, *PEAK_COLUMNS, "cost_usd")
FIGURES = (*SUMS, "histogram_bins", "histogram_counts")

_RUN_VALUES = {
    Dimension.RELEASE: "release_id",
    Dimension.TRIGGER: "trigger_id",
    Dimension.ERROR: "error_id",
    Dimension.INPUT_TYPE: "input_type_id",
}
_STEP_VALUES = {
    Dimension.NODE: "node_id",
    Dimension.PROVIDER: "provider_id",
    Dimension.MODEL: "model_id",
    Dimension.TOOL: "tool_id",
    Dimension.SYSTEM: "system_id",
}
_CALL_VALUES = [column for dimension, column in _STEP_VALUES.items() if dimension != Dimension.NODE]

KEY = ", ".join(KEY_COLUMNS)
_TOKENS = ", ".join(TOKEN_COLUMNS)
_DIMENSIONS = "ARRAY[" + ",".join(str(d.value) for d in Dimension) + "]::smallint[]"
_BUCKETS = """bucket AS (
    SELECT * FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(starts)s::timestamptz[])
        AS b(workflow_id, environment_id, bucket)
)"""

MAKE_STAGES = f"""
CREATE TEMPORARY TABLE IF NOT EXISTS fold_run (
    workflow_id uuid, environment_id bigint, bucket timestamptz, id uuid, retention_class smallint, anchor_day date,
    {", ".join(f"{c} bigint" for c in _RUN_VALUES.values())}, status smallint, retries bigint, bin smallint,
    duration_ms double precision, {", ".join(f"{c} bigint" for c in TOKEN_COLUMNS)}, unpriced_tokens bigint,
    api_calls bigint, storage_bytes bigint, peak_memory_bytes bigint, memory_share double precision,
    storage_share double precision, cost_usd numeric, is_unmet boolean
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS fold_visit (
    workflow_id uuid, environment_id bigint, bucket timestamptz, execution_id uuid, id bigint, parent_id bigint,
    {", ".join(f"{c} bigint" for c in _STEP_VALUES.values())}, status smallint, retries bigint, bin smallint,
    duration_ms double precision, {", ".join(f"{c} bigint" for c in TOKEN_COLUMNS)}, unpriced_tokens bigint,
    cost_usd numeric
) ON COMMIT DELETE ROWS;
TRUNCATE fold_run, fold_visit;
"""


def _share(used: str, limit: str) -> str:
    """What was used of a limit, as a share of 1; NULL where either was not told, or the limit is none."""
    return f"{used}::double precision / NULLIF({limit}, 0)"


def _runs(workflow: str, which: str) -> str:
    """Runs of the buckets. OFFSET 0 keeps the planner at one range of the index for each bucket."""
    return f"""
SELECT b.*, e.* FROM bucket b CROSS JOIN LATERAL (
    SELECT id, retention_class, anchor_day, {", ".join(_RUN_VALUES.values())}, status,
        retry_count + (attempt > 1)::int, {BIN_SQL.format(ms="duration_ms")}, duration_ms, {_TOKENS},
        unpriced_tokens, api_call_count, storage_bytes, peak_memory_bytes,
        {_share("peak_memory_bytes", "memory_limit_bytes")}, {_share("storage_bytes", "storage_limit_bytes")},
        cost_usd, is_unmet
    FROM execution WHERE team_id = %(team)s AND {workflow} AND environment_id = b.environment_id
        AND counted_at >= b.bucket AND counted_at < b.bucket + %(length)s OFFSET 0
) e WHERE b.workflow_id {which} '{NO_WORKFLOW}'"""


# Runs whose workflow nobody told. What only log lines mention is none yet.
_NOT_TOLD = "workflow_id IS NULL AND (status <> 0 OR step_count > 0)"
STAGE_RUNS = f"""
WITH {_BUCKETS}
INSERT INTO fold_run {_runs("workflow_id = b.workflow_id", "<>")} UNION ALL {_runs(_NOT_TOLD, "=")}
"""

# Only these partitions are read: planned by constants, because the parts of a partition key prune together.
DAYS = "SELECT retention_class, min(anchor_day), max(anchor_day) FROM fold_run GROUP BY 1 ORDER BY 1"
DAY_RANGE = "(s.retention_class = %s AND s.anchor_day BETWEEN %s AND %s)"

STAGE_VISITS = f"""
INSERT INTO fold_visit
SELECT r.workflow_id, r.environment_id, r.bucket, s.execution_id, s.id, s.parent_id,
    {", ".join(f"s.{c}" for c in _STEP_VALUES.values())}, COALESCE(s.status, 0), (s.attempt > 1)::int,
    {BIN_SQL.format(ms="s.duration_ms")}, s.duration_ms,
    {", ".join(f"CASE WHEN NOT s.is_covered THEN s.{c} END" for c in TOKEN_COLUMNS)},
    CASE WHEN s.is_covered OR num_nonnulls({", ".join(f"s.{c}" for c in TOKEN_COLUMNS)}) = 0 THEN NULL
        WHEN s.cost_usd IS NOT NULL THEN 0
        ELSE {" + ".join(f"COALESCE(s.{c}, 0)" for c in TOKEN_COLUMNS if c != "reasoning_tokens")} END,
    CASE WHEN NOT s.is_covered THEN s.cost_usd END
FROM fold_run r JOIN step s ON s.team_id = %s AND s.execution_id = r.id
    AND s.retention_class = r.retention_class AND s.anchor_day = r.anchor_day
WHERE {{days}}
"""

# A parent that carries the same value as a child of its (a chain around a call) is no visit of its own: status -1.
_COVERED = {column: f"s.{column} = ANY(c.{column})" for column in _CALL_VALUES} | {"node_id": "NULL"}
_ITEMS = f"""
children AS (
    SELECT execution_id, parent_id, {", ".join(f"array_agg(DISTINCT {c}) AS {c}" for c in _CALL_VALUES)}
    FROM fold_visit WHERE parent_id IS NOT NULL AND num_nonnulls({", ".join(_CALL_VALUES)}) > 0 GROUP BY 1, 2
),
item AS NOT MATERIALIZED (
    SELECT workflow_id, environment_id, bucket, v.dimension, v.value_id, status, retries, bin, duration_ms, {_TOKENS},
        unpriced_tokens, api_calls, storage_bytes, {", ".join(PEAK_COLUMNS)}, cost_usd, is_unmet
    FROM fold_run CROSS JOIN LATERAL (VALUES (0, 0), {", ".join(f"({d.value}, {c})" for d, c in _RUN_VALUES.items())})
        AS v(dimension, value_id)
    WHERE v.value_id IS NOT NULL
    UNION ALL
    SELECT workflow_id, environment_id, bucket, v.dimension, v.value_id, CASE WHEN v.covered THEN -1 ELSE status END,
        CASE WHEN v.covered THEN 0 ELSE retries END, CASE WHEN v.covered THEN NULL ELSE bin END, duration_ms, {_TOKENS},
        unpriced_tokens, NULL, NULL, {", ".join(["NULL"] * len(PEAK_COLUMNS))}, cost_usd, NULL
    FROM fold_visit s LEFT JOIN children c ON c.execution_id = s.execution_id AND c.parent_id = s.id
    CROSS JOIN LATERAL (VALUES {", ".join(f"({d.value}, s.{c}, {_COVERED[c]})" for d, c in _STEP_VALUES.items())})
        AS v(dimension, value_id, covered)
    WHERE v.value_id IS NOT NULL
)"""
_USAGE = ", ".join(f"sum({column})::bigint AS {column}" for column in USAGE_COLUMNS)
_PEAKS = ", ".join(f"max({column}) AS {column}" for column in PEAK_COLUMNS)
_SUMMED_ITEMS = f"""
    SELECT {KEY}, count(*) FILTER (WHERE status >= 0) AS runs,
        {", ".join(f"count(*) FILTER (WHERE status = {s.value}) AS {s.word}" for s in Status)},
        sum(retries)::bigint AS retries, count(is_unmet) AS checked, count(*) FILTER (WHERE is_unmet) AS unmet,
        count(bin) AS duration_count,
        COALESCE(sum(duration_ms) FILTER (WHERE bin IS NOT NULL), 0) AS duration_sum_ms,
        {_USAGE}, {_PEAKS}, sum(cost_usd) AS cost_usd
    FROM item GROUP BY {KEY}"""
SUM_FINER = f"""{", ".join(f"sum({column})::bigint AS {column}" for column in COUNT_COLUMNS)},
        sum(duration_sum_ms) AS duration_sum_ms, {_USAGE}, {_PEAKS}, sum(cost_usd) AS cost_usd"""


def _fresh(summed: str, counted: str) -> str:
    """The rows as they should be, from sums by key and counts by key and bin.

    Every key that is counted has sums. A full join can only be hashed or merged: a left one is planned as a loop in a
    loop while statistics do not know of the rows yet, and takes minutes for some ten thousand of them.
    """
    return f"""
summed AS ({summed}),
histogram AS (
    SELECT {KEY}, array_agg(bin ORDER BY bin) AS bins, array_agg(times ORDER BY bin) AS times
    FROM ({counted}) AS counted GROUP BY {KEY}
),
fresh AS (
    SELECT s.*, COALESCE(h.bins, '{{}}') AS histogram_bins, COALESCE(h.times, '{{}}') AS histogram_counts
    FROM summed s FULL JOIN histogram h USING ({KEY})
)"""


# Rows that did not change are left alone: most values of a busy hour.
_WRITE = f"""
stale AS (
    SELECT r.* FROM bucket b CROSS JOIN LATERAL (
        SELECT {KEY} FROM rollup WHERE team_id = %(team)s AND grain = %(grain)s AND workflow_id = b.workflow_id
            AND environment_id = b.environment_id AND dimension = ANY({_DIMENSIONS}) AND bucket = b.bucket OFFSET 0
    ) r
    EXCEPT SELECT {KEY} FROM fresh
),
gone AS (
    DELETE FROM rollup r USING stale s WHERE r.team_id = %(team)s AND r.grain = %(grain)s
        AND {" AND ".join(f"r.{c} = s.{c}" for c in KEY_COLUMNS)}
)
INSERT INTO rollup AS old (team_id, grain, folded_at, {KEY}, {", ".join(FIGURES)})
SELECT %(team)s, %(grain)s, %(now)s, {KEY}, {", ".join(FIGURES)} FROM fresh
ON CONFLICT (team_id, workflow_id, environment_id, dimension, bucket, value_id, grain) DO UPDATE SET
    folded_at = EXCLUDED.folded_at, {", ".join(f"{c} = EXCLUDED.{c}" for c in FIGURES)}
WHERE ({", ".join(f"old.{c}" for c in FIGURES)}) IS DISTINCT FROM ({", ".join(f"EXCLUDED.{c}" for c in FIGURES)})
"""

FROM_RECORDS = f"""
WITH {_BUCKETS}, {_ITEMS},
{_fresh(_SUMMED_ITEMS, f"SELECT {KEY}, bin, count(*) AS times FROM item WHERE bin IS NOT NULL GROUP BY {KEY}, bin")},
{_WRITE}"""

FROM_FINER = f"""
WITH {_BUCKETS},
finer AS MATERIALIZED (
    SELECT b.*, r.* FROM bucket b CROSS JOIN LATERAL (
        SELECT dimension, value_id, {", ".join(FIGURES)} FROM rollup
        WHERE team_id = %(team)s AND grain = %(finer)s AND workflow_id = b.workflow_id
            AND environment_id = b.environment_id AND dimension = ANY({_DIMENSIONS})
            AND bucket >= b.bucket AND bucket < b.bucket + %(length)s OFFSET 0
    ) r
),
{
    _fresh(
        f"SELECT {KEY}, {SUM_FINER} FROM finer GROUP BY {KEY}",
        f"SELECT {KEY}, h.bin, sum(h.times)::bigint AS times FROM finer CROSS JOIN LATERAL "
        f"unnest(histogram_bins, histogram_counts) AS h(bin, times) GROUP BY {KEY}, h.bin",
    )
},
{_WRITE}"""
