"""What failed runs have in common: how many failures share each value, and how many runs do anyway.

Failures are counted from their records. What is usual comes from rollups, or from the newest records where a
filter or a facet is one that rollups do not keep. The number of queries is always the same.
"""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring.analysis.concentration import Candidate, Finding, find
from monitoring.filters import Filters
from monitoring.models import Dimension

# Failures beyond the newest so many are not looked into; runs beyond are not counted for what is usual.
MAX_FAILURES = 10_000
MAX_BASE = 10_000
VALUES_A_KIND = 50
MIN_FACET_FAILURES = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value that failures may share.

    `param` is the query parameter that filters by it ("" when there is none), `base` what its usual share is of.
    """

    name: str
    title: str
    base: str
    param: str = ""
    dimension: Dimension | None = None
    column: str = ""


RUNS, STEP_RUNS, FAILURES_BEFORE = "all runs", "all step runs", "the failures of the period before"
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("step", "Step", STEP_RUNS, "step", Dimension.NODE, "failed_node_id"),
        Kind("input", "Input type", RUNS, "input", Dimension.INPUT_TYPE, "input_type_id"),
        Kind("system", "External system", STEP_RUNS, "system", Dimension.SYSTEM, "system_id"),
        Kind("model", "Model", STEP_RUNS, "model", Dimension.MODEL, "model_id"),
        Kind("provider", "Provider", STEP_RUNS, "", Dimension.PROVIDER, "provider_id"),
        Kind("tool", "Tool", STEP_RUNS, "tool", Dimension.TOOL, "tool_id"),
        Kind("release", "Release", RUNS, "release", Dimension.RELEASE, "release_id"),
        Kind("trigger", "Trigger", RUNS, "trigger", Dimension.TRIGGER, "trigger_id"),
        Kind("error", "Error", FAILURES_BEFORE, "error", Dimension.ERROR, "error_id"),
        Kind("hour", "Hour", RUNS),
        Kind("field", "Input field or tag", RUNS),
    )
}


@dataclass(frozen=True, slots=True)
class Concentration:
    """Findings over `failures` failed executions.

    `compared` values were looked at together; `is_cut` when only the newest `MAX_FAILURES` were; `base_cut` says how
    many of the newest runs stand for all of them where rollups could not (None: all runs were counted).
    """

    failures: int
    findings: Sequence[Finding]
    compared: int
    is_cut: bool
    base_cut: int | None


_COUNTED = """
WITH failing AS MATERIALIZED ({failing} ORDER BY counted_at DESC, id DESC LIMIT {most}),
failing_step AS MATERIALIZED (
    SELECT DISTINCT f.id, s.system_id, s.model_id, s.provider_id, s.tool_id
    FROM failing f JOIN step s ON s.team_id = %s AND s.execution_id = f.id AND s.retention_class = f.retention_class
        AND s.anchor_day = f.anchor_day AND s.node_id = f.failed_node_id AND s.status IN (7, 8)
),
shared (kind, value_id, value, failures) AS (
    SELECT 'all', NULL::bigint, NULL::text, count(*) FROM failing
    UNION ALL {columns}
    UNION ALL SELECT 'hour', extract(hour FROM date_trunc('hour', counted_at) AT TIME ZONE %s)::bigint, NULL, count(*)
        FROM failing GROUP BY 2
    UNION ALL SELECT 'field', x.key_id, x.value, count(*)
        FROM failing f JOIN facet x ON x.team_id = %s AND x.execution_id = f.id
            AND x.retention_class = f.retention_class AND x.anchor_day = f.anchor_day
        GROUP BY 2, 3 HAVING count(*) >= {least}
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY kind ORDER BY failures DESC, value_id, value) AS place FROM shared
)
SELECT r.kind, r.value_id, coalesce(r.value, ''), r.failures, coalesce(l.value, '')
FROM ranked r LEFT JOIN label l ON l.team_id = %s AND l.id = r.value_id AND r.kind <> 'hour'
WHERE r.place <= {values} ORDER BY r.kind, r.place
"""
