"""How cost grows with what is stored: `python -m bench growth [--executions N]`, by default up to 1,000,000.

`--home FOLDER` keeps what was filled for the next time.

A team for each size, all in one database, filled as `bench.filling` says. Then pages, alerts, the fold of rollups, an
export, and ingest by each protocol, each beside hand-written SQL or plain `COPY` in the same run. CPU seconds are those
of Python and PostgreSQL together. Ingest adds executions, and so comes last.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bench import alerts, copying, export, ingest, otlp, pages, plain_sql
from bench.clock import loop_ms, spend
from bench.counting_again import differing
from bench.filling import SEED, Filled, analyze, fill_large
from bench.multiplying import MOST_COPIES
from bench.stage import Stage, wait_for_web

SIZES = (20_000, 100_000, 1_000_000)
LARGEST = SIZES[-1]
# Ten million executions of ten steps would not fit a small disk, and all sizes are alike.
STEPS = 4
RULES = 100
# Hours whose rollups are counted again from records at each size.
CHECKED_HOURS = 40
FOLDED = timedelta(days=5)
PAIRS = 2
LIMITS_MS = {"trends_30d": 60.0, "failed_list": 15.0, "execution_detail": 15.0}
_DISK = """SELECT coalesce(pg_partition_root(oid), oid)::regclass::text, sum(pg_total_relation_size(oid))::bigint
    FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND coalesce(pg_partition_root(oid), oid)::regclass::text = ANY(%s) GROUP BY 1 ORDER BY 1"""
TABLES = ["cost_line", "cost_rollup", "execution", "facet", "payload", "rollup", "step"]


def sizes(largest: int) -> list[int]:
    """The sizes up to the largest, itself included."""
    return [*(size for size in SIZES if size < largest), largest]


def wrong_size(largest: int) -> str:
    """Why a largest size cannot be measured; empty where it can."""
    smallest, most = SIZES[0], SEED * MOST_COPIES
    if largest % SEED or not smallest < largest <= most:
        return f"executions are a multiple of {SEED:,}, more than {smallest:,}, at most {most:,}"
    return ""


def measure(stage: Stage, largest: int = LARGEST) -> dict[str, Any]:
    """Everything at every size, with how fast the machine was before and after."""
    now, loops = datetime.now(UTC), [loop_ms()]
    teams = [fill_large(f"growth-{size}", size, now, steps=STEPS) for size in sizes(largest)]
    analyze()
    found: dict[str, Any] = {
        "steps": STEPS,
        "fill_s": {str(one.size): one.seconds for one in teams},
        "different_rollups": {str(one.size): len(differing(one.team.id, one.until, CHECKED_HOURS)) for one in teams},
        "disk": _disk(stage, teams),
        "pages": pages.serve(stage, teams),
    }
    loops.append(loop_ms())
    found["rollups"] = {str(one.size): _rollups(stage, one) for one in teams}
    found["alerts"] = {str(one.size): _alerts(stage, one) for one in teams}
    found["exports"] = {str(one.size): _exports(stage, one) for one in teams}
    found["ingest"] = _ingest(stage, teams)
    limited = {size: times for size, times in found["pages"].items() if int(size) <= LARGEST}
    growth = {what: pages.growth(limited, what) for what in ("cpu_ms", "wall_ms")}
    limits = {"limit_growth": pages.LIMIT_GROWTH, "limits_ms": LIMITS_MS}
    return {**found, "growth": growth, **limits, "loop_ms": [*loops, loop_ms()]}


def _disk(stage: Stage, teams: Sequence[Filled]) -> dict[str, Any]:
    """Bytes of tables with their indexes, and of records an execution and a step."""
    with psycopg.connect(stage.admin_url()) as connection:
        found = {str(name): int(size) for name, size in connection.execute(_DISK, [TABLES]).fetchall()}
        row = connection.execute("SELECT count(*) FROM step").fetchone()
    executions, steps = sum(one.size for one in teams), int(row[0]) if row else 0
    records = sum(found[name] for name in ("execution", "facet", "payload", "step"))
    return {
        "bytes": found,
        "executions": executions,
        "steps": steps,
        "bytes_per_execution": records / executions,
        "bytes_per_span": records / (executions + steps),
    }


def _beside(stage: Stage, ours: Callable[[], Any], by_hand: Callable[[], Any], count: int) -> dict[str, float]:
    """CPU seconds of both for a million of what is counted, and their ratio; `by_hand` has run once before."""
    by_hand()
    mine, theirs = spend(stage.postgres_pid(), ours), spend(stage.postgres_pid(), by_hand)
    return {
        "count": count,
        "cpu_s": mine.cpu,
        "wall_s": mine.wall,
        "sql_cpu_s": theirs.cpu,
        "cpu_s_per_million": mine.cpu / max(count, 1) * 1e6,
        "sql_cpu_s_per_million": theirs.cpu / max(count, 1) * 1e6,
        "ratio_to_sql": mine.cpu / max(theirs.cpu, 0.01),
    }


_MARK = """INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, marked_at)
    SELECT team_id, workflow_id, environment_id, bucket, now() FROM rollup WHERE team_id = %(team)s
        AND grain = 2 AND dimension = 0 AND bucket >= %(start)s AND bucket < %(end)s"""
_FORGET = """DELETE FROM rollup
    WHERE team_id = %(team)s AND grain = 2 AND bucket >= %(start)s AND bucket < %(end)s"""
_STEPS = """SELECT coalesce(sum(step_count), 0) FROM execution
    WHERE team_id = %(team)s AND counted_at >= %(start)s AND counted_at < %(end)s"""


def _rollups(stage: Stage, filled: Filled) -> dict[str, float]:
    """The fold of all hours of some days from records, into no rows, beside one `INSERT ... SELECT ... GROUP BY`."""
    from django.db import connection

    from accounts.tenancy import team_context
    from monitoring.store.rollups import fold_all

    team_id = filled.team.id
    end = filled.until - timedelta(days=30)
    values = {"team": team_id, "start": end - FOLDED, "end": end}
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(_MARK, values)
        cursor.execute(_FORGET, values)
        cursor.execute(_STEPS, values)
        ((steps,),) = cursor.fetchall()
    with plain_sql.connect(stage.admin_url()) as by_hand:
        return _beside(
            stage,
            lambda: fold_all(filled.until, team_id=team_id),
            lambda: plain_sql.fold(by_hand, team_id, values["start"], end),
            int(steps),
        )


def _alerts(stage: Stage, filled: Filled) -> dict[str, float]:
    """One evaluation of rules of all kinds, after a first one that makes their states; beside reading the figures."""
    from accounts.tenancy import team_context
    from monitoring.models import Workflow

    with team_context(filled.team.id):
        workflows = list(Workflow.objects.order_by("name").values_list("id", flat=True))
    alerts.make_rules(filled.team.id, workflows, RULES, filled.until)
    alerts.evaluate(filled.team.id, filled.until)
    with plain_sql.connect(stage.admin_url()) as connection:
        values = {"team": filled.team.id, **plain_sql.window(filled.until, timedelta(hours=1))}
        return _beside(
            stage,
            lambda: alerts.evaluate(filled.team.id, filled.until + alerts.MINUTE),
            plain_sql.reading(connection, (plain_sql.ALERTS,), values),
            RULES,
        )


def _exports(stage: Stage, filled: Filled) -> dict[str, float]:
    """All cost lines as CSV by the process that the worker starts, beside `COPY`."""
    with plain_sql.connect(stage.admin_url()) as connection:
        by_hand = spend(stage.postgres_pid(), lambda: plain_sql.export(connection, filled.team.id)).cpu
    told = export.export_one(stage, filled.team.id, "lines", "csv-machine")
    used = told["cpu_s"] + told["postgres_cpu_s"]
    return {"lines": told["rows"], "cpu_s": used, "sql_cpu_s": by_hand, "peak_mb": told["peak_mb"]}


def _ingest(stage: Stage, teams: Sequence[Filled]) -> dict[str, Any]:
    """By size and protocol: pairs with `COPY`. Numbers of executions differ between sizes, as all are in one table."""
    found: dict[str, Any] = {}
    web = stage.spawn("web")
    copying.make_copies(stage.admin_url())
    try:
        wait_for_web(stage.port)
        for place, filled in enumerate(teams, start=1):
            key = filled.made.api_key
            of_size = found[str(filled.size)] = {
                "json": ingest.compare(stage, web.pid, key, first_round=100 * place, pairs=PAIRS)
            }
            for number, encoding in enumerate(otlp.TYPES):
                first = place * 1_000_000_000 + number * 100_000_000
                of_size[f"otlp {encoding}"] = otlp.compare(stage, web.pid, key, encoding, first, pairs=PAIRS)
    finally:
        web.terminate()
        web.wait()
    return found
