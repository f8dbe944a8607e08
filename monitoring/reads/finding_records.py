"""What findings are made of besides figures and samples: diagnoses, money and attempts, counted in SQL.

All of one workflow in one environment and a window.
"""

from collections import defaultdict
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.finding_costs import Spending
from monitoring.analysis.finding_failures import Diagnosed
from monitoring.analysis.visits import Visit
from monitoring.reads.cuts import Cut
from monitoring.reads.labels import label_values
from monitoring.statuses import Status

# Executions that were tried again: the latest ones.
MAX_RETRIED = 2_000
_FAILING = f"({Status.TIMED_OUT:d}, {Status.FAILED:d})"
_EVERYWHERE = "team_id = %(team)s AND workflow_id = %(workflow)s AND counted_at >= %(start)s AND counted_at < %(end)s"
_WHERE = f"{_EVERYWHERE} AND environment_id = %(environment)s"

_DIAGNOSES = """
SELECT d.kind, d.confidence, d.first_node, COALESCE(NULLIF(d.symptom_node, ''), d.first_node), d.cause,
    width_bucket(extract(epoch FROM d.counted_at), %(from)s, %(until)s, %(parts)s) - 1, count(*)
FROM diagnosis d JOIN execution e ON e.team_id = d.team_id AND e.id = d.id
WHERE d.team_id = %(team)s AND d.workflow_id = %(workflow)s AND d.counted_at >= %(start)s AND d.counted_at < %(end)s
    AND e.environment_id = %(environment)s
GROUP BY 1, 2, 3, 4, 5, 6
"""


def diagnosed(cut: Cut, parts: int) -> tuple[list[Diagnosed], list[Diagnosed], int]:
    """Diagnoses by first divergence, those by suggested cause, and how many there are; points over equal parts.

    Of first divergences only sure ones: where few healthy executions did the same.
    """
    values = cut.values(**{"from": cut.window.start.timestamp(), "until": cut.window.end.timestamp()}, parts=parts)
    paths: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * parts)
    causes: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * parts)
    total = 0
    for kind, confidence, first, symptom, cause, part, count in run_planned(_DIAGNOSES, values):
        total += count
        place = min(max(part, 0), parts - 1)
        causes["", cause, symptom][place] += count
        if kind and confidence in ("high", "medium"):
            paths[first, kind, symptom][place] += count
    return _listed(paths), _listed(causes), total


def _listed(found: dict[tuple[str, str, str], list[int]]) -> list[Diagnosed]:
    rows = [Diagnosed(node, what, symptom, sum(points), points) for (node, what, symptom), points in found.items()]
    return sorted(rows, key=lambda row: (-row.count, row.node, row.what, row.symptom))


_SAME_INPUT = """
SELECT d.symptom_node, count(*) FILTER (WHERE (d.facts->'same_input'->>'succeeded')::int = 0),
    count(*) FILTER (WHERE (d.facts->'same_input'->>'succeeded')::int > 0)
FROM diagnosis d JOIN execution e ON e.team_id = d.team_id AND e.id = d.id
WHERE d.team_id = %(team)s AND d.workflow_id = %(workflow)s AND d.counted_at >= %(start)s AND d.counted_at < %(end)s
    AND e.environment_id = %(environment)s
    AND (d.facts->'same_input'->>'failed')::int + (d.facts->'same_input'->>'succeeded')::int > 1
GROUP BY 1
"""


def same_inputs(cut: Cut) -> dict[str, tuple[int, int]]:
    """Failures whose input was tried before: how many of them always failed and how many succeeded once, by step."""
    return {node: (failed, succeeded) for node, failed, succeeded in run_planned(_SAME_INPUT, cut.values())}


_MONEY = f"""
SELECT count(cost_usd), COALESCE(sum(cost_usd), 0)::float8,
    count(cost_usd) FILTER (WHERE status IN {_FAILING}),
    COALESCE(sum(cost_usd) FILTER (WHERE status IN {_FAILING}), 0)::float8,
    count(cost_usd) FILTER (WHERE cost_usd >= %(limit)s),
    COALESCE(sum(cost_usd) FILTER (WHERE cost_usd >= %(limit)s), 0)::float8
FROM execution WHERE {_WHERE}
"""


def spending(cut: Cut, limit_usd: float | None) -> Spending:
    """What runs cost; expensive ones cost at least `limit_usd` (None: no run is expensive)."""
    rows = run_planned(_MONEY, cut.values(limit=float("inf") if limit_usd is None else limit_usd))
    runs, total, failed_runs, failed, expensive_runs, expensive = rows[0]
    return Spending(runs, total, failed_runs, failed, expensive_runs, expensive, limit_usd)


_ATTEMPTS = f"""
WITH again AS (
    SELECT DISTINCT origin_id FROM (
        SELECT origin_id, counted_at, id FROM execution WHERE {_WHERE} AND attempt > 1
        ORDER BY counted_at DESC, id DESC LIMIT {MAX_RETRIED}) AS latest
)
SELECT e.origin_id, e.attempt, e.status, e.started_at, e.duration_ms, e.cost_usd::float8, e.error_id
FROM again JOIN execution e ON e.team_id = %(team)s AND e.origin_id = again.origin_id
ORDER BY e.origin_id, e.attempt, e.id
"""


def attempts(cut: Cut) -> list[Visit]:
    """All attempts of executions that were tried again, as visits of a node without a name."""
    rows = run_planned(_ATTEMPTS, cut.values())
    errors = label_values(cut.team_id, {row[6] for row in rows})
    return [
        Visit(
            run=origin.int,
            node="",
            status=Status(status).word,
            attempt=attempt,
            start_ms=started.timestamp() * 1000 if started else None,
            duration_ms=duration,
            cost_usd=cost,
            error=errors.get(error, ""),
        )
        for origin, attempt, status, started, duration, cost, error in rows
    ]


_GROUPS = f"""
SELECT failed_node_id, failure_group_id, count(*) FROM execution
WHERE {_WHERE} AND status IN {_FAILING} AND failure_group_id IS NOT NULL GROUP BY 1, 2
"""


def groups_by_node(cut: Cut) -> dict[int | None, dict[UUID, int]]:
    """Failures by the node at which they show (label id; None: not told) and by failure group."""
    found: defaultdict[int | None, dict[UUID, int]] = defaultdict(dict)
    for node, group, count in run_planned(_GROUPS, cut.values()):
        found[node][group] = count
    return dict(found)
