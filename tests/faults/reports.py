"""What senders send: batches over three protocols, each with what must be stored of it, to the last cent."""

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.reports import execution
from bench.spans import RESOURCE, add, add_trace
from tests.faults.teams import Team

JSON, PROTOBUF = "application/json", "application/x-protobuf"
EXECUTIONS, STEPS, TRACES = 5, 4, 3
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Expected:
    """What is stored of one execution: steps, log lines, what it cost, and the payloads of its parts."""

    steps: int
    lines: int = 0
    cost: Decimal = Decimal(0)
    payloads: int = 1


@dataclass
class Batch:
    """One request, the same bytes each time it is sent, and what became of it. A status of 0 stands for no answer."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    expected: dict[str, Expected]
    answers: list[int] = field(default_factory=list)
    is_acknowledged: bool = False
    fault: str = ""


Make = Callable[..., Batch]


def number() -> int:
    """A number that no other batch of this run has."""
    return next(_numbers)


def cost_of(told: Mapping[str, Any]) -> Decimal:
    """What the steps of a report tell that they cost."""
    return sum((Decimal(str(one["cost_usd"])) for one in told["steps"] if "cost_usd" in one), Decimal(0))


def expected_of(told: Mapping[str, Any]) -> Expected:
    """What is stored of a report."""
    return Expected(len(told["steps"]), len(told.get("logs", ())), cost_of(told))


def reports(
    seed: int, count: int = EXECUTIONS, steps: int = STEPS, shift: timedelta = timedelta(0)
) -> list[dict[str, Any]]:
    """Executions of the last two hours of a clock that is off by `shift`, with log lines; ids begin with the seed."""
    rng, now = random.Random(seed), datetime.now(UTC) + shift
    found = []
    for place in range(count):
        started = now - timedelta(seconds=rng.randrange(60, 7200))
        one = execution(rng, seed * 1000 + place, started, steps)
        one["id"] = f"run-{seed}-{place}"
        one["logs"] = [
            {"at": (started + timedelta(seconds=n)).isoformat(), "level": "info", "message": f"{seed} {place} {n}"}
            for n in range(2)
        ]
        found.append(one)
    return found


def rest_batch(team: Team, told: list[dict[str, Any]]) -> Batch:
    """These reports in one request."""
    headers = {"Authorization": f"Bearer {team.key}", "Content-Type": JSON}
    return Batch("/api/v1/executions", headers, msgspec.json.encode(told), {x["id"]: expected_of(x) for x in told})


def rest(team: Team, seed: int, shift: timedelta = timedelta(0)) -> Batch:
    """A batch over the project's own protocol."""
    return rest_batch(team, reports(seed, shift=shift))


def otlp(team: Team, seed: int, shift: timedelta = timedelta(0)) -> Batch:
    """A batch of whole traces, as an OpenTelemetry exporter sends them whose clock is off by `shift`."""
    rng, made = random.Random(seed), ExportTraceServiceRequest()
    resource = made.resource_spans.add()
    add(resource.resource.attributes, RESOURCE)
    spans = resource.scope_spans.add().spans
    for place in range(TRACES):
        started = datetime.now(UTC) + shift - timedelta(seconds=rng.randrange(60, 7200))
        add_trace(spans, rng, seed * 1000 + place, started)
    found: dict[str, list[Decimal]] = {}
    for span in spans:
        steps = found.setdefault(span.trace_id.hex(), [])
        if span.parent_span_id:
            told = {one.key: one.value.double_value for one in span.attributes}
            steps.append(Decimal(str(told.get("llm.cost.total", 0.0))))
    headers = {"Authorization": f"Bearer {team.key}", "Content-Type": PROTOBUF}
    expected = {trace: Expected(len(steps), 0, sum(steps, Decimal(0))) for trace, steps in found.items()}
    return Batch("/v1/traces", headers, made.SerializeToString(), expected)


def webhook(team: Team, seed: int, shift: timedelta = timedelta(0)) -> Batch:
    """One run of a tool that tells it in its own words; the delivery has an id, as those of the standard have."""
    (told,) = reports(seed, count=1, shift=shift)
    parts = [
        {"name": f"{one['node']}-{one['id']}", "state": one["status"], "began": one["started_at"]}
        | {"ended": one["finished_at"], "usd": one.get("cost_usd")}
        for one in told["steps"]
    ]
    body = {"id": told["id"], "flow": told["workflow"], "state": told["status"], "asked": told["input"]}
    body |= {"began": told["started_at"], "ended": told["finished_at"], "parts": parts}
    headers = {"Content-Type": JSON, "webhook-id": f"delivery-{seed}"}
    expected = {told["id"]: Expected(len(parts), 0, cost_of(told))}
    return Batch(f"/hooks/{team.hook}", headers, msgspec.json.encode({"run": body}), expected)


PROTOCOLS: tuple[Make, ...] = (rest, otlp, webhook)
