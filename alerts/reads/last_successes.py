"""When workflows succeeded last, and how long they usually take to succeed, or to run, again. One query for all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import run_planned
from alerts.reads.latest_runs import REMEMBERED
from alerts.reads.places import Place, Wanted
from monitoring.identity import LabelKind
from monitoring.models import Basis, Dimension, Grain
from monitoring.reads.baselines import OBJECTIVES
from monitoring.statuses import Status

# As `monitoring.reads.recency` does: the rollups say in which hour it was, and only that one is looked into.
_FACTS = f"""
SELECT w.id, env.id, e.counted_at, w.objective_freshness_ms, (b.document->>'success_gap_s')::float8,
    (b.document->>'run_gap_s')::float8
FROM workflow w
CROSS JOIN (SELECT id FROM label WHERE team_id = %(team)s AND kind = {LabelKind.ENVIRONMENT:d} AND {{environment}}) env
LEFT JOIN LATERAL (
    SELECT bucket FROM rollup WHERE team_id = %(team)s AND workflow_id = w.id AND environment_id = env.id
        AND dimension = {Dimension.NONE:d} AND grain = {Grain.HOUR:d} AND value_id = 0 AND succeeded > 0
        AND bucket >= %(since)s AND bucket <= %(now)s
    ORDER BY bucket DESC LIMIT 1
) hour ON true
LEFT JOIN LATERAL (
    SELECT max(counted_at) AS counted_at FROM execution
    WHERE team_id = %(team)s AND workflow_id = w.id AND environment_id = env.id AND status = {Status.SUCCEEDED:d}
        AND counted_at >= hour.bucket AND counted_at < hour.bucket + interval '1 hour' AND counted_at <= %(now)s
) e ON true
LEFT JOIN baseline b ON b.team_id = %(team)s AND b.workflow_id = w.id AND b.environment_id = env.id
    AND b.dimension = {Basis.WORKFLOW:d} AND b.value_id = 0 AND b.metric = '{OBJECTIVES}'
WHERE w.team_id = %(team)s AND {{workflow}}
"""


@dataclass(frozen=True, slots=True)
class SuccessFacts:
    """The last success of the last eight weeks, the objective for its age, and the usual time between successes and
    between runs, as baselines know them. None where unknown."""

    last_at: datetime | None
    objective: timedelta | None
    success_gap: timedelta | None
    run_gap: timedelta | None


def success_facts(team_id: UUID, wanted: Wanted, now: datetime) -> Mapping[Place, SuccessFacts]:
    """What is known at each of these places."""
    text = _FACTS.format(
        workflow="true" if wanted.workflow_ids is None else "w.id = ANY(%(workflows)s)",
        environment="true" if wanted.environment_ids is None else "id = ANY(%(environments)s)",
    )
    values = {"team": team_id, "workflows": wanted.workflow_ids, "environments": wanted.environment_ids}
    rows = run_planned(text, {**values, "since": now - REMEMBERED, "now": now})
    return {
        (workflow_id, environment_id): SuccessFacts(
            last_at,
            None if objective is None else timedelta(milliseconds=objective),
            None if success_gap is None else timedelta(seconds=success_gap),
            None if run_gap is None else timedelta(seconds=run_gap),
        )
        for workflow_id, environment_id, last_at, objective, success_gap, run_gap in rows
    }
