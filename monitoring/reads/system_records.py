"""Who calls something from which node, and the errors that it gives: from the records of the latest executions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from accounts.statements import run_planned
from monitoring.identity import LabelKind, label_id
from monitoring.reads.calls import Kind
from monitoring.reads.labels import label_values
from monitoring.statuses import FAILING, RATED
from monitoring.windows import Window

# Executions looked at, shared out among the workflows that call it; each of them has at least the smaller number.
MAX_EXECUTIONS, MIN_EXECUTIONS = 2_000, 40
MAX_ERRORS = 12


@dataclass(frozen=True, slots=True)
class NodeCalls:
    """Calls of something by a node (None: not told) of a workflow, in the executions that were looked at."""

    workflow_id: UUID
    node: str | None
    calls: int
    finished: int
    failures: int
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """An error that failed calls gave: normalised (None: not told), how often, in how many workflows, and the latest.

    `latest_at` is None where no such step told a time.
    """

    error: str | None
    failures: int
    workflows: int
    latest: UUID
    latest_at: datetime | None


@dataclass(frozen=True, slots=True)
class SystemRecords:
    """What the records say. `looked_at` are executions by workflow; those in `cut` have more than that."""

    nodes: Sequence[NodeCalls]
    errors: Sequence[ErrorRow]
    looked_at: dict[UUID, int]
    cut: frozenset[UUID]


class _Chosen(NamedTuple):
    """An execution that is looked at; a failed one that is not among the latest counts for its errors only."""

    workflow_id: UUID
    id: UUID
    retention_class: int
    anchor_day: date
    is_latest: bool


_FAILING, _RATED = (", ".join(str(int(one)) for one in sorted(found)) for found in (FAILING, RATED))
_LATEST = """(SELECT id, retention_class, anchor_day, counted_at FROM execution
    WHERE team_id = %(team)s AND workflow_id = w.id AND counted_at >= %(start)s AND counted_at < %(end)s
        {environment} {condition} ORDER BY counted_at DESC, id DESC LIMIT %(limit)s)"""
_CHOSEN = """
SELECT w.id, e.id, e.retention_class, e.anchor_day, bool_or(e.is_latest)
FROM unnest(%(workflows)s::uuid[]) AS w(id) CROSS JOIN LATERAL (
    SELECT l.*, true AS is_latest FROM {latest} l UNION ALL SELECT f.*, false FROM {failed} f
) e GROUP BY 1, 2, 3, 4
"""
# The days are constants: planning over all days that are kept costs more than the query itself.
_CALLED = """
WITH chosen AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::uuid[], %(of)s::uuid[], %(kept)s::smallint[], %(on)s::date[], %(latest)s::boolean[])
        AS c(id, workflow_id, retention_class, anchor_day, is_latest)
), called AS MATERIALIZED (
    SELECT c.workflow_id, c.is_latest, s.execution_id, s.id, s.parent_id, s.node_id, s.error_id, s.duration_ms,
        COALESCE(s.status, 0) AS status, COALESCE(s.ended_at, s.started_at) AS at
    FROM chosen c JOIN step s ON s.team_id = %(team)s AND s.execution_id = c.id AND ({days})
        AND s.retention_class = c.retention_class AND s.anchor_day = c.anchor_day AND s.{column} = %(value)s
), visit AS MATERIALIZED (
    SELECT * FROM called WHERE (execution_id, id) NOT IN (
        SELECT execution_id, parent_id FROM called WHERE parent_id IS NOT NULL)
)
"""
# Both answers of one reading of the steps: rows of nodes have a workflow, rows of errors have none.
_COUNTED = f"""
SELECT workflow_id, node_id AS value_id, count(*), count(*) FILTER (WHERE status IN ({_RATED})),
    count(*) FILTER (WHERE status IN ({_FAILING})), percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms),
    NULL, NULL
FROM visit WHERE is_latest GROUP BY 1, 2
UNION ALL (
    SELECT NULL, error_id, count(*), count(DISTINCT workflow_id), NULL, NULL,
        (array_agg(execution_id ORDER BY at DESC NULLS LAST, execution_id))[1], max(at)
    FROM visit WHERE status IN ({_FAILING}) GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT {MAX_ERRORS}
)
"""


def system_records(
    team_id: UUID, kind: Kind, value_id: int, workflows: Iterable[UUID], window: Window, *, environment: str | None
) -> SystemRecords:
    """Calls by workflow and node, and the most frequent errors, of the latest executions of these workflows.

    Of each workflow the latest executions of the window are looked at, and for errors the latest failed ones, too.
    Three queries, however many there are.
    """
    wanted = sorted(workflows)
    limit = max(MIN_EXECUTIONS, MAX_EXECUTIONS // max(len(wanted), 1))
    chosen = _chosen(team_id, wanted, window, limit, environment)
    looked_at = dict.fromkeys(wanted, 0)
    for one in chosen:
        looked_at[one.workflow_id] += one.is_latest
    cut = frozenset(workflow for workflow, count in looked_at.items() if count >= limit)
    if not chosen:
        return SystemRecords([], [], looked_at, cut)
    called, params = _called(team_id, kind, value_id, chosen)
    rows = run_planned(called + _COUNTED, params)
    names = label_values(team_id, (row[1] for row in rows))
    nodes = [NodeCalls(row[0], names.get(row[1]), *row[2:6]) for row in rows if row[0] is not None]
    errors = [ErrorRow(names.get(row[1]), *row[2:4], *row[6:]) for row in rows if row[0] is None]
    errors.sort(key=lambda one: (-one.failures, one.error or ""))
    return SystemRecords(nodes, errors, looked_at, cut)


def _chosen(
    team_id: UUID, workflows: Sequence[UUID], window: Window, limit: int, environment: str | None
) -> list[_Chosen]:
    told = "AND environment_id = %(environment)s" if environment is not None else ""
    latest = _LATEST.format(environment=told, condition="")
    failed = _LATEST.format(environment=told, condition=f"AND status IN ({_FAILING})")
    params = {
        "team": team_id,
        "workflows": list(workflows),
        "start": window.start,
        "end": window.end,
        "limit": limit,
        "environment": label_id(LabelKind.ENVIRONMENT, environment) if environment is not None else None,
    }
    return [_Chosen(*row) for row in run_planned(_CHOSEN.format(latest=latest, failed=failed), params)]


def _called(team_id: UUID, kind: Kind, value_id: int, chosen: Sequence[_Chosen]) -> tuple[str, dict[str, Any]]:
    """The calls that these executions made, as the beginning of a statement, and its parameters."""
    params: dict[str, Any] = {
        "team": team_id,
        "value": value_id,
        "ids": [one.id for one in chosen],
        "of": [one.workflow_id for one in chosen],
        "kept": [one.retention_class for one in chosen],
        "on": [one.anchor_day for one in chosen],
        "latest": [one.is_latest for one in chosen],
    }
    days = []
    for number, kept in enumerate(sorted({one.retention_class for one in chosen})):
        found = [one.anchor_day for one in chosen if one.retention_class == kept]
        days.append(f"(s.retention_class = {kept:d} AND s.anchor_day BETWEEN %(from{number})s AND %(to{number})s)")
        params |= {f"from{number}": min(found), f"to{number}": max(found)}
    return _CALLED.format(days=" OR ".join(days), column=kind.column), params
