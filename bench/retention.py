"""How long retention takes for one day of 1,000,000 steps: dropped, and deleted for one team while reports come in.

Days of 1,000,000 steps (100,000 executions), half of each of two teams, are made by PostgreSQL itself; the others of
the 90 have partitions without rows, as their rows would not fit a bench's time and disk. The first days are past both
teams' limits. Of each of the others only the first team's half is, and goes in a process of its own while this one
takes in reports; before and after it takes in as many without. Time that a pause takes counts like any other.
"""

import json
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import IO, Any, cast
from uuid import UUID

import psycopg

from bench.costlines import reports
from bench.filling import analyze
from bench.stage import Stage
from bench.usage import cpu_seconds

STEPS = 1_000_000
PER_RUN = 10
DROPPED, ONE_TEAM = 2, 4
DAYS = DROPPED + ONE_TEAM
KEPT = 90
EXECUTIONS_A_REQUEST = 50

_RUNS = """INSERT INTO execution (team_id, id, external_id, origin_id, environment_id, retention_class, anchor_day,
        status, started_at, told_finished_at, received_at, step_count)
    SELECT %(team)s, id, 'r-' || n, id, 1, 0, %(day)s, 5, at, at + interval '1 second', at, %(per)s
    FROM (SELECT n, md5(%(team)s::text || %(day)s::text || n)::uuid AS id,
            %(day)s::date + n * interval '0.8 seconds' AS at FROM generate_series(1, %(runs)s) AS n) AS made"""
_STEPS = """INSERT INTO step (team_id, execution_id, id, node_id, started_at, ended_at, anchor_day, retention_class,
        status, position)
    SELECT team_id, id, hashtextextended(id::text, p), p, started_at, started_at + interval '1 second', anchor_day, 0,
        5, p FROM execution, generate_series(1, %(per)s) AS p WHERE anchor_day = %(day)s ORDER BY started_at, id, p"""
_PAYLOADS = """INSERT INTO payload (team_id, execution_id, digest, anchor_day, retention_class, body)
    SELECT team_id, id, 1, anchor_day, 0, decode(repeat(md5(id::text), 20), 'hex') FROM execution
    WHERE anchor_day = %(day)s ORDER BY started_at, id"""
# Lines in: instants at which to pass over all teams; lines out: what went, its seconds, CPU seconds with the backend's.
_CHILD = """import django; django.setup()
import json, sys, time
from datetime import datetime
from bench.usage import cpu_seconds
from django.db import connection
from monitoring.store.retention import drop_expired
with connection.cursor() as cursor:
    backend = cursor.execute("SELECT pg_backend_pid()").fetchone()[0]
def cpu():
    return time.process_time() + cpu_seconds(backend)
print("{}", flush=True)
for line in sys.stdin:
    began, before = time.monotonic(), cpu()
    gone = drop_expired(datetime.fromisoformat(line.strip()))
    told = {"seconds": time.monotonic() - began, "cpu_s": cpu() - before}
    print(json.dumps({**told, "executions": gone.executions, "rows": gone.rows, "tables": gone.tables}), flush=True)
"""


def measure(stage: Stage) -> dict[str, Any]:
    """Both ways of deleting one day, with the bytes on the disk before and after."""
    from accounts.services.retention import save_policy
    from accounts.services.teams import create_team_with_owner
    from monitoring.store.partitions import ensure

    now = datetime.now(UTC)
    teams = [create_team_with_owner(name=f"Bench {n}", email=f"ret{n}@example.com").team.id for n in ("one", "two")]
    oldest = now.date() - timedelta(days=KEPT + DAYS)
    ensure((0, oldest + timedelta(days=n)) for n in range(KEPT + DAYS + 1))
    days = [oldest + timedelta(days=n) for n in range(DAYS)]
    _fill(stage, teams, days)
    for team_id in teams:
        save_policy(team_id=team_id, values={"production_days": KEPT}, now=now)
    with _child() as child:
        dropped = [_gone(child, day, lambda: None) for day in days[:DROPPED]]
        save_policy(team_id=teams[1], values={"production_days": KEPT + 2 * DAYS}, now=now)
        one_team = list(_beside_ingest(child, teams[1], days[DROPPED:]))
        cast("IO[bytes]", child.stdin).close()
    return {
        **{"steps_a_day": STEPS, "days_with_rows": DAYS, "dropped": dropped, "one_team": one_team},
        "ingest_slower": statistics.median(one["ingest_slower"] for one in one_team),
        "ingest_cpu_more": statistics.median(one["ingest_cpu_more"] for one in one_team),
    }


