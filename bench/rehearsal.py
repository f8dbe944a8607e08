"""What rehearsing an alert rule takes: `python -m bench rehearsal`.

One workflow with a million executions in 30 days, written straight into the table. CPU seconds are those of this
process and of its connection's backend; wall time depends on what else the machine does.
"""

import statistics
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from bench import clock

EXECUTIONS = 1_000_000
REPEATS = 3
LIMIT_CPU_S = 3.0
# Every hundredth run fails, more of them in two hours of each third day.
_FILL = """
INSERT INTO execution (team_id, id, origin_id, workflow_id, environment_id, started_at, told_finished_at, received_at,
    told_duration_ms, anchor_day, status, external_id)
SELECT %(team)s, id, id, %(workflow)s, %(environment)s, ended - took * interval '1 ms', ended, ended, took, ended::date,
    CASE WHEN random() < CASE WHEN extract(day FROM ended)::int %% 3 = 0 AND extract(hour FROM ended) IN (9, 10)
        THEN 0.2 ELSE 0.01 END THEN 8 ELSE 6 END, id::text
FROM (SELECT gen_random_uuid() AS id, %(start)s + place * interval '30 days' / %(count)s AS ended,
    round((exp(random() * 4 + 5))::numeric, 1)::float8 AS took FROM generate_series(1, %(count)s) AS place) AS made
"""
_HOURS = """
INSERT INTO rollup (team_id, workflow_id, environment_id, dimension, value_id, grain, bucket, folded_at, runs, unknown,
    queued, running, waiting, skipped, cancelled, succeeded, timed_out, failed, retries, duration_count,
    duration_sum_ms, histogram_bins, histogram_counts)
SELECT %(team)s, %(workflow)s, %(environment)s, 0, 0, 2, date_trunc('hour', counted_at), now(), count(*), 0, 0, 0, 0, 0,
    0, count(*) FILTER (WHERE status = 6), 0, count(*) FILTER (WHERE status = 8), 0, 0, 0, '{}', '{}'
FROM execution WHERE team_id = %(team)s GROUP BY 7
"""
RULES: dict[str, dict[str, Any]] = {
    "error rate, 5 minutes": {"metric": "error_rate", "threshold": 0.05, "min_samples": 20},
    "p95 latency, 15 minutes": {"metric": "duration_p95", "threshold": 5_000, "window_s": 900, "min_samples": 20},
    "failures in a row": {"metric": "failed_in_a_row", "threshold": 2},
    "error rate, 2 days, by the hour": {"metric": "error_rate", "threshold": 0.05, "window_s": 2 * 86_400},
}


def measure() -> dict[str, Any]:
    """CPU and wall seconds of one rehearsal of each rule, medians, with what it found."""
    from accounts.services.teams import create_team_with_owner
    from accounts.tenancy import team_context
    from bench.filling import analyze
    from monitoring.models import Workflow

    made, now = create_team_with_owner(name="Bench rehearsal", email="rehearsal@example.com"), datetime.now(UTC)
    with team_context(made.team.id):
        workflow = Workflow.objects.create(team=made.team, name="checkout", slug="checkout")
        _fill(made.team.id, workflow.id, now)
    analyze()
    with team_context(made.team.id):
        return {"executions": EXECUTIONS, "limit_cpu_s": LIMIT_CPU_S, **_figures(made.team.id, now)}


def _fill(team_id: UUID, workflow_id: UUID, now: datetime) -> None:
    from django.db import connection

    from monitoring.identity import PRODUCTION, LabelKind, label_id
    from monitoring.models import Label

    environment = label_id(LabelKind.ENVIRONMENT, PRODUCTION)
    Label.objects.create(team_id=team_id, id=environment, kind=LabelKind.ENVIRONMENT, value=PRODUCTION)
    told = {"team": team_id, "workflow": workflow_id, "environment": environment, "count": EXECUTIONS}
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {**told, "start": now - timedelta(days=30)})
        cursor.execute(_HOURS, told)


def _figures(team_id: UUID, now: datetime) -> dict[str, Any]:
    from alerts.services.rehearsal import rehearse_rule
    from alerts.services.rules import as_rule, checked

    postgres = clock.backend()
    found: dict[str, Any] = {}
    for name, fields in RULES.items():
        rule = as_rule(team_id, checked(team_id, {"name": name, **fields}))
        rehearse = partial(rehearse_rule, team_id, rule, now)
        spent = [clock.spend(postgres, rehearse) for _ in range(REPEATS)]
        rehearsal = rehearse()
        found[name] = {
            "cpu_s": statistics.median(one.cpu for one in spent),
            "wall_s": statistics.median(one.wall for one in spent),
            "firings": len(rehearsal.firings),
            "weekly_threshold": rehearsal.advised.threshold if rehearsal.advised else None,
        }
    return found
