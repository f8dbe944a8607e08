"""Server time of the Failures page's analysis over 50,000 and 1,000,000 executions of one workflow in 30 days.

The rows are made by PostgreSQL itself (a million reports would take an hour to send) with the ids that the product
derives, folded by the product, and read by the product. A third of the failures has one cause of two values.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from bench import clock
from bench.filling import analyze
from bench.stage import Stage

REPEATS = 11
SIZES = (50_000, 1_000_000)
LIMITS_MS = {50_000: 150.0, 1_000_000: 1000.0}
DAYS = 30
STEPS = 3
COUNTRIES = ("DE", "FR", "NL", "PL", "US", "JP")
TIERS = ("free", "team", "business")

# Executions are numbered; every choice is a digit of the digest of the number, so that a run repeats.
_EXECUTIONS = """
INSERT INTO execution (team_id, id, external_id, origin_id, workflow_id, release_id, environment_id, trigger_id,
    input_type_id, retention_class, anchor_day, status, started_at, told_finished_at, received_at, step_count,
    failed_step_count, failed_node_id, error_id, failure_group_id, cost_usd, facet_ids)
SELECT %(team)s, id, 'bench-' || n, id, %(workflow)s, releases[release], %(environment)s, %(trigger)s, inputs[input], 0,
    start::date, CASE WHEN failed THEN 8 ELSE 6 END, start, start + took, start + took, %(steps)s, failed::int,
    CASE WHEN failed THEN nodes[node] END, CASE WHEN failed THEN %(error)s END, CASE WHEN failed THEN groups[node] END,
    0.001 + n %% 17 * 0.0001,
    (SELECT string_agg(int8send(f.id), '' ORDER BY f.id) FROM (
        SELECT ('x' || left(md5(convert_to(key::text || ':' || value, 'UTF8')), 16))::bit(64)::bigint AS id FROM (VALUES
            (%(country)s, country), (%(tier)s, tier), (%(customer)s, (n %% 5000)::text)) AS told (key, value)) f)
FROM (
    SELECT *, (chance < 0.01 OR (country = 'FR' AND release = 3 AND chance < 0.13)) AS failed FROM (
        SELECT n, d, d::uuid AS id, 1 + get_byte(b, 0) %% 3 AS release, 1 + get_byte(b, 1) %% 3 AS input,
            1 + get_byte(b, 2) %% 3 AS node, (%(countries)s::text[])[1 + get_byte(b, 3) %% 6] AS country,
            (%(tiers)s::text[])[1 + get_byte(b, 4) %% 3] AS tier,
            (get_byte(b, 5) * 256 + get_byte(b, 6)) / 65536.0 AS chance,
            %(start)s::timestamptz + n * (%(length)s::interval / %(count)s) AS start,
            (200 + get_byte(b, 7) * 10) * interval '1 millisecond' AS took
        FROM (SELECT n, md5(%(seed)s || n) AS d, decode(md5('b' || %(seed)s || n), 'hex') AS b
            FROM generate_series(1, %(count)s) AS n) AS numbered
    ) AS chosen
) AS made, (SELECT %(releases)s::bigint[] AS releases, %(inputs)s::bigint[] AS inputs, %(nodes)s::bigint[] AS nodes,
    %(groups)s::uuid[] AS groups) AS names
"""
_STEPS = """
INSERT INTO step (team_id, execution_id, id, node_id, position, started_at, ended_at, status, error_id, retention_class,
    anchor_day, model_id, system_id)
SELECT team_id, e.id, ('x' || left(md5(e.id::text || k), 16))::bit(64)::bigint, nodes[k], k, started_at,
    started_at + duration_ms / %(steps)s * interval '1 millisecond',
    CASE WHEN failed_node_id = nodes[k] THEN 8 ELSE 6 END, CASE WHEN failed_node_id = nodes[k] THEN error_id END,
    0, anchor_day, CASE WHEN k = 2 THEN %(model)s END, CASE WHEN k = 3 THEN %(system)s END
FROM execution e, generate_series(1, %(steps)s) AS k, (SELECT %(nodes)s::bigint[] AS nodes) AS names
WHERE team_id = %(team)s
"""
_FACETS = """
INSERT INTO facet (team_id, execution_id, key_id, value, retention_class, anchor_day)
SELECT %(team)s, id, key, value, 0, anchor_day
FROM (SELECT id, anchor_day, substr(external_id, 7)::bigint AS n FROM execution
    WHERE team_id = %(team)s AND status = 8) e
CROSS JOIN LATERAL (SELECT decode(md5('b' || %(seed)s || n), 'hex') AS b) AS digest
CROSS JOIN LATERAL (VALUES (%(country)s, (%(countries)s::text[])[1 + get_byte(b, 3) %% 6]),
    (%(tier)s, (%(tiers)s::text[])[1 + get_byte(b, 4) %% 3]), (%(customer)s, (n %% 5000)::text)) AS told (key, value)