def _fill(stage: Stage, teams: list[UUID], days: list[date]) -> None:
    """Rows of all days; both teams' stand beside each other in the files, as they do where both report all day."""
    with psycopg.connect(stage.admin_url()) as connection:
        for day in days:
            for team_id in teams:
                about = {"team": team_id, "day": day, "runs": STEPS // PER_RUN // 2, "per": PER_RUN}
                connection.execute(_RUNS, about)
            about = {"day": day, "per": PER_RUN}
            connection.execute(_STEPS, about)
            connection.execute(_PAYLOADS, about)
    analyze()


def _child() -> subprocess.Popen[bytes]:
    """A process that is ready to delete."""
    command = [sys.executable, "-c", _CHILD]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=dict(os.environ))
    cast("IO[bytes]", child.stdout).readline()
    return child


def _gone(child: subprocess.Popen[bytes], day: date, meanwhile: Any) -> dict[str, Any]:
    """Has everything up to a day deleted; `meanwhile` is called again and again until it has gone."""
    given, said = cast("IO[bytes]", child.stdin), cast("IO[bytes]", child.stdout)
    before = _bytes(day)
    instant = datetime(day.year, day.month, day.day, 1, tzinfo=UTC) + timedelta(days=KEPT + 1)
    given.write(f"{instant.isoformat()}\n".encode())
    given.flush()
    while not select.select([said], [], [], 0)[0]:
        if meanwhile() is None:
            break
    told: dict[str, Any] = json.loads(said.readline())
    return told | {"bytes_before": before, "bytes_after": _bytes(day)}


def _beside_ingest(child: subprocess.Popen[bytes], team_id: UUID, days: list[date]) -> Iterator[dict[str, Any]]:
    """One team's half of each day goes while the other's reports come in."""
    from django.db import connection

    from ingestion.acceptance import accept

    source = reports(10**6, datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((backend,),) = cursor.fetchall()

    def cpu() -> float:
        return time.process_time() + cpu_seconds(backend)

    def ingest() -> float:
        began = time.monotonic()
        accept(team_id, list(islice(source, EXECUTIONS_A_REQUEST)), now=datetime.now(UTC))
        return time.monotonic() - began

    def alone(count: int) -> tuple[float, float]:
        """Seconds and CPU seconds of a request without anything beside it."""
        before = cpu()
        times = [ingest() for _ in range(count)]
        return statistics.mean(times), (cpu() - before) / count

    alone(30)
    earlier = alone(30)
    for day in days:
        times: list[float] = []
        before = cpu()
        told = _gone(child, day, lambda times=times: times.append(ingest()) or True)
        beside = statistics.mean(times), (cpu() - before) / len(times)
        later = alone(max(len(times), 30))
        slower, more = (beside[n] / statistics.mean((earlier[n], later[n])) - 1 for n in (0, 1))
        yield told | {"requests": len(times), "ingest_slower": slower, "ingest_cpu_more": more}
        earlier = later


def _bytes(day: date) -> int:
    """Of all partitions of the day, with their indexes."""
    from monitoring.store.expiry_days import partitions

    tables = ("step", "payload", "log_line", "facet")
    return sum(one.bytes for table in tables for one in partitions(table, 0) if one.day == day)
