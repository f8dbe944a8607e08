"""How long retention takes for one day of 1,000,000 steps: dropped, and deleted for one team while reports come in.

Three days of 1,000,000 steps (100,000 executions), half of each team's, are made by PostgreSQL itself; the other 87
days have partitions without rows, as their rows would not fit a bench's time and disk. Of the oldest day both teams are
past their limits; of the next one only the first is, while ingest is measured in pairs with the deletion stopped and
going on.
"""

import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg

from bench.costlines import reports
from bench.pages import analyze
from bench.stage import Stage

STEPS = 1_000_000
PER_RUN = 10
DAYS = 3
KEPT = 90
REQUESTS = 4
MOST_PAIRS = 60

_RUNS = """INSERT INTO execution (team_id, id, external_id, origin_id, environment_id, retention_class, anchor_day,
        status, started_at, told_finished_at, received_at, step_count)
    SELECT %(team)s, id, 'r-' || n, id, 1, 0, %(day)s, 5, at, at + interval '1 second', at, %(per)s
    FROM (SELECT n, md5(%(team)s::text || %(day)s::text || n)::uuid AS id,
            %(day)s::date + n * interval '0.8 seconds' AS at FROM generate_series(1, %(runs)s) AS n) AS made"""
_STEPS = """INSERT INTO step (team_id, execution_id, id, node_id, started_at, ended_at, anchor_day, retention_class,
        status, position)
    SELECT team_id, id, hashtextextended(id::text, p), p, started_at, started_at + interval '1 second', anchor_day, 0,
        5, p FROM execution, generate_series(1, %(per)s) AS p WHERE team_id = %(team)s AND anchor_day = %(day)s"""
_PAYLOADS = """INSERT INTO payload (team_id, execution_id, digest, anchor_day, retention_class, body)
    SELECT team_id, id, 1, anchor_day, 0, decode(repeat(md5(id::text), 20), 'hex') FROM execution
    WHERE team_id = %(team)s AND anchor_day = %(day)s"""
_CHILD = """import django; django.setup()
from django.utils import timezone
from monitoring.store.clearing import Pace
from monitoring.store.retention import drop_expired
import os, sys, time
class Held(Pace):
    def wait(self, seconds):
        super().wait(seconds)
        while os.path.exists(sys.argv[1]):
            time.sleep(0.02)
print(drop_expired(timezone.now(), pace=Held()).rows)"""


def measure(stage: Stage) -> dict[str, Any]:
    """Both ways of deleting one day, with the bytes on the disk before and after."""
    from accounts.services.retention import save_policy
    from accounts.services.teams import create_team_with_owner
    from monitoring.store.partitions import ensure

    now = datetime.now(UTC)
    teams = [create_team_with_owner(name=f"Bench {n}", email=f"ret{n}@example.com").team.id for n in ("one", "two")]
    oldest = now.date() - timedelta(days=KEPT + 2)
    ensure((0, oldest + timedelta(days=n)) for n in range(KEPT + 3))
    days = [oldest + timedelta(days=n) for n in range(DAYS)]
    with psycopg.connect(stage.admin_url()) as connection:
        for team_id in teams:
            for day in days:
                about = {"team": team_id, "day": day, "runs": STEPS // PER_RUN // 2, "per": PER_RUN}
                for statement in (_RUNS, _STEPS, _PAYLOADS):
                    connection.execute(statement, about)
    analyze()
    for team_id in teams:
        save_policy(team_id=team_id, values={"production_days": KEPT + 1}, now=now)
    figures = {"steps_a_day": STEPS, "days_with_rows": DAYS, "dropped": _dropped(now, days[0])}
    save_policy(team_id=teams[0], values={"production_days": KEPT}, now=now)
    return {**figures, "one_team": _one_team(stage, teams, days[1])}


def _dropped(now: datetime, day: date) -> dict[str, Any]:
    """Both teams are past their limits: partitions go."""
    from monitoring.store.retention import drop_expired

    before, began = _bytes(day), time.monotonic()
    gone = drop_expired(now)
    seconds = time.monotonic() - began
    return {
        **{"seconds": seconds, "executions": gone.executions, "rows": gone.rows, "tables": gone.tables},
        **{"bytes_before": before, "bytes_after": _bytes(day)},
    }


def _one_team(stage: Stage, teams: list[UUID], day: date) -> dict[str, Any]:
    """One team's half of a day goes while reports come in: pairs of the same work with the deletion stopped and not."""
    from ingestion.acceptance import accept

    before, pairs = _bytes(day), []
    source = reports(10**6, datetime.now(UTC))

    def ingest() -> float:
        began = time.monotonic()
        for _ in range(REQUESTS):
            accept(teams[1], list(islice(source, 100)), now=datetime.now(UTC))
        return time.monotonic() - began

    for _ in range(5):
        ingest()
    busy = 0.0
    # Stopped between batches, while this file is there: stopped within one it would hold locks.
    flag = stage.home / "retention-waits"
    command = [sys.executable, "-c", _CHILD, str(flag)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ)) as child:
        time.sleep(4)
        began = time.monotonic()
        while child.poll() is None and len(pairs) < MOST_PAIRS:
            going = ingest()
            busy += time.monotonic() - began
            flag.touch()
            time.sleep(0.5)
            pairs.append(going / ingest())
            flag.unlink()
            began = time.monotonic()
        said = child.communicate()[0]
        busy += time.monotonic() - began
    return {
        **{"seconds_with_start": busy + 4, "rows": int(said), "bytes_before": before, "bytes_after": _bytes(day)},
        **{"pairs": len(pairs), "ingest_slower_median": statistics.median(pairs) - 1 if pairs else None},
    }


def _bytes(day: date) -> int:
    """Of all partitions of the day, with their indexes."""
    from monitoring.store.expiry_days import partitions

    tables = ("step", "payload", "log_line", "facet")
    return sum(one.bytes for table in tables for one in partitions(table, 0) if one.day == day)
