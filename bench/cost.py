"""Server time of the cost page over a year of rollups worth 100 million steps: `python -m bench cost`.

300 workflows, 8 models of 4 providers, 5 kinds of cost, 400 days: rows are made by PostgreSQL itself, summaries and
months by the product. CPU milliseconds a request of the process and of PostgreSQL together (mean), wall time (median;
without the network) and queries.
"""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from bench import clock
from bench.filling import analyze
from bench.stage import Stage

WORKFLOWS, MODELS, PROVIDERS, DAYS = 300, 8, 4, 400
# Steps that the rows of a year stand for.
STEPS_A_YEAR = 100_000_000
REPEATS = 31
LIMITS_MS = {"month": 50.0, "year": 50.0}

_WORKFLOWS = """INSERT INTO workflow (id, team_id, name, slug, type, is_sample, completeness, created_at)
    SELECT id, %(team)s, 'Flow ' || n, 'flow-' || n, '', false, '', now()
    FROM unnest(%(workflows)s::uuid[]) WITH ORDINALITY AS w (id, n)"""
# What a workflow uses on a day: two models, each with what succeeded and what failed, and four other kinds.
_ROWS = """INSERT INTO cost_rollup (team_id, grain, dimension, bucket, workflow_id, environment_id, provider_id,
        model_id, kind, entry, outcome, value_id, lines, calls, input_tokens, output_tokens, unpriced_tokens, cost_usd,
        priced_usd, list_usd, folded_at)
    SELECT %(team)s, 3, 0, day, w.id, %(environment)s,
        CASE WHEN u.kind = 0 THEN (%(providers)s::bigint[])[1 + (w.n + u.which) %% %(provider_count)s] ELSE 0 END,
        CASE WHEN u.kind = 0 THEN (%(models)s::bigint[])[1 + (w.n + u.which) %% %(model_count)s] ELSE 0 END,
        u.kind, 0, u.outcome, 0, 24, CASE WHEN u.kind = 0 THEN %(steps)s ELSE 0 END,
        CASE WHEN u.kind = 0 THEN 500 * %(steps)s END, CASE WHEN u.kind = 0 THEN 90 * %(steps)s END, 0,
        c.usd, c.usd, c.usd, now()
    FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS day
    CROSS JOIN unnest(%(workflows)s::uuid[]) WITH ORDINALITY AS w (id, n)
    CROSS JOIN (VALUES (0, 0, 1), (0, 0, 2), (0, 1, 1), (0, 1, 2), (1, 0, 1), (2, 0, 1), (3, 0, 1), (4, 0, 1))
        AS u (kind, which, outcome)
    CROSS JOIN LATERAL (SELECT (0.4 + (w.n * 7919 + extract(doy FROM day)::int * 31 + u.kind + u.outcome) %% 97
        * 0.0123456789)::numeric / u.outcome AS usd) AS c"""
_RUNS = """INSERT INTO rollup (team_id, workflow_id, environment_id, value_id, bucket, folded_at, dimension, grain,
        runs, unknown, queued, running, waiting, skipped, cancelled, succeeded, timed_out, failed, retries,
        duration_count, duration_sum_ms, histogram_bins, histogram_counts)
    SELECT %(team)s, w.id, %(environment)s, 0, at, now(), 0, grain, 100 * days, 0, 0, 0, 0, 0, 0, 96 * days, 0,
        4 * days, 0, 100 * days, 100000.0 * days, ARRAY[340]::smallint[], ARRAY[100 * days]::bigint[]
    FROM unnest(%(workflows)s::uuid[]) AS w (id) CROSS JOIN (
        SELECT 3 AS grain, day AT TIME ZONE 'UTC' AS at, 1 AS days
        FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') AS day
        UNION ALL SELECT 4, date_trunc('month', day) AT TIME ZONE 'UTC', count(*)
        FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') AS day GROUP BY 2
    ) AS bucket"""


