"""The statements that read the records of hours once more, for cost lines.

Which executions count in an hour is what `monitoring.store.rollup_sql` says: by `counted_at`; so lines add up to the
rollups of the same records. Executions are staged in a temporary table, so that the planner knows how many there are.
"""

from collections.abc import Sequence
from datetime import date

from billing.analysis.lines import TOKEN_PARTS
from billing.models import CostBasis, CostOutcome
from monitoring.identity import KEY_END, NO_WORKFLOW
from monitoring.statuses import Status

_TOKENS = TOKEN_PARTS[:5]
_PARTS = {f"{name}_tokens": name for name in ("cache_write_1h", "input_audio", "input_image", "output_audio")} | {
    "output_image_tokens": "output_image"
}
NAMES = (
    *("workflow_id", "environment_id", "hour", "basis", "outcome", "release_id", "node_id", "provider_id", "model_id"),
    *("system_id", "tags", "tier", "region", "price_id", "excess"),
)
_MONEY = ("cost_usd", "told_usd", "priced_usd")
_HOURS = """claimed AS (
    SELECT * FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(hours)s::timestamptz[])
        AS b(workflow_id, environment_id, hour)
)"""

MAKE_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS cost_run (
    workflow_id uuid, environment_id bigint, hour timestamptz, id uuid, retention_class smallint, anchor_day date,
    origin_id uuid, release_id bigint, outcome smallint, steps_tell smallint, told_tokens jsonb, told_cost_usd numeric,
    unpriced_tokens bigint, facets jsonb
) ON COMMIT DELETE ROWS;
TRUNCATE cost_run;
"""

# A try that came after: of the same origin, with a greater number, else counted later. Only tries after the first
# have an origin that is not their own id, which a small index finds.
_TRIED_AGAIN = """EXISTS (
    SELECT FROM execution o WHERE o.team_id = %(team)s AND o.origin_id = e.origin_id AND o.origin_id <> o.id
        AND o.id <> e.id AND (o.attempt, o.counted_at, o.id) > (e.attempt, e.counted_at, e.id))"""
_OUTCOME = f"""CASE WHEN e.status IN ({Status.SUCCEEDED.value}, {Status.SKIPPED.value}) THEN {CostOutcome.GOOD.value}
    WHEN {_TRIED_AGAIN} THEN {CostOutcome.RETRIED.value}
    WHEN e.status < {Status.SKIPPED.value} THEN {CostOutcome.OPEN.value}
    ELSE {CostOutcome.FAILED.value} END"""


def _runs(workflow: str, which: str) -> str:
    """Executions of the hours. OFFSET 0 keeps the planner at one range of the index for each hour."""
    return f"""
