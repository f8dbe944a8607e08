"""Evaluating alert rules: one minute of many rules, a minute in which all fire, an idle beat, and the detection delay.

Workflows have an hour of rollups by the minute, made by PostgreSQL itself. Rules are a mix of windows, metrics and
looks, each about one workflow. CPU is of this process and of the PostgreSQL process that it talks to. The delay is
that of `bench.detection`.
"""

import statistics
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg

from bench import clock, detection
from bench.filling import analyze
from bench.stage import Stage

SIZES = ((1_000, 200), (10_000, 1_000))
REPEATS = 3
IDLE_BEATS = 20
MINUTE = timedelta(minutes=1)

_WORKFLOWS = """INSERT INTO workflow (id, team_id, name, slug, type, is_sample, completeness, created_at)
    SELECT id, %(team)s, 'Flow ' || n, 'flow-' || n, '', false, '', now()
    FROM unnest(%(workflows)s::uuid[]) WITH ORDINALITY AS w (id, n)"""
_ROLLUPS = """INSERT INTO rollup (team_id, workflow_id, environment_id, dimension, value_id, grain, bucket, runs,
        unknown, queued, running, waiting, skipped, cancelled, succeeded, timed_out, failed, retries, duration_count,
        duration_sum_ms, input_tokens, output_tokens, cost_usd, histogram_bins, histogram_counts, folded_at)
    SELECT %(team)s, w, %(environment)s, 0, 0, 1, b, %(runs)s, 0, 0, 0, 0, 0, 0, %(runs)s - %(failed)s, 0, %(failed)s,
        1, %(runs)s, %(runs)s * 1200.0, %(runs)s * 900, %(runs)s * 100, %(runs)s * 0.004,
        ARRAY[150, 160, 170, 175, 180, 190]::smallint[],
        array_fill((%(runs)s / 6 + 1)::bigint, ARRAY[6]), b + interval '61 seconds'
    FROM unnest(%(workflows)s::uuid[]) AS w, generate_series(%(start)s, %(end)s, interval '1 minute') AS b
    ON CONFLICT (team_id, workflow_id, environment_id, dimension, bucket, value_id, grain)
        DO UPDATE SET runs = EXCLUDED.runs, succeeded = EXCLUDED.succeeded, failed = EXCLUDED.failed"""
# Metric, threshold that a calm workflow does not reach, length of the window.
_MIX = (
    *(("error_rate", 0.05, 300), ("failures", 1e6, 300), ("duration_p95", 1e7, 300), ("error_rate", 0.1, 3600)),
    *(("cost_usd", 1e6, 3600), ("duration_p99", 1e7, 900), ("runs", 1e9, 900), ("tokens_per_run", 1e6, 300)),
    *(("failed_in_a_row", 1.0, 0), ("stuck", 1e9, 0)),
)


def measure(stage: Stage) -> dict[str, Any]:
    """Everything, with the loop that says how fast this machine is just then."""
    found: dict[str, Any] = {"calibration_s": clock.loop_ms() / 1_000}
    for rules, workflows in SIZES:
        found[f"rules_{rules}"] = _evaluations(stage, rules, workflows)
        print(found, flush=True)
    found["idle_beat"] = _idle()
    found["detection"] = detection.measure(stage)
    return found


