"""What failed runs have in common: how many failures share each value, and how many runs do anyway.

Failures are counted from their records. What is usual comes from rollups, or from the newest records where a
filter or a facet is one that rollups do not keep. The number of queries does not depend on the number of rows.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from monitoring.analysis.concentration import Candidate, Finding, find
from monitoring.filters import Filters
from monitoring.models import Workflow
from monitoring.reads.failures import failing
from monitoring.reads.usual import KINDS, STEP_RUNS, Key, Usual, usual_counts

# Failures beyond the newest so many are not looked into.
MAX_FAILURES = 5_000
VALUES_A_KIND = 50
MIN_FACET_FAILURES = 2


@dataclass(frozen=True, slots=True)
class Concentration:
    """Findings over `failures` failed executions.

    `compared` values were looked at together; `is_cut` when only the newest `MAX_FAILURES` were; `base_cut` says how
    many of the newest runs stand for all of them where rollups could not (None: all runs were counted). `is_alone`:
    only failures are reported, so there are no other runs to compare them with.
    """

    failures: int
    findings: Sequence[Finding]
    compared: int
    is_cut: bool
    base_cut: int | None
    is_alone: bool = False


# OFFSET 0 keeps the look-up of facets one by key for each failure: a plan that scans whole days is far slower.
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
        FROM failing f CROSS JOIN LATERAL (
            SELECT key_id, value FROM facet WHERE team_id = %s AND execution_id = f.id
                AND retention_class = f.retention_class AND anchor_day = f.anchor_day OFFSET 0) x
        GROUP BY 2, 3 HAVING count(*) >= {least}
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY kind ORDER BY failures DESC, value_id, value) AS place FROM shared
)
SELECT r.kind, r.value_id, coalesce(r.value, ''), r.failures, coalesce(l.value, '')
FROM ranked r LEFT JOIN label l ON l.team_id = %s AND l.id = r.value_id AND r.kind <> 'hour'
WHERE r.place <= {values} ORDER BY r.kind, r.place
"""


@dataclass(frozen=True, slots=True)
class _Shared:
    kind: str
    key: Key
    name: str
    failures: int


def concentration(team_id: uuid.UUID, workflow: Workflow, filters: Filters, *, zone: str = "UTC") -> Concentration:
    """What the failures that the filters leave have in common. Hours of the day are those of `zone` (an IANA name)."""
    failures, shared = _count_failures(team_id, workflow, filters, zone)
    left_out = _pinned(filters)
    compared = [one for one in shared if one.kind.split(".")[0] not in left_out]
    usual = usual_counts(team_id, workflow, filters, [one.key for one in compared], zone=zone)
    is_alone = workflow.completeness == "failures-only"
    if is_alone:
        # Failures before are still something to compare an error with.
        usual = Usual(usual.counts, {kind: total for kind, total in usual.totals.items() if kind in usual.apart})
    findings = find([_candidate(one, failures, usual) for one in compared])
    return Concentration(
        failures=failures,
        findings=findings,
        compared=sum(finding.p_value is not None for finding in findings),
        is_cut=failures >= MAX_FAILURES,
        base_cut=usual.sampled,
        is_alone=is_alone,
    )


def _pinned(filters: Filters) -> set[str]:
    """Kinds that the filters have decided already: a step settles what it calls, and the other way round."""
    pinned = {name for name, kind in KINDS.items() if kind.param and filters[kind.param].wanted}
    if filters["group"].wanted:
        pinned |= {"step", "error"}
    steps = {name for name, kind in KINDS.items() if kind.base == STEP_RUNS}
    return pinned | steps if pinned & steps else pinned


def _candidate(one: _Shared, failures: int, usual: Usual) -> Candidate:
    base, total, is_apart = usual.of(one.key)
    return Candidate(one.kind, one.name, one.failures, failures, base, total, is_apart)


def _count_failures(team_id: uuid.UUID, workflow: Workflow, filters: Filters, zone: str) -> tuple[int, list[_Shared]]:
    population, params = failing(team_id, workflow, filters)
    run_columns = [(kind.name, kind.column) for kind in KINDS.values() if kind.column and not kind.is_called]
    step_columns = [(kind.name, kind.column) for kind in KINDS.values() if kind.is_called]
    columns = " UNION ALL ".join(
        f"SELECT '{name}', {column}, NULL, count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 2"
        for table, pairs in (("failing", run_columns), ("failing_step", step_columns))
        for name, column in pairs
    )
    sql = _COUNTED.format(
        failing=population, columns=columns, most=MAX_FAILURES, least=MIN_FACET_FAILURES, values=VALUES_A_KIND
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, team_id, zone, team_id, team_id])
        rows = cursor.fetchall()
    total = next((count for kind, _, _, count, _ in rows if kind == "all"), 0)
    return total, [one for row in rows if (one := _shared(*row))]


def _shared(kind: str, value_id: int | None, value: str, failures: int, label: str) -> _Shared | None:
    if kind == "all" or value_id is None:
        return None
    if kind == "field":
        is_field = label.startswith(("input.", "tag."))
        return _Shared(label, Key(kind, value_id, value), value, failures) if is_field else None
    name = f"{value_id:02d}:00\N{EN DASH}{(value_id + 1) % 24:02d}:00" if kind == "hour" else label
    return _Shared(kind, Key(kind, value_id), name, failures)