SELECT b.*, r.* FROM claimed b CROSS JOIN LATERAL (
    SELECT id, retention_class, anchor_day, origin_id, COALESCE(release_id, 0), {_OUTCOME}, steps_tell, told_tokens,
        told_cost_usd, COALESCE(unpriced_tokens, 0), facets
    FROM execution e WHERE team_id = %(team)s AND {workflow} AND environment_id = b.environment_id
        AND counted_at >= b.hour AND counted_at < b.hour + interval '1 hour' OFFSET 0
) r WHERE b.workflow_id {which} '{NO_WORKFLOW}'"""


STAGE_RUNS = f"""
WITH {_HOURS}
INSERT INTO cost_run {_runs("workflow_id = b.workflow_id", "<>")} UNION ALL {_runs("workflow_id IS NULL", "=")}
"""

# Hours in which other tries of the same runs count: what came before is tried again now.
OTHER_TRIES = f"""
SELECT DISTINCT COALESCE(e.workflow_id, '{NO_WORKFLOW}'), e.environment_id, date_trunc('hour', e.counted_at, 'UTC')
FROM (SELECT DISTINCT origin_id FROM cost_run WHERE origin_id <> id) r
CROSS JOIN LATERAL (
    SELECT workflow_id, environment_id, counted_at, status FROM execution
        WHERE team_id = %(team)s AND origin_id = r.origin_id AND origin_id <> id
    UNION ALL
    SELECT workflow_id, environment_id, counted_at, status FROM execution WHERE team_id = %(team)s AND id = r.origin_id
) e WHERE e.status NOT IN ({Status.SUCCEEDED.value}, {Status.SKIPPED.value})
"""

# Only these partitions are read: planned by constants, because the parts of a partition key prune together.
DAYS = "SELECT retention_class, min(anchor_day), max(anchor_day) FROM cost_run GROUP BY 1 ORDER BY 1"


def within(alias: str, days: Sequence[tuple[int, date, date]]) -> str:
    """Whether a record is in the partitions of these days."""
    ranges = (
        f"({alias}.retention_class = {class_} AND {alias}.anchor_day BETWEEN DATE '{first}' AND DATE '{last}')"
        for class_, first, last in days
    )
    return f"({' OR '.join(ranges)})"


def of_run(alias: str) -> str:
    """Whether a record is of the staged execution `r`."""
    return (
        f"{alias}.team_id = %(team)s AND {alias}.execution_id = r.id AND {alias}.retention_class = r.retention_class"
        f" AND {alias}.anchor_day = r.anchor_day"
    )


_FAILING = f"({Status.CANCELLED.value}, {Status.TIMED_OUT.value}, {Status.FAILED.value})"
_STEP_UNPRICED = f"""CASE WHEN s.cost_usd IS NOT NULL THEN 0
    ELSE {" + ".join(f"COALESCE(s.{c}, 0)" for c in _TOKENS if c != "reasoning_tokens")} END"""
# Rows from before prices have what counts alone: it was told.
_STEP_TOLD = """CASE WHEN s.told_cost_usd IS NULL AND s.priced_cost_usd IS NULL THEN s.cost_usd
    ELSE s.told_cost_usd END"""
# Where both are the same, the rule of the source says which one it is that counts.
_STEP_BASIS = f"""CASE WHEN s.cost_usd IS NULL THEN {CostBasis.UNPRICED.value}
    WHEN s.cost_usd = s.priced_cost_usd AND s.usage_detail ->> 'counts' = 'computed' THEN {CostBasis.PRICED.value}
    WHEN s.cost_usd = ({_STEP_TOLD}) OR s.priced_cost_usd IS NULL THEN {CostBasis.TOLD.value}
    ELSE {CostBasis.PRICED.value} END"""


def step_outcome(days: Sequence[tuple[int, date, date]]) -> str:
    """Of a step: that of its execution, but for failed tries of a step, and what came after the divergence."""
    tried_again = f"""EXISTS (
        SELECT FROM step o WHERE {of_run("o")} AND {within("o", days)} AND o.node_id = s.node_id
            AND o.parent_id IS NOT DISTINCT FROM s.parent_id AND o.attempt > s.attempt)"""
    after = "CASE WHEN s.started_at <> g.started_at THEN s.started_at > g.started_at ELSE s.position > g.position END"
    return f"""CASE WHEN r.outcome <> {CostOutcome.RETRIED.value} AND s.status IN {_FAILING} AND {tried_again}
            THEN {CostOutcome.RETRIED.value}
        WHEN g.id IS NOT NULL AND s.id <> g.step_id AND {after} THEN {CostOutcome.AFTER_DIVERGENCE.value}
        ELSE r.outcome END"""


def _detail(name: str) -> str:
    return f"(s.usage_detail ->> '{name}')::bigint"


def _items(days: Sequence[tuple[int, date, date]]) -> str:
    """Usage by step, and what was told of whole executions where their steps do not tell it."""
    told = ", ".join(
        f"CASE WHEN r.steps_tell & 1 = 0 THEN (r.told_tokens ->> {n})::bigint END" for n in range(len(_TOKENS))
    )
    nothing = ", ".join(["NULL::bigint"] * len(_PARTS))
    own_cost = "CASE WHEN r.steps_tell & 2 = 0 THEN r.told_cost_usd END"
    own_unpriced = "CASE WHEN r.steps_tell & 1 = 0 THEN r.unpriced_tokens ELSE 0 END"
    return f"""
SELECT r.workflow_id, r.environment_id, r.hour, r.release_id, r.id, {_STEP_BASIS} AS basis,
    {step_outcome(days)} AS outcome, COALESCE(s.node_id, 0) AS node_id, COALESCE(s.provider_id, 0) AS provider_id,
    COALESCE(s.model_id, 0) AS model_id, COALESCE(s.system_id, 0) AS system_id,
    COALESCE(s.usage_detail ->> 'tier', '') AS tier, COALESCE(s.usage_detail ->> 'region', '') AS region, s.price_id,
    COALESCE({_detail("calls")}, 1) AS calls, {", ".join(f"s.{c}" for c in _TOKENS)},
    {", ".join(f"{_detail(part)} AS {column}" for column, part in _PARTS.items())},
    {_STEP_UNPRICED} AS unpriced_tokens, s.cost_usd, {_STEP_TOLD} AS told_usd, s.priced_cost_usd AS priced_usd
