"""The generated reports of `bench.reports` as OTLP export requests: the same steps, told as spans of traces."""

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from bench.reports import execution

RESOURCE = {
    "service.name": "bench",
    "service.version": "1.4.2",
    "deployment.environment.name": "production",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "1.45.2",
}
TRACES, SPANS = 10, 10
_HAS_LOCAL_PARENT = 0x101
_OPERATIONS = {"llm": "chat", "tool": "execute_tool"}


def add(target: Any, told: dict[str, Any]) -> None:
    """Adds attributes."""
    for key, value in told.items():
        held = target.add(key=key).value
        if isinstance(value, str):
            held.string_value = value
        elif isinstance(value, int):
            held.int_value = value
        else:
            held.double_value = value


def attributes_of(step: dict[str, Any]) -> dict[str, Any]:
    """A step in the words of the conventions."""
    encode = msgspec.json.encode
    told: dict[str, Any] = {
        "input.value": encode(step["input"]).decode(),
        "input.mime_type": "application/json",
        "output.value": encode(step["output"]).decode(),
        "output.mime_type": "application/json",
        "code.function.name": f"bench.nodes.{step['node']}.run",
        "code.file.path": f"/srv/bench/nodes/{step['node']}.py",
        "code.line.number": 40 + step["position"],
        "thread.id": 140_243_581_437_632 + step["attributes"]["worker"],
        "thread.name": f"worker-{step['attributes']['worker']}",
        **step["attributes"],
    }
    if step["kind"] in _OPERATIONS:
        told["gen_ai.operation.name"] = _OPERATIONS[step["kind"]]
    if "model" in step:
        told |= {"gen_ai.provider.name": step["provider"], "gen_ai.request.model": step["model"]}
        told |= {f"gen_ai.usage.{name}_tokens": count for name, count in step["tokens"].items()}
        told |= {
            "llm.cost.total": step["cost_usd"],
            "gen_ai.request.temperature": 0.2,
            "gen_ai.request.max_tokens": 800,
        }
    if "external_system" in step:
        told |= {"http.request.method": "POST", "server.address": step["external_system"], "server.port": 443}
    if "error" in step:
        told["error.type"] = step["error"]["type"]
    return told


def nanoseconds(text: str) -> int:
    """A time of a report in ns since 1970."""
    return int(datetime.fromisoformat(text).timestamp() * 1e6) * 1_000


def add_trace(spans: Any, rng: random.Random, number: int, started: datetime) -> None:
    """One trace: a root and its steps, one after the other."""
    run = execution(rng, number, started, SPANS - 1)
    trace, root = number.to_bytes(16, "big"), rng.randbytes(8)
    for step in run["steps"]:
        error = step.get("error", {}).get("message", "")
        one = spans.add(
            trace_id=trace,
            span_id=rng.randbytes(8),
            parent_span_id=root,
            name=step["node"],
            kind=Span.SPAN_KIND_CLIENT if "external_system" in step else Span.SPAN_KIND_INTERNAL,
            start_time_unix_nano=nanoseconds(step["started_at"]),
            end_time_unix_nano=nanoseconds(step["finished_at"]),
            flags=_HAS_LOCAL_PARENT,
            status=Status(code=Status.STATUS_CODE_ERROR, message=error) if error else Status(),
        )
        add(one.attributes, attributes_of(step))
    failed = run["status"] == "failed"
    last = spans.add(
        trace_id=trace,
        span_id=root,
        name=run["workflow"],
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=nanoseconds(run["started_at"]),
        end_time_unix_nano=nanoseconds(run["finished_at"]),
        status=Status(code=Status.STATUS_CODE_ERROR) if failed else Status(),
    )
    add(last.attributes, {"input.value": msgspec.json.encode(run["input"]).decode()})


def requests(count: int, first: int) -> Iterator[ExportTraceServiceRequest]:
    """`count` requests of ten whole traces each; trace ids are numbers that go on from `first`."""
    rng = random.Random(first)
    start = datetime.now(UTC) - timedelta(hours=2)
    for batch in range(count):
        made = ExportTraceServiceRequest()
        resource = made.resource_spans.add()
        add(resource.resource.attributes, RESOURCE)
        scope = resource.scope_spans.add()
        scope.scope.name = "bench"
        for place in range(TRACES):
            number = first + batch * TRACES + place
            add_trace(scope.spans, rng, number, start + timedelta(seconds=rng.randrange(7000)))
        yield made


def as_json(message: ExportTraceServiceRequest) -> bytes:
    """The same request in OTLP's JSON, as exporters write it."""
    told = MessageToDict(message, use_integers_for_enums=True)
    for resource in told["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in span:
                        span[name] = base64.b64decode(span[name]).hex()
    return msgspec.json.encode(told)