"""
_MARKS = """
INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, marked_at)
SELECT DISTINCT team_id, workflow_id, environment_id, date_trunc('hour', counted_at), now() FROM execution
WHERE team_id = %(team)s
"""


def read(team_id: UUID, now: datetime) -> Any:
    """What failed runs of the last 30 days have in common, as the page asks for it."""
    from accounts.tenancy import team_context
    from monitoring.filters import Filters
    from monitoring.models import Workflow
    from monitoring.reads import trends
    from monitoring.reads.concentration import concentration
    from monitoring.windows import parse_window

    with team_context(team_id):
        workflow = Workflow.objects.get(name="Busy")
        filters = Filters(parse_window("now-30d", "now", now))
        totals = trends.totals(team_id, filters.window, workflow_id=workflow.id, is_timed=False)
        return concentration(team_id, workflow, filters, failures=totals.failures, runs=totals.runs)


def timed(team_id: UUID, now: datetime) -> dict[str, float]:
    """Milliseconds of the analysis with its figures: all of it, and the processor time of Python and PostgreSQL."""
    found = read(team_id, now)
    return {
        **clock.timed(clock.backend(), lambda: read(team_id, now), repeats=REPEATS, warm=0),
        "failures": found.failures,
        "runs_read": found.runs,
        "compared": found.compared,
    }


def measure(stage: Stage) -> dict[str, Any]:
    """Both sizes, each in a team of its own. A cause that is not found ends the measurement."""
    from accounts.services.teams import create_team_with_owner

    now, figures = datetime.now(UTC), {}
    for size in SIZES:
        made = create_team_with_owner(name=f"Bench {size}", email=f"failures-{size}@example.com")
        fill(stage, made.team.id, size, now)
        parts = [dict(part.combination) for part in read(made.team.id, now).explanation.parts]
        if parts != [{"release": "v3", "input.country": "FR"}]:
            raise RuntimeError(f"the cause was not found: {parts}")
        figures[str(size)] = timed(made.team.id, now)
    return {"server_time": figures, "limits_ms": {str(size): limit for size, limit in LIMITS_MS.items()}}


def names(team_id: UUID, now: datetime) -> dict[str, Any]:
    """The ids of everything that the rows name, made by the product."""
    from accounts.tenancy import team_context
    from monitoring.identity import LabelKind, failure_group_id
    from monitoring.store.labels import Names

    made = Names(team_id)
    workflow = made.workflow("Busy", "bench")
    for release in ("v1", "v2", "v3"):
        made.release(workflow, release, now)
    nodes = [made.label(LabelKind.NODE, name) for name in ("parse", "classify", "send")]
    error = made.label(LabelKind.ERROR, "Timeout")
    found = {
        "workflow": workflow,
        "environment": made.label(LabelKind.ENVIRONMENT, "production"),
        "trigger": made.label(LabelKind.TRIGGER, "webhook"),
        "releases": [made.label(LabelKind.RELEASE, name) for name in ("v1", "v2", "v3")],
        "inputs": [made.label(LabelKind.INPUT_TYPE, name) for name in ("form", "chat", "import")],
        "nodes": nodes,
        "error": error,
        "groups": [failure_group_id(workflow, node, error) for node in nodes],
        "model": made.label(LabelKind.MODEL, "gpt-4o"),
        "system": made.label(LabelKind.SYSTEM, "mail.example"),
        "country": made.label(LabelKind.FACET, "input.country"),
        "tier": made.label(LabelKind.FACET, "tag.tier"),
        "customer": made.label(LabelKind.FACET, "input.customer"),
    }
    with team_context(team_id):
        made.save()
    return found


def fill(stage: Stage, team_id: UUID, count: int, now: datetime) -> None:
    """Makes the rows of `count` executions, in one transaction a table, and folds them."""
    from monitoring.store.partitions import ensure
    from monitoring.store.rollups import fold_all

    start = now - timedelta(days=DAYS) + timedelta(minutes=1)
    ensure((0, (start + timedelta(days=day)).date()) for day in range(DAYS + 1))
    given = {
        **names(team_id, start),
        "team": team_id,
        "count": count,
        "seed": str(count),
        "start": start,
        "length": timedelta(days=DAYS) - timedelta(minutes=5),
        "steps": STEPS,
        "countries": list(COUNTRIES),
        "tiers": list(TIERS),
    }
    with psycopg.connect(stage.admin_url()) as connection:
        for statement in (_EXECUTIONS, _STEPS, _FACETS, _MARKS):
            connection.execute(statement, given)
            connection.commit()
    fold_all(team_id=team_id)
    analyze()
