"""The statements that read what staged executions used beside tokens: runs, time, storage, calls."""

from collections.abc import Sequence
from datetime import date

from billing.store.line_sql import diverged, of_run, step_outcome, tags, within
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Dimension, Grain
from monitoring.statuses import Status

NAMES = ("workflow_id", "environment_id", "hour", "outcome", "release_id", "tags", "system_id")
_RUN_NAMES = (*NAMES[:-1], "parent_workflow_id", "parent_environment_id")
# What has not begun, or was left out, used nothing.
_IDLE = f"({Status.QUEUED.value}, {Status.SKIPPED.value})"
# What only log lines mention is no run yet.
_IS_RUN = f"e.status NOT IN {_IDLE} AND (e.workflow_id IS NOT NULL OR e.status <> 0 OR e.step_count > 0)"

# Hours of runs below the staged ones: whether their time is inside that of a run above is known only now.
HOURS_BELOW = f"""
SELECT DISTINCT COALESCE(e.workflow_id, '{NO_WORKFLOW}'), e.environment_id, date_trunc('hour', e.counted_at, 'UTC')
FROM cost_run r JOIN execution e ON e.team_id = %(team)s AND e.parent_execution_id = r.id
"""


def used(days: Sequence[tuple[int, date, date]], *, has_systems: bool) -> str:
    """What staged runs used, added up by `NAMES`, then the workflow and environment of the run above, and the figures.

    Figures are runs, ms, byte-ms and calls, as in `billing.analysis.resources.Used`. Durations count to the
    microsecond, so that sums do not depend on the order. Steps are read with `has_systems` alone. Parameters: `team`,
    `tag_ids`, `tag_keys`, `systems`.
    """
    calls = f"""UNION ALL
SELECT {", ".join(NAMES)}, NULL, NULL, 0, NULL, NULL, count(*) FROM ({_visits(days)}) AS visit
GROUP BY {", ".join(NAMES)}"""
    return f"""
WITH diverged AS MATERIALIZED ({diverged(days)}), {tags(days)},
run AS (
    SELECT r.workflow_id, r.environment_id, r.hour, r.outcome, r.release_id, t.tags,
        CASE WHEN p.id IS NOT NULL THEN COALESCE(p.workflow_id, '{NO_WORKFLOW}') END AS parent_workflow_id,
        p.environment_id AS parent_environment_id, round(GREATEST(e.duration_ms, 0)::numeric, 3) AS ms,
        e.storage_bytes, e.api_call_count
    FROM cost_run r JOIN execution e ON e.team_id = %(team)s AND e.id = r.id
    LEFT JOIN execution p ON p.team_id = %(team)s AND p.id = e.parent_execution_id AND p.id <> e.id
        AND p.duration_ms IS NOT NULL AND p.status NOT IN {_IDLE}
    LEFT JOIN tag t ON t.id = r.id
    WHERE {_IS_RUN}
)
SELECT {", ".join(_RUN_NAMES[:6])}, 0::bigint AS system_id, {", ".join(_RUN_NAMES[6:])},
    count(*), sum(ms), sum(ms * storage_bytes), sum(api_call_count)::bigint
FROM run GROUP BY {", ".join(_RUN_NAMES)}
{calls if has_systems else ""}"""


def _visits(days: Sequence[tuple[int, date, date]]) -> str:
    """Calls of external systems. A step around a call of the same system is none of its own, as in rollups."""
    return f"""
    SELECT r.workflow_id, r.environment_id, r.hour, {step_outcome(days)} AS outcome, r.release_id, t.tags, s.system_id
    FROM cost_run r JOIN step s ON {of_run("s")} LEFT JOIN diverged g ON g.id = r.id LEFT JOIN tag t ON t.id = r.id
    WHERE {within("s", days)} AND s.system_id = ANY(%(systems)s::bigint[])
        AND COALESCE(s.status, 0) NOT IN {_IDLE}
        AND NOT EXISTS (SELECT FROM step c WHERE {of_run("c")} AND {within("c", days)} AND c.parent_id = s.id
            AND c.system_id = s.system_id)"""


# What each workflow did in an environment from day to before day: what fixed amounts are shared out by.
ACTIVITY = f"""
SELECT workflow_id, environment_id, sum(runs - queued - skipped)::bigint, round(sum(duration_sum_ms)::numeric)::bigint,
    COALESCE(sum(COALESCE(input_tokens, 0) + COALESCE(cache_read_tokens, 0) + COALESCE(cache_write_tokens, 0)
        + COALESCE(output_tokens, 0)), 0)::bigint
FROM rollup WHERE team_id = %(team)s AND grain = {Grain.DAY.value} AND dimension = {Dimension.NONE.value}
    AND bucket >= %(first)s::timestamp AT TIME ZONE 'UTC' AND bucket < %(end)s::timestamp AT TIME ZONE 'UTC'
GROUP BY 1, 2 ORDER BY 1, 2
"""
