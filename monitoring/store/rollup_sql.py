"""The statements of the fold: rollup rows computed from records, and coarse rows merged from finer ones.

Each statement takes buckets as three arrays (workflow, environment, start), computes all their rows, removes
those that have nothing any more, and writes the others in place. They expect `team`, `grain`, `length` (interval
of one bucket) and `now` as parameters.
"""

from monitoring.analysis.histogram import BIN_SQL
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Dimension
from monitoring.statuses import Status

STATUS_COLUMNS = tuple(status.word for status in Status)
TOKEN_COLUMNS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
USAGE_COLUMNS = (*TOKEN_COLUMNS, "unpriced_tokens", "api_calls", "storage_bytes")
COUNT_COLUMNS = ("runs", *STATUS_COLUMNS, "retries", "duration_count")
FIGURES = (
    *COUNT_COLUMNS,
    "duration_sum_ms",
    *USAGE_COLUMNS,
    "peak_memory_bytes",
    "cost_usd",
    "histogram_bins",
    "histogram_counts",
)
KEY = ("workflow_id", "environment_id", "bucket", "dimension", "value_id")
_KEY = ", ".join(KEY)
_DIMENSIONS = "ARRAY[" + ",".join(str(d.value) for d in Dimension) + "]::smallint[]"

_BUCKETS = """bucket AS (
    SELECT * FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(starts)s::timestamptz[])
        AS b(workflow_id, environment_id, bucket)
)"""

# `fresh` holds the rows as they should be. Rows that did not change are left alone: most values of a busy hour.
_WRITE = f"""
gone AS (
    DELETE FROM rollup r USING bucket b
    WHERE r.team_id = %(team)s AND r.grain = %(grain)s AND r.workflow_id = b.workflow_id
        AND r.environment_id = b.environment_id AND r.dimension = ANY({_DIMENSIONS}) AND r.bucket = b.bucket
        AND NOT EXISTS (
            SELECT FROM fresh f WHERE f.workflow_id = r.workflow_id AND f.environment_id = r.environment_id
                AND f.bucket = r.bucket AND f.dimension = r.dimension AND f.value_id = r.value_id)
)
INSERT INTO rollup AS old (team_id, grain, folded_at, {_KEY}, {", ".join(FIGURES)})
SELECT %(team)s, %(grain)s, %(now)s, {_KEY}, {", ".join(FIGURES)} FROM fresh
ON CONFLICT (team_id, workflow_id, environment_id, dimension, bucket, value_id, grain) DO UPDATE SET
    folded_at = EXCLUDED.folded_at, {", ".join(f"{c} = EXCLUDED.{c}" for c in FIGURES)}
WHERE ({", ".join(f"old.{c}" for c in FIGURES)}) IS DISTINCT FROM ({", ".join(f"EXCLUDED.{c}" for c in FIGURES)})
"""


def _sums(columns: tuple[str, ...], kind: str) -> str:
    return ", ".join(f"sum({c})::{kind} AS {c}" for c in columns)


# From parts that are grouped by key and bin to one row a key with its histogram.
_FROM_PARTS = f"""
    SELECT {_KEY}, {_sums(COUNT_COLUMNS, "bigint")}, sum(duration_sum_ms) AS duration_sum_ms,
        {_sums(USAGE_COLUMNS, "bigint")}, max(peak_memory_bytes) AS peak_memory_bytes, sum(cost_usd) AS cost_usd,
        COALESCE(array_agg(bin ORDER BY bin) FILTER (WHERE bin IS NOT NULL), '{{}}') AS histogram_bins,
        COALESCE(array_agg(duration_count ORDER BY bin) FILTER (WHERE bin IS NOT NULL), '{{}}') AS histogram_counts
"""


def _part(retries: str, usage: str) -> str:
    """Figures of one group of `source` rows that share a bin. A row with status -1 counts as no visit."""
    statuses = ", ".join(f"count(*) FILTER (WHERE status = {s.value}) AS {s.word}" for s in Status)
    return f"""bin, count(*) FILTER (WHERE status >= 0) AS runs, {statuses}, {retries} AS retries,
        count(bin) AS duration_count, COALESCE(sum(duration_ms) FILTER (WHERE bin IS NOT NULL), 0) AS duration_sum_ms,
        {", ".join(f"sum({c}) AS {c}" for c in TOKEN_COLUMNS)}, sum(unpriced_tokens) AS unpriced_tokens,
        {usage}, sum(cost_usd) AS cost_usd"""


