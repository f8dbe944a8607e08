"""What exporting a million cost lines takes: `python -m bench export`.

The lines are made by SQL: twelve months, priced, with tags; each export runs as it does in production, in the process
that the worker starts. CPU seconds are those of that process and its own, and of PostgreSQL; memory (resident) is the
peak of each process by itself: of the largest one, and of all together. Wall time depends on what else the machine
does; `loop_ms` is what a loop of fixed length takes it just before (about 45 ms on a machine with nothing else to do).
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.clock import loop_ms
from bench.stage import Stage
from bench.usage import children, cpu_seconds

LINES = 1_000_000
LIMIT_S, LIMIT_MB = 60, 100
PAUSE_S = 0.2
PRICE = 77
WHAT = (
    *(("lines", "csv-machine"), ("lines", "csv"), ("lines", "xlsx"), ("lines", "parquet")),
    *(("focus", "csv-machine"), ("focus", "parquet"), ("chargeback", "csv")),
)
_FILL = """
INSERT INTO cost_line (team_id, id, entry, kind, basis, outcome, hour, booked_on, workflow_id, environment_id,
    release_id, node_id, provider_id, model_id, system_id, tag_set_id, tier, region, price_id, calls, input_tokens,
    cache_read_tokens, output_tokens, unpriced_tokens, unit, cost_usd, priced_usd, list_usd, billed, currency, reason,
    folded_at)
SELECT %(team)s, n, 0, 0, 1, 1 + (n %% 20 = 0)::int, hour, hour::date, %(workflow)s, %(environment)s, %(release)s,
    %(node)s, %(provider)s, %(model)s, 0, %(tags)s, '', '', %(price)s, 10, tokens, cached, out, 0, '',
    cost, cost, cost, cost, 'USD', '', now()
FROM (SELECT *, (tokens * 1.25 + cached * 0.125 + out * 10) * 0.000001 AS cost FROM (
    SELECT n, timestamptz '2025-09-01T00:00Z' + (n %% 8760) * interval '1 hour' AS hour,
        1000 + n %% 9973 AS tokens, n %% 4099 AS cached, 100 + n %% 997 AS out
    FROM generate_series(1, %(count)s) AS n) AS counted) AS made
"""


def measure(stage: Stage, lines: int = LINES) -> dict[str, Any]:
    """Seconds, CPU seconds, peak memory and size of each export."""
    from accounts.services.teams import create_team_with_owner
    from bench.filling import analyze

    team = create_team_with_owner(name="Bench export", email="export@example.com").team
    _fill(team.id, lines)
    analyze()
    found: dict[str, Any] = {"lines": lines, "limit_s": LIMIT_S, "limit_mb": LIMIT_MB}
    for table, format in WHAT:
        found[f"{table} {format}"] = export_one(stage, team.id, table, format)
    return found


def _fill(team_id: UUID, lines: int) -> None:
    from datetime import timedelta

    from django.db import connection

    from accounts.tenancy import team_context
    from billing.models import BookPrice, TagSet
    from billing.store.rollups import fold_days
    from monitoring.identity import LabelKind, label_id
    from monitoring.models import Label, Workflow

    names = {"environment": "production", "release": "v1", "node": "work", "provider": "openai", "model": "gpt-5"}
    rates = {"input": "1.25", "cache_read": "0.125", "output": "10"}
    with team_context(team_id):
        told: dict[str, Any] = {"team": team_id, "count": lines, "price": PRICE, "tags": 1}
        told["workflow"] = Workflow.objects.create(team_id=team_id, name="nightly", slug="nightly").id
        tag = label_id(LabelKind.TAG, "centre=12")
        kinds = {tag: (LabelKind.TAG, "centre=12")}
        for name, text in names.items():
            told[name] = label_id(LabelKind[name.upper()], text)
            kinds[told[name]] = (LabelKind[name.upper()], text)
        for id, (kind, text) in kinds.items():
            Label.objects.create(team_id=team_id, id=id, kind=kind, value=text)
        TagSet.objects.create(team_id=team_id, id=1, tags={"centre": "12"}, value_ids=[tag])
        BookPrice.objects.create(id=PRICE, provider="openai", model="gpt-5", rates=rates, source="bench")
        with connection.cursor() as cursor:
            cursor.execute(_FILL, told)
        first = datetime(2025, 9, 1, tzinfo=UTC).date()
        fold_days(team_id, [first + timedelta(days=day) for day in range(366)], datetime.now(UTC))


def export_one(stage: Stage, team_id: UUID, table: str, format: str) -> dict[str, Any]:
    """One export by a process of its own."""
    from accounts.tenancy import team_context
    from billing.exports.files import Format, Table
    from billing.models import ExportJob
    from billing.reads.cost_lines import Chosen
    from billing.services import export_jobs

    now = datetime.now(UTC)
    with team_context(team_id):
        job = export_jobs.create(team_id, table=Table(table), format=Format(format), chosen=Chosen(), now=now)
    loop = loop_ms()
    server, began = cpu_seconds(stage.postgres_pid()), time.monotonic()
    manage = Path(__file__).parent.parent / "manage.py"
    child = subprocess.Popen([sys.executable, str(manage), "write_exports"], env=stage.environment)
    peaks: dict[int, int] = {}
    ended = 0
    while not ended:
        peaks |= _peaks(child.pid)
        time.sleep(PAUSE_S)
        ended, status, used = os.wait4(child.pid, os.WNOHANG)
    child.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    with team_context(team_id):
        job = ExportJob.objects.get(id=job.id)
        export_jobs.remove(team_id, job)
    if job.state != "done":
        raise RuntimeError(f"{table} {format}: {job.state} {job.error}")
    return {
        "wall_s": round(took, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "postgres_cpu_s": round(cpu_seconds(stage.postgres_pid()) - server, 1),
        "peak_mb": max(peaks.values()) // 1024,
        "all_peaks_mb": sum(peaks.values()) // 1024,
        "loop_ms": loop,
        "rows": job.rows,
        "file_mb": round((job.size_bytes or 0) / 1_000_000, 1),
    }


def _peaks(pid: int) -> dict[int, int]:
    """The most memory that a process and those below it have had so far, in KiB, by their ids."""
    found = {}
    for one in children(pid):
        # A process that just ended has none.
        with suppress(FileNotFoundError, ProcessLookupError, IndexError):
            told = Path(f"/proc/{one}/status").read_text().partition("VmHWM:")[2]
            found[one] = int(told.split()[0])
    return found
