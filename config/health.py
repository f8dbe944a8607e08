"""Steadyrun's own health: does the process live, can it serve, and figures about its inside.

`/internal/metrics` is for the operator of the installation, guarded by STEADYRUN_METRICS_TOKEN; it says nothing of any
team's data. What ways in took is counted since the start of the process that answers.
"""

import hmac
import os
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from psycopg_pool import PoolTimeout

from accounts.authentication import told_key
from accounts.problems import problem_response
from ingestion.api import tally
from monitoring.analysis.exposition import OPENMETRICS, TEXT, Family, Labels, Sample, openmetrics, prometheus_text

_STARTED = timezone.now()
_LAG = """
SELECT (SELECT min(marked_at) FROM dirty_bucket WHERE grain = 1), (SELECT count(*) FROM dirty_bucket),
    (SELECT count(*) FROM source_receipt), (SELECT min(received_at) FROM source_receipt),
    (SELECT count(*) FROM outbox_entry), (SELECT COALESCE(sum(byte_count), 0) FROM outbox_entry),
    (SELECT min(created_at) FROM outbox_entry), (SELECT count(*) FROM outbox_schedule WHERE failures > 0)
"""


def healthz(_request: HttpRequest) -> HttpResponse:
    """Whether the process lives: it answers, and asks nobody."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


def readyz(_request: HttpRequest) -> HttpResponse:
    """Whether it can serve: 200, or 503 with what is missing."""
    found = {name: check() for name, check in CHECKS.items()}
    is_ready = all(said == "ok" for said in found.values())
    return JsonResponse({"ready": is_ready, "checks": found}, status=200 if is_ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError, PoolTimeout) as error:
        return f"not reachable ({type(error).__name__})"
    return "ok"


def _redis() -> str:
    from redis import RedisError

    try:
        _client(settings.REDIS_URL).ping()
    except (RedisError, OSError) as error:
        return f"not reachable ({type(error).__name__})"
    return "ok"


@cache
def _client(url: str) -> Any:
    from redis import Redis

    return Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)


_applied: list[bool] = []


def _migrations() -> str:
    """Whether the database has every migration of this release; asked until it is so, then never again."""
    if _applied:
        return "ok"
    from django.db.migrations.loader import MigrationLoader

    try:
        loader = MigrationLoader(connection)
    except (DatabaseError, InterfaceError, PoolTimeout) as error:
        return f"not known ({type(error).__name__})"
    missing = set(loader.disk_migrations or ()) - set(loader.applied_migrations or ())
    if missing:
        return f"{len(missing)} not applied: {', '.join(sorted('.'.join(one) for one in missing)[:5])}"
    _applied.append(True)
    return "ok"


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "redis": _redis, "migrations": _migrations}


def internal_metrics(request: HttpRequest) -> HttpResponse:
    """Figures about the inside of the installation, for its operator."""
    token = settings.STEADYRUN_METRICS_TOKEN
    if not token:
        raise Http404("Set STEADYRUN_METRICS_TOKEN to have internal metrics.")
    if not hmac.compare_digest((told_key(request.headers) or "").encode(), token.encode()):
        return problem_response(401, "Not authenticated", "Send the value of STEADYRUN_METRICS_TOKEN as bearer token.")
    families = read_inside(timezone.now())
    if "application/openmetrics-text" in request.headers.get("accept", ""):
        return HttpResponse(openmetrics(families), content_type=OPENMETRICS)
    return HttpResponse(prometheus_text(families), content_type=TEXT)


internal_metrics.is_internal = True  # type: ignore[attr-defined]


def read_inside(now: datetime) -> list[Family]:
    """The families of the internal metrics; without a database those that need none."""
    ready = {name: check() for name, check in CHECKS.items()}
    checks: dict[Labels, float] = {(("check", name),): int(said == "ok") for name, said in ready.items()}
    families = [
        _family("steadyrun_ready", "gauge", "Whether a part that is needed is there.", checks),
        *_of_ways_in(),
    ]
    return [*families, *_of_queues(now), *_of_pool()] if ready["migrations"] == "ok" else families


def _family(name: str, kind: Any, help: str, values: dict[Labels, float], unit: str = "") -> Family:
    samples = [Sample(labels, value) for labels, value in sorted(values.items())]
    return Family(name, kind, help, samples, unit=unit, since=_STARTED if kind == "counter" else None)


def _of_ways_in() -> list[Family]:
    process = ("process", str(os.getpid()))
    items: dict[Labels, float] = {
        (process, ("kind", kind), ("outcome", outcome)): n for (kind, outcome), n in tally.items().items()
    }
    refusals: dict[Labels, float] = {
        (process, ("kind", kind), ("status", status)): n for (kind, status), n in tally.refusals().items()
    }
    return [
        _family("steadyrun_items", "counter", "Items of accepted requests, by what became of them.", items),
        _family("steadyrun_refused_requests", "counter", "Requests refused whole.", refusals),
    ]


def _of_queues(now: datetime) -> list[Family]:
    with connection.cursor() as cursor:
        cursor.execute(_LAG)
        marked_at, marks, receipts, received_at, entries, bytes, created_at, failing = cursor.fetchone()

    def one(name: str, help: str, value: float, unit: str = "") -> Family:
        return _family(name, "gauge", help, {(): value}, unit)

    def age(at: datetime | None) -> float:
        return max((now - at).total_seconds(), 0.0) if at else 0.0

    return [
        one("steadyrun_fold_lag_seconds", "Age of the oldest mark that waits for the fold.", age(marked_at), "seconds"),
        one("steadyrun_fold_marks", "Marks that wait for the fold.", marks),
        one("steadyrun_ledger_receipts", "Receipts that wait for the ledger.", receipts),
        one("steadyrun_ledger_lag_seconds", "Age of the oldest such receipt.", age(received_at), "seconds"),
        one("steadyrun_outbox_requests", "Requests that wait to be sent on.", entries),
        one("steadyrun_outbox_bytes", "Their packed size.", float(bytes), "bytes"),
        one("steadyrun_outbox_age_seconds", "Age of the oldest of them.", age(created_at), "seconds"),
        one("steadyrun_destinations_failing", "Destinations whose last try failed.", failing),
    ]


def _of_pool() -> list[Family]:
    pool = getattr(connection, "pool", None)
    if pool is None:
        return []
    told = pool.get_stats()
    names = ("pool_size", "pool_available", "pool_max", "requests_waiting")
    values: dict[Labels, float] = {(("state", name),): told.get(name, 0) for name in names}
    return [_family("steadyrun_database_pool", "gauge", "Connections of this process, and who waits for one.", values)]