_RUN_COLUMNS = f"""e.id, e.retention_class, e.anchor_day, e.release_id, e.trigger_id, e.error_id, e.input_type_id,
        e.status, e.attempt, e.retry_count, e.duration_ms, {", ".join(f"e.{c}" for c in TOKEN_COLUMNS)},
        e.unpriced_tokens, e.api_call_count, e.storage_bytes, e.peak_memory_bytes, e.cost_usd"""


def _runs(workflow: str, which: str) -> str:
    return f"""
    SELECT b.*, {_RUN_COLUMNS}, {BIN_SQL.format(ms="e.duration_ms")} AS bin
    FROM bucket b JOIN execution e ON e.team_id = %(team)s AND {workflow}
        AND e.counted_at >= b.bucket AND e.counted_at < b.bucket + %(length)s AND e.environment_id = b.environment_id
    WHERE b.workflow_id {which} '{NO_WORKFLOW}'"""


_RUN_DIMENSIONS = {
    "release_id": Dimension.RELEASE,
    "trigger_id": Dimension.TRIGGER,
    "error_id": Dimension.ERROR,
    "input_type_id": Dimension.INPUT_TYPE,
}
_STEP_DIMENSIONS = {
    "node_id": Dimension.NODE,
    "provider_id": Dimension.PROVIDER,
    "model_id": Dimension.MODEL,
    "tool_id": Dimension.TOOL,
    "system_id": Dimension.SYSTEM,
}

_RUN_GROUPS = ", ".join(f"({column})" for column in _RUN_DIMENSIONS)
_RUN_DIMENSION = " ".join(f"WHEN GROUPING({column}) = 0 THEN {d.value}" for column, d in _RUN_DIMENSIONS.items())
# With one grouping set, all columns but its own are NULL.
_RUN_VALUE = f"COALESCE({', '.join(_RUN_DIMENSIONS)})"

# A parent that carries the same value as a child of its (a chain around a call) is no visit of its own.
_COVERED = {c: f"c.{c} IS NOT NULL AND s.{c} = ANY(c.{c})" for c in _STEP_DIMENSIONS if c != "node_id"} | {"node_id": "false"}
_STEP_VALUES = ", ".join(f"({d.value}, s.{c}, {_COVERED[c]})" for c, d in _STEP_DIMENSIONS.items())
_CHILD_VALUES = ", ".join(f"array_agg(DISTINCT {c}) AS {c}" for c in _STEP_DIMENSIONS if c != "node_id")
_TOLD = f"num_nonnulls({', '.join(f's.{c}' for c in TOKEN_COLUMNS)})"
_ALL_TOKENS = " + ".join(f"COALESCE(s.{c}, 0)" for c in TOKEN_COLUMNS if c != "reasoning_tokens")

