"""Other products in the same harness: the same spans by OTLP over HTTP, to whoever takes them, beside ourselves.

`python -m bench target --target otlp=http://127.0.0.1:4318/v1/traces --header "Name: value" --pid 123`. Rounds go to
each in turn over the same number of connections; a span counts when its request was acknowledged with 200. CPU is that
of the process tree that `--pid` names, where that runs on this machine, and of our web process with PostgreSQL.
"""

import http.client
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench.ingest import in_parallel
from bench.spans import requests
from bench.stage import Stage, wait_for_web
from bench.usage import cpu_seconds

BATCHES, ROUNDS = 100, 3
FIRST = 4_000_000_000
TYPE = "application/x-protobuf"


@dataclass(frozen=True, slots=True)
class Target:
    """Where spans are sent: an address, headers, and the processes whose CPU counts."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    pids: tuple[int, ...] = ()


def parse(text: str, headers: Sequence[str], pid: int | None) -> Target:
    """What the command line says. Raises ValueError for what is no `otlp=http://host...` or no `Name: value`."""
    protocol, _, url = text.partition("=")
    if protocol != "otlp" or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError("a target is otlp=http://HOST:PORT/PATH")
    pairs = [one.partition(":") for one in headers]
    if not all(colon and name.strip() for name, colon, _ in pairs):
        raise ValueError('a header is "Name: value"')
    told = {name.strip(): value.strip() for name, _, value in pairs}
    return Target(url, told, (pid,) if pid else ())


def _sender(target: Target, answers: Counter[str]) -> Callable[[Sequence[tuple[bytes, int]]], None]:
    """Sends bodies over one kept connection, and counts spans by how they were answered."""
    parts = urlsplit(target.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection

    def work(part: Sequence[tuple[bytes, int]]) -> None:
        connection = kind(parts.hostname or "", parts.port, timeout=60)
        for body, spans in part:
            connection.request("POST", parts.path or "/", body, {"Content-Type": TYPE, **target.headers})
            answer = connection.getresponse()
            answer.read()
            answers[str(answer.status)] += spans
        connection.close()

    return work


def send(target: Target, first: int, batches: int = BATCHES) -> dict[str, Any]:
    """One round: spans acknowledged, seconds, CPU seconds, and spans by how they were answered otherwise."""
    made = [
        (one.SerializeToString(), len(one.resource_spans[0].scope_spans[0].spans)) for one in requests(batches, first)
    ]
    answers: Counter[str] = Counter()
    used, began = sum(map(cpu_seconds, target.pids)), time.monotonic()
    in_parallel(_sender(target, answers), made)
    seconds, used = time.monotonic() - began, sum(map(cpu_seconds, target.pids)) - used
    return {"acknowledged": answers.pop("200", 0), "seconds": seconds, "cpu_s": used, "otherwise": dict(answers)}


def measure(stage: Stage, key: str, target: Target) -> dict[str, Any]:
    """Rounds in turn, the first of which only warms up."""
    web = stage.spawn("web")
    own = Target(
        f"http://127.0.0.1:{stage.port}/v1/traces", {"Authorization": f"Bearer {key}"}, (web.pid, stage.postgres_pid())
    )
    rounds: dict[str, list[dict[str, Any]]] = {"steadyrun": [], "target": []}
    try:
        wait_for_web(stage.port)
        for number in range(ROUNDS + 1):
            for place, (name, one) in enumerate({"steadyrun": own, "target": target}.items()):
                told = send(one, FIRST + (2 * number + place) * 1_000_000)
                if number:
                    rounds[name].append(told)
    finally:
        web.terminate()
        web.wait()
    return {"protocol": "otlp protobuf", **{name: _figures(told) for name, told in rounds.items()}}


def _figures(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    otherwise: Counter[str] = Counter()
    for one in rounds:
        otherwise.update(one["otherwise"])
    acknowledged = sum(one["acknowledged"] for one in rounds)
    cpu = sum(one["cpu_s"] for one in rounds)
    return {
        "acknowledged_spans": acknowledged,
        "acknowledged_spans_per_s": statistics.median(one["acknowledged"] / one["seconds"] for one in rounds),
        "cpu_s_per_million_spans": cpu / acknowledged * 1e6 if cpu and acknowledged else None,
        "spans_answered_otherwise": dict(otherwise),
    }