def _evaluations(stage: Stage, rules: int, workflows: int) -> dict[str, Any]:
    """Minute after minute: first (states are new), calm, with a hundred times the runs, and all rates on fire."""
    from accounts.services.teams import create_team_with_owner

    team_id = create_team_with_owner(name=f"Bench {rules}", email=f"alerts{rules}@example.com").team.id
    now = datetime.now(UTC).replace(second=10, microsecond=0)
    given = _given(team_id, workflows, now)
    _fill(stage, given, runs=60, failed=1)
    make_rules(team_id, given["workflows"], rules, datetime.now(UTC) - MINUTE)
    analyze()
    found = {"first": evaluate(team_id, now)}
    found["calm"] = _middle([evaluate(team_id, now + place * MINUTE) for place in range(1, 1 + REPEATS)])
    _fill(stage, given, runs=6_000, failed=100)
    found["hundred_times_the_runs"] = _middle(
        [evaluate(team_id, now + place * MINUTE) for place in range(4, 4 + REPEATS)]
    )
    _fill(stage, given, runs=60, failed=30)
    found["all_rates_fire"] = evaluate(team_id, now + 8 * MINUTE)
    found["incidents"] = _incidents(team_id)
    found["outage_of_ten_minutes"] = evaluate(team_id, now + 18 * MINUTE)
    found["outage_of_four_hours"] = evaluate(team_id, now + 258 * MINUTE)
    return found


def _given(team_id: UUID, workflows: int, now: datetime) -> dict[str, Any]:
    from monitoring.identity import LabelKind, label_id, workflow_id

    return {
        "team": team_id,
        "workflows": [workflow_id(team_id, f"Flow {n + 1}") for n in range(workflows)],
        "environment": label_id(LabelKind.ENVIRONMENT, "production"),
        "start": now.replace(second=0) - 60 * MINUTE,
        "end": now.replace(second=0) + 260 * MINUTE,
    }


def _fill(stage: Stage, given: dict[str, Any], *, runs: int, failed: int) -> None:
    with psycopg.connect(stage.admin_url()) as connection:
        if not connection.execute("SELECT 1 FROM workflow WHERE team_id = %(team)s", given).fetchone():
            connection.execute(_WORKFLOWS, given)
        connection.execute(_ROLLUPS, {**given, "runs": runs, "failed": failed})


def make_rules(team_id: UUID, workflows: list[UUID], count: int, due: datetime) -> None:
    """Rules of all kinds, each about one of the workflows."""
    from accounts.tenancy import team_context
    from alerts.models import AlertRule
    from alerts.services.evaluation import ensure_due

    ago = datetime.now(UTC) - timedelta(days=30)
    made = []
    for number in range(count):
        metric, threshold, window = _MIX[number % len(_MIX)]
        made.append(
            AlertRule(
                team_id=team_id,
                name=f"Rule {number}",
                metric=metric,
                threshold=threshold,
                window_s=window,
                workflow_id=workflows[number // len(_MIX) % len(workflows)],
                min_samples=0,
                created_at=ago,
                updated_at=ago,
            )
        )
    with team_context(team_id):
        AlertRule.objects.bulk_create(made)
        ensure_due(team_id, [one.id for one in made], due)


def evaluate(team_id: UUID, now: datetime) -> dict[str, float]:
    """One evaluation of all that is due: seconds, CPU seconds, statements, rules, and the transactions it took."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from alerts.services.evaluation import evaluate_team

    rules, began, batches = 0, time.perf_counter(), [0.0]

    def work() -> None:
        nonlocal rules
        while done := evaluate_team(team_id, now):
            rules += done
            batches.append(time.perf_counter() - began)

    with CaptureQueriesContext(connection) as captured:
        spent = clock.spend(clock.backend(), work)
    longest = max((end - start for start, end in pairwise(batches)), default=spent.wall)
    return {
        "rules": rules,
        "wall_s": spent.wall,
        "cpu_s": spent.cpu,
        "statements": len(captured),
        "batches": len(batches) - 1,
        "longest_batch_s": longest,
    }


def _middle(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def _incidents(team_id: UUID) -> int:
    from accounts.tenancy import team_context
    from alerts.models import Incident

    with team_context(team_id):
        return Incident.objects.count()


def _idle() -> dict[str, float]:
    """A beat when nothing is due."""
    from alerts.services.evaluation import evaluate_due

    long_ago = datetime.now(UTC) - timedelta(days=60)
    began = time.process_time()
    for _ in range(IDLE_BEATS):
        evaluate_due(long_ago, seconds=1)
    return {"python_cpu_ms": (time.process_time() - began) / IDLE_BEATS * 1e3}
