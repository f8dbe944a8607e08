"""What keeping teams apart and the audit log cost: CPU of a list, a detail page and ingest, with and without each.

Interleaved pairs in one database and one process, through the whole application (middleware, door, view),
PostgreSQL's CPU included. Without row-level security: the owner switches it off on all tenant tables. Without the audit
log: requests begin no scope and `record` writes nothing. The order within pairs alternates.

The interval is the percentile bootstrap of the pairs (Efron and Tibshirani, An Introduction to the Bootstrap, 1993,
chapter 13): pairs are drawn with replacement, their mean logarithm of the ratio taken, 95 % of these means kept.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from math import exp, log
from typing import Any
from unittest import mock

from bench.reports import bodies
from bench.stage import Stage
from bench.usage import cpu_seconds

EXECUTIONS = 1_000
PAIRS = 12
# Requests of one side of a pair: enough for half a second of CPU, as PostgreSQL is counted in hundredths.
REQUESTS = {"list": 24, "detail": 24, "ingest": 40}
RESAMPLES = 10_000
LIMIT = 0.15
Work = Callable[[int], None]


def tenant_tables() -> list[str]:
    """All tables with row-level security, not their partitions."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relkind IN ('r', 'p') "
            "AND relnamespace = 'public'::regnamespace ORDER BY relname"
        )
        return [str(name) for (name,) in cursor.fetchall()]


@contextmanager
def without_row_level_security(tables: list[str]) -> Iterator[None]:
    """The owner lets all rows be seen; the application's own filters stay."""
    switch(tables, "DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
    try:
        yield
    finally:
        switch(tables, "ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def switch(tables: list[str], how: str) -> None:
    """Changes all tables, in one transaction."""
    from django.db import connections, transaction

    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} {how}")


@contextmanager
def without_audit_log() -> Iterator[None]:
    """Nobody is noted, and nothing is recorded."""
    from accounts import acting, audit

    record = audit.record

    def begin(self: Any, request: Any) -> Any:
        return self.get_response(request)

    def nothing(*_: Any, **__: Any) -> None:
        return None

    with mock.patch.object(acting.AuditScope, "__call__", begin):
        users = [module for module in list(sys.modules.values()) if getattr(module, "record", None) is record]
        for module in users:
            module.record = nothing  # type: ignore[attr-defined]
        try:
            yield
        finally:
            for module in users:
                module.record = record  # type: ignore[attr-defined]


def works(team: Any, owner: Any, key: str) -> dict[str, Work]:
    """By what is measured: the request with a number."""
    from django.test import Client

    from accounts.tenancy import team_context
    from monitoring.models import Execution

    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(owner)
    with team_context(team.id):
        ids = list(Execution.objects.order_by("-counted_at", "id").values_list("id", flat=True)[:200])
    sent = [0]

    def get(path: str) -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")

    def report(_number: int) -> None:
        sent[0] += 1
        (body,) = bodies(1, 50_000_000 + sent[0] * 1000)
        told = client.post(
            "/api/v1/executions", body, content_type="application/json", headers={"authorization": f"Bearer {key}"}
        )
        if told.status_code != 200 or told.json()["rejected"]:
            raise RuntimeError(f"not stored: {told.status_code}")

    base = f"/t/{team.slug}/executions/"
    return {
        "list": lambda _number: get(f"{base}?status=failed&from=now-30d&to=now"),
        "detail": lambda number: get(f"{base}{ids[number % len(ids)]}/"),
        "ingest": report,
    }


def cpu_of(stage: Stage, work: Work, count: int) -> float:
    """CPU seconds of this process and of PostgreSQL for so many requests, after a few that are not counted."""
    for number in range(3):
        work(number)
    before = time.process_time() + cpu_seconds(stage.postgres_pid())
    for number in range(count):
        work(number)
    return time.process_time() + cpu_seconds(stage.postgres_pid()) - before


def interval(ratios: list[float]) -> dict[str, float]:
    """What it costs as a share of the work without it: the mean of the pairs with its 95 % interval."""
    logs = [log(ratio) for ratio in ratios]
    chance = random.Random(7)
    means = sorted(statistics.fmean(chance.choices(logs, k=len(logs))) for _ in range(RESAMPLES))
    low, high = means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]
    return {"cost": exp(statistics.fmean(logs)) - 1, "low": exp(low) - 1, "high": exp(high) - 1}


def pairs(stage: Stage, work: Work, count: int, without: Callable[[], Any]) -> list[float]:
    """CPU with it by CPU without it, pair by pair. The first pair is to warm up."""
    ratios = []
    for number in range(PAIRS + 1):
        took = {}
        for is_on in (True, False) if number % 2 else (False, True):
            with nullcontext() if is_on else without():
                took[is_on] = cpu_of(stage, work, count)
        if number:
            ratios.append(took[True] / took[False])
    return ratios


def measure(stage: Stage) -> dict[str, Any]:
    """Fills a team, a second one beside it, and measures both costs on each kind of work."""
    from accounts.services.teams import create_team_with_owner
    from bench.filling import analyze, fill

    now = datetime.now(UTC)
    made, beside = (
        create_team_with_owner(name=f"Bench {name}", email=f"{name}@example.com") for name in ("apart", "beside")
    )
    for one in (made, beside):
        fill(one.team.id, 0, EXECUTIONS, now)
    analyze()
    tables = tenant_tables()
    found: dict[str, Any] = {"pairs": PAIRS, "limit": LIMIT, "tables": len(tables)}
    for name, work in works(made.team, made.owner, made.api_key).items():
        for what, without in (
            ("row_level_security", lambda: without_row_level_security(tables)),
            ("audit_log", without_audit_log),
        ):
            ratios = pairs(stage, work, REQUESTS[name], without)
            found.setdefault(what, {})[name] = {**interval(ratios), "ratios": ratios}
    return found