def measure(stage: Stage) -> dict[str, Any]:
    """A team of its own; its page by month, quarter and year, of one workflow, and split by workflow."""
    from django.db import connections
    from django.test import Client

    from accounts.services.teams import create_team_with_owner

    made, now = create_team_with_owner(name="Bench cost", email="cost@example.com"), datetime.now(UTC)
    began = time.perf_counter()
    rows = _fill(made.team.id, now)
    analyze()
    filled = time.perf_counter() - began
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(made.owner)
    connections["default"].close()
    base = f"/t/{made.team.slug}/cost/"
    pages = {
        "month": base,
        "whole_month": f"{base}?at={(now.replace(day=1) - timedelta(days=1)):%Y-%m}",
        "quarter": f"{base}?period=quarter",
        "year": f"{base}?period=year",
        "month_by_workflow": f"{base}?by=workflow",
        "one_workflow": f"{base}?workflow=flow-7",
        "one_model": f"{base}?model=model-3",
    }
    figures = {name: _timed(stage, client, path) for name, path in pages.items()}
    return {"pages": figures, "rows": rows, "fill_wall_s": filled, "limits_ms": LIMITS_MS}


def _timed(stage: Stage, client: Any, path: str) -> dict[str, float]:
    from django.core.signals import request_started
    from django.db import connection, reset_queries

    for _ in range(8):
        if (status := client.get(path).status_code) != 200:
            raise RuntimeError(f"{path} answered {status}")
    # A request empties the log of its connection when it starts.
    connection.force_debug_cursor = True
    request_started.disconnect(reset_queries)
    connection.queries_log.clear()
    client.get(path)
    queries = len(connection.queries_log)
    request_started.connect(reset_queries)
    connection.force_debug_cursor = False
    found = clock.timed(stage.postgres_pid(), lambda: client.get(path), repeats=REPEATS, warm=0)
    spent = {"cpu_ms": found["python_cpu_ms"], "postgres_cpu_ms": found["postgres_cpu_ms"]}
    return {"wall_ms": found["wall_ms"], **spent, "queries": queries}


def _fill(team_id: UUID, now: datetime) -> dict[str, int]:
    """The rows, month by month; how many of each kind of row there are."""
    from django.db import connection

    from accounts.tenancy import team_context
    from billing.models import CostGrain
    from billing.store import rollups
    from billing.store.summaries import add_summaries
    from monitoring.identity import LabelKind, label_id, workflow_id
    from monitoring.models import Label

    labels = [(LabelKind.ENVIRONMENT, "production")]
    labels += [(LabelKind.PROVIDER, f"provider-{number}") for number in range(PROVIDERS)]
    labels += [(LabelKind.MODEL, f"model-{number}") for number in range(MODELS)]
    ids = {text: label_id(kind, text) for kind, text in labels}
    last = now.date()
    given: dict[str, Any] = {
        "team": team_id,
        "workflows": [workflow_id(team_id, f"Flow {number}") for number in range(WORKFLOWS)],
        "environment": ids["production"],
        "providers": [ids[f"provider-{number}"] for number in range(PROVIDERS)],
        "models": [ids[f"model-{number}"] for number in range(MODELS)],
        "provider_count": PROVIDERS,
        "model_count": MODELS,
        "steps": STEPS_A_YEAR // 365 // WORKFLOWS // 4,
        "first": last - timedelta(days=DAYS),
        "last": last,
        "now": now,
    }
    with team_context(team_id), connection.cursor() as cursor:
        Label.objects.bulk_create(Label(team_id=team_id, id=ids[text], kind=kind, value=text) for kind, text in labels)
        for statement in (_WORKFLOWS, _ROWS, _RUNS):
            cursor.execute(statement, given)
        days = [given["first"] + timedelta(days=number) for number in range(DAYS + 1)]
        months = sorted({date(day.year, day.month, 1) for day in days})
        add_summaries(cursor, {**given, "grain": CostGrain.DAY.value, **_parts(given, days)})
        of_months = {**given, "grain": CostGrain.MONTH.value, **_parts(given, months)}
        cursor.execute(rollups._MONTHS, of_months)
        add_summaries(cursor, of_months)
        cursor.execute("SELECT grain || '/' || dimension, count(*) FROM cost_rollup GROUP BY 1 ORDER BY 1")
        return dict(cursor.fetchall())


def _parts(given: dict[str, Any], buckets: list[date]) -> dict[str, list[Any]]:
    """Each workflow in the environment on each day or month, as the fold takes them."""
    parts = [(workflow, given["environment"], bucket) for bucket in buckets for workflow in given["workflows"]]
    workflows, environments, starts = (list(column) for column in zip(*parts, strict=True))
    return {"workflows": workflows, "environments": environments, "buckets": starts}