FROM_RECORDS = f"""
WITH {_BUCKETS},
run AS MATERIALIZED ({_runs("e.workflow_id = b.workflow_id", "<>")}
    UNION ALL {_runs("e.workflow_id IS NULL", "=")}
),
visit AS MATERIALIZED (
    SELECT r.workflow_id, r.environment_id, r.bucket, s.execution_id, s.id, s.parent_id,
        {", ".join(f"s.{c}" for c in _STEP_DIMENSIONS)}, COALESCE(s.status, 0) AS status, s.attempt, s.duration_ms,
        {BIN_SQL.format(ms="s.duration_ms")} AS bin, {", ".join(f"s.{c}" for c in TOKEN_COLUMNS)}, s.cost_usd,
        CASE WHEN {_TOLD} = 0 THEN NULL WHEN s.cost_usd IS NULL THEN {_ALL_TOKENS} ELSE 0 END AS unpriced_tokens
    FROM run r JOIN step s ON s.team_id = %(team)s AND s.execution_id = r.id
        AND s.retention_class = r.retention_class AND s.anchor_day = r.anchor_day
    WHERE s.anchor_day BETWEEN %(first_day)s AND %(last_day)s
),
children AS (
    SELECT execution_id, parent_id, {_CHILD_VALUES} FROM visit WHERE parent_id IS NOT NULL GROUP BY 1, 2
),
step_row AS (
    SELECT s.workflow_id, s.environment_id, s.bucket, v.dimension, v.value_id,
        CASE WHEN v.covered THEN -1 ELSE s.status END AS status,
        CASE WHEN NOT v.covered THEN s.bin END AS bin, s.attempt, s.duration_ms,
        {", ".join(f"s.{c}" for c in TOKEN_COLUMNS)}, s.unpriced_tokens, s.cost_usd
    FROM visit s LEFT JOIN children c ON c.execution_id = s.execution_id AND c.parent_id = s.id
    CROSS JOIN LATERAL (VALUES {_STEP_VALUES}) AS v(dimension, value_id, covered)
    WHERE v.value_id IS NOT NULL
),
part AS (
    SELECT workflow_id, environment_id, bucket, CASE {_RUN_DIMENSION} ELSE 0 END AS dimension,
        COALESCE({_RUN_VALUE}, 0) AS value_id,
        {
    _part(
        "sum(retry_count) + count(*) FILTER (WHERE attempt > 1)",
        "sum(api_call_count) AS api_calls, sum(storage_bytes) AS storage_bytes, "
        "max(peak_memory_bytes) AS peak_memory_bytes",
    )
}
    FROM run GROUP BY workflow_id, environment_id, bucket, bin, GROUPING SETS ((), {_RUN_GROUPS})
    HAVING {_RUN_VALUE} IS NOT NULL OR GROUPING({", ".join(_RUN_DIMENSIONS)}) = {2 ** len(_RUN_DIMENSIONS) - 1}
    UNION ALL
    SELECT {_KEY},
        {
    _part(
        "count(*) FILTER (WHERE attempt > 1 AND status >= 0)",
        "NULL::bigint AS api_calls, NULL::bigint AS storage_bytes, NULL::bigint AS peak_memory_bytes",
    )
}
    FROM step_row GROUP BY {_KEY}, bin
),
fresh AS ({_FROM_PARTS} FROM part GROUP BY {_KEY}),
{_WRITE}"""

FROM_FINER = f"""
WITH {_BUCKETS},
finer AS MATERIALIZED (
    SELECT b.workflow_id, b.environment_id, b.bucket, r.dimension, r.value_id, {", ".join(f"r.{c}" for c in FIGURES)}
    FROM bucket b JOIN rollup r ON r.team_id = %(team)s AND r.grain = %(finer)s AND r.workflow_id = b.workflow_id
        AND r.environment_id = b.environment_id AND r.dimension = ANY({_DIMENSIONS})
        AND r.bucket >= b.bucket AND r.bucket < b.bucket + %(length)s
),
counted AS (
    SELECT {_KEY}, h.bin, sum(h.times)::bigint AS times
    FROM finer CROSS JOIN LATERAL unnest(histogram_bins, histogram_counts) AS h(bin, times) GROUP BY {_KEY}, h.bin
),
histogram AS (
    SELECT {_KEY}, array_agg(bin ORDER BY bin) AS bins, array_agg(times ORDER BY bin) AS times
    FROM counted GROUP BY {_KEY}
),
summed AS (
    SELECT {_KEY}, {_sums(COUNT_COLUMNS, "bigint")}, sum(duration_sum_ms) AS duration_sum_ms,
        {_sums(USAGE_COLUMNS, "bigint")}, max(peak_memory_bytes) AS peak_memory_bytes, sum(cost_usd) AS cost_usd
    FROM finer GROUP BY {_KEY}
),
fresh AS (
    SELECT s.*, COALESCE(h.bins, '{{}}') AS histogram_bins, COALESCE(h.times, '{{}}') AS histogram_counts
    FROM summed s LEFT JOIN histogram h USING ({_KEY})
),
{_WRITE}"""
