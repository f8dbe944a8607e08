"""Overload: one team sends ten times what the server sustains, another team's reports go on beside it.

The flood comes from a process of its own, over many connections, and does not wait when it is told to come again.
Every 200 must be in the database afterwards; everything else must be a 429 or 503 that says when to try again.
"""

import http.client
import multiprocessing
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psycopg

from bench.reports import bodies
from bench.stage import Stage, wait_for_web

CONNECTIONS = 4
FLOOD_CONNECTIONS = 32
FACTOR = 10
QUIET_SECONDS = 20.0
FLOOD_SECONDS = 60.0
VICTIM_PAUSE_SECONDS = 0.1
EXECUTIONS = 10


def post(connection: http.client.HTTPConnection, key: str, body: bytes) -> tuple[int, str | None]:
    """Sends one request; its status and Retry-After. A closed connection is opened again by the next request."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request("POST", "/api/v1/executions", body, headers)
        answer = connection.getresponse()
        answer.read()
    except (http.client.HTTPException, OSError):
        connection.close()
        return 0, None
    return answer.status, answer.headers.get("Retry-After")


def sender(port: int, key: str, name: str, pace: float, until: float, told: Callable[[int, str | None], None]) -> None:
    """Sends fresh reports over one connection until the clock says so, at most one each `pace` seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    (template,) = bodies(1, 0, executions=EXECUTIONS)
    number, due = 0, time.monotonic()
    while (now := time.monotonic()) < until:
        if due > now:
            time.sleep(due - now)
        due = max(due + pace, now)
        number += 1
        told(*post(connection, key, template.replace(b'"bench-', f'"{name}-{number}-'.encode())))
    connection.close()


def flood(port: int, key: str, name: str, rate: float, connections: int, seconds: float) -> Counter[str]:
    """Sends at `rate` requests a second over many connections; how often each kind of answer came."""
    answers: Counter[str] = Counter()
    until = time.monotonic() + seconds

    def told(status: int, retry_after: str | None) -> None:
        answers[f"{status}" if status == 200 or retry_after is None else f"{status} with Retry-After"] += 1

    pace = connections / rate if rate else 0.0
    threads = [
        threading.Thread(target=sender, args=(port, key, f"{name}-{n}", pace, until, told)) for n in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def latencies(port: int, key: str, name: str, seconds: float) -> list[float]:
    """Milliseconds that the other team's reports took, one after the other."""
    found: list[float] = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    (template,) = bodies(1, 0, executions=1)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        body = template.replace(b'"bench-', f'"{name}-{len(found)}-'.encode())
        started = time.perf_counter()
        status, _ = post(connection, key, body)
        found.append((time.perf_counter() - started) * 1e3)
        if status != 200:
            raise RuntimeError(f"the other team was refused: {status}")
        time.sleep(VICTIM_PAUSE_SECONDS)
    return found


def _percentiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {"count": len(values), "p50_ms": cuts[49], "p99_ms": cuts[98]}


def stored(stage: Stage, team_id: Any, name: str) -> int:
    """Executions of the team whose ids start with a name."""
    with psycopg.connect(stage.admin_url()) as connection:
        row = connection.execute(
            "SELECT count(*) FROM execution WHERE team_id = %s AND external_id LIKE %s", [team_id, f"{name}-%"]
        ).fetchone()
    return int(row[0]) if row else 0


def measure(stage: Stage, flooder: Any, other: Any) -> dict[str, Any]:
    """Finds the sustainable rate, then floods; `flooder` and `other` are fresh teams with their keys."""
    web = stage.spawn("web")
    try:
        wait_for_web(stage.port)
        port = stage.port
        flood(port, flooder.api_key, "warm", 0, CONNECTIONS, 3)
        sustained = flood(port, flooder.api_key, "even", 0, CONNECTIONS, 10)["200"] / 10
        quiet = latencies(port, other.api_key, "quiet", QUIET_SECONDS)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            about = (port, flooder.api_key, "flood", FACTOR * sustained, FLOOD_CONNECTIONS, FLOOD_SECONDS)
            answers = pool.apply_async(flood, about)
            time.sleep(2)
            during = latencies(port, other.api_key, "during", FLOOD_SECONDS - 4)
            counted = answers.get()
    finally:
        web.terminate()
        web.wait()
    kept = stored(stage, flooder.team.id, "flood")
    before, after = _percentiles(quiet), _percentiles(during)
    return {
        "sustained_requests_per_s": sustained,
        "offered_requests_per_s": FACTOR * sustained,
        "answers": dict(counted),
        "acknowledged_executions": counted["200"] * EXECUTIONS,
        "stored_executions": kept,
        "other_team_quiet": before,
        "other_team_during_flood": after,
        "other_team_p99_rise": after["p99_ms"] / before["p99_ms"] - 1,
        "limit_p99_rise": 0.2,
    }