FROM cost_run r JOIN step s ON {of_run("s")} LEFT JOIN diverged g ON g.id = r.id
WHERE {within("s", days)} AND NOT s.is_covered
    AND (num_nonnulls({", ".join(f"s.{c}" for c in _TOKENS)}, s.cost_usd, s.told_cost_usd) > 0
        OR s.usage_detail ?| ARRAY[{", ".join(f"'{name}'" for name in ("calls", *_PARTS.values()))}])
UNION ALL
SELECT r.workflow_id, r.environment_id, r.hour, r.release_id, r.id,
    CASE WHEN {own_cost} IS NULL AND {own_unpriced} > 0 THEN {CostBasis.UNPRICED.value}
        ELSE {CostBasis.TOLD.value} END,
    r.outcome, 0, 0, 0, 0, '', '', NULL, 0,
    {told}, {nothing},
    {own_unpriced}, {own_cost}, {own_cost}, NULL
FROM cost_run r
WHERE (r.steps_tell & 1 = 0 AND r.told_tokens IS NOT NULL) OR (r.steps_tell & 2 = 0 AND r.told_cost_usd IS NOT NULL)"""


_KEYS = "unnest(%(tag_ids)s::bigint[], %(tag_keys)s::text[]) AS k(id, key)"
# What is staged and what is stored are asked apart: a cluster has them on different machines.
_TOLD_TAGS = f"""
SELECT r.id, k.key, substr(v.told, length('tag.' || k.key) + 2) AS value
FROM cost_run r CROSS JOIN {_KEYS} CROSS JOIN jsonb_array_elements_text(r.facets) AS v(told)
WHERE starts_with(v.told, concat('tag.', k.key, '{KEY_END}'))"""
_TAGS = f"""
SELECT id, jsonb_object_agg(key, value)::text AS tags FROM (
    SELECT id, key, max(value COLLATE "C") AS value FROM (
        SELECT id, key, value FROM told_tag
        UNION ALL SELECT o.id, k.key, o.value FROM older_tag o JOIN {_KEYS} ON k.id = o.key_id
    ) AS told GROUP BY id, key
) AS greatest GROUP BY id"""


def tags(days: Sequence[tuple[int, date, date]]) -> str:
    """What a `WITH` needs to have `tag`: the cost tags of each execution as JSON; of several values of one key the
    greatest. Executions whose facets are not on their row have them in a table of facets."""
    older = f"""
SELECT r.id, f.key_id, f.value FROM cost_run r JOIN facet f ON {of_run("f")} AND {within("f", days)}
WHERE f.key_id = ANY(%(tag_ids)s::bigint[])"""
    return f"""told_tag AS MATERIALIZED ({_TOLD_TAGS}),
older_tag AS MATERIALIZED ({older}),
tag AS MATERIALIZED ({_TAGS})"""


def diverged(days: Sequence[tuple[int, date, date]]) -> str:
    """The step at which each failed execution with a diagnosis left the healthy path."""
    return f"""
SELECT r.id, g.id AS step_id, g.started_at, g.position FROM cost_run r
JOIN diagnosis d ON d.team_id = %(team)s AND d.id = r.id AND d.first_step_id IS NOT NULL
JOIN step g ON {of_run("g")} AND g.id = d.first_step_id
WHERE r.outcome = {CostOutcome.FAILED.value} AND {within("g", days)}"""


_EXCESS = """(COALESCE(input_audio_tokens, 0) + COALESCE(input_image_tokens, 0) > COALESCE(input_tokens, 0))::int
    + 2 * (COALESCE(cache_write_1h_tokens, 0) > COALESCE(cache_write_tokens, 0))::int
    + 4 * (COALESCE(reasoning_tokens, 0) + COALESCE(output_audio_tokens, 0) + COALESCE(output_image_tokens, 0)
        > COALESCE(output_tokens, 0))::int"""


def usage(days: Sequence[tuple[int, date, date]]) -> str:
    """Usage of the staged executions, added up by names (`NAMES`), then `calls`, tokens, unpriced tokens, money.

    `days` are classes with their first and last anchor day. Parameters: `team`, `tag_ids`, `tag_keys`.
    """
    counts = ", ".join(f"sum({c})::bigint" for c in ("calls", *TOKEN_PARTS, "unpriced_tokens"))
    return f"""
WITH diverged AS MATERIALIZED ({diverged(days)}), {tags(days)}, item AS ({_items(days)})
SELECT {", ".join(NAMES)}, {counts}, {", ".join(f"sum({c})" for c in _MONEY)}
FROM (SELECT i.*, t.tags, {_EXCESS} AS excess FROM item i LEFT JOIN tag t ON t.id = i.id) AS told
GROUP BY {", ".join(NAMES)}"""
