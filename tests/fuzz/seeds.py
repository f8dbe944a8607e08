"""Bodies that each way in takes: what is made hostile. One entry a protocol; only tests of fuzzing read it."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.adapters.webhooks.recipes import RECIPES
from ingestion.kinds import SourceKind
from tests.ingestion.adapters.langsmith.sending import MULTIPART
from tests.ingestion.adapters.webhooks import events
from tests.otlp import TRACE, as_json, request, span

AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
NS = int(AT.timestamp()) * 10**9
RUN = "0190f3c2-7b1d-7000-8000-00000000000"

EXECUTION: dict[str, Any] = {
    "id": "e1",
    "workflow": "Answer",
    "workflow_type": "agent",
    "release": "r1",
    "commit": "abc",
    "environment": "production",
    "trigger": "cron",
    "schedule": "*/5 * * * *",
    "schedule_zone": "Europe/Berlin",
    "input_type": "mail",
    "status": "failed",
    "started_at": AT.isoformat(),
    "finished_at": (AT + timedelta(seconds=4)).isoformat(),
    "duration_ms": 4000,
    "attempt": 1,
    "retry_of": "e0",
    "parent_execution": "p",
    "session": "s",
    "user": "u",
    "url": "https://n8n.example/1",
    "error": {"type": "E", "message": "503 from upstream", "stack": "..."},
    "input": {"question": "q", "plan": "gold"},
    "output": [1, "two"],
    "tags": {"tier": "gold", "size": 3},
    "feedback": [{"key": "thumb", "score": 1, "comment": "fine"}],
    "attributes": {"a": 1},
    "revision": 1,
    "memory_bytes": 10,
    "api_call_count": 5,
    "cost_usd": "0.10",
    "tokens": {"input": 10, "output": 2, "reasoning": 1},
    "logs": ["bare", {"message": "m", "at": AT.isoformat(), "level": "info", "step_id": "1", "position": 1}],
    "steps": [
        {
            "id": "1",
            "node": "Ask",
            "kind": "llm",
            "status": "error",
            "started_at": AT.isoformat(),
            "duration_ms": 10,
            "provider": "openai",
            "model": "gpt-4o",
            "usage": {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
            "tier": "batch",
            "region": "eu",
            "calls": 2,
            "error": "503",
            "input": "q",
            "output": {"a": 1},
            "attributes": {"x": 1},
        },
        {"id": "2", "parent_id": "1", "node": "Look up", "tool": "track", "external_system": "parcels.example"},
    ],
}
SPANS = request(
    span(1, attributes={"gen_ai.workflow.name": "w", "session.id": "s"}, start=NS),
    span(
        2,
        1,
        start=NS + 10**7,
        status=2,
        message="503",
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 3,
            "http.response.status_code": 503,
            "x": [1, "a", {"b": True}],
        },
        events=[("exception", {"exception.type": "E", "exception.message": "m", "exception.stacktrace": "s"})],
    ),
)
_RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
OTLP_LOGS = {
    "resourceLogs": [
        {
            "resource": _RESOURCE,
            "scopeLogs": [
                {
                    "logRecords": [
                        {
                            "timeUnixNano": str(NS),
                            "severityNumber": 9,
                            "severityText": "INFO",
                            "body": {"stringValue": "a line"},
                            "traceId": TRACE,
                            "spanId": "0000000000000001",
                            "attributes": [{"key": "a", "value": {"intValue": "1"}}],
                        }
                    ]
                }
            ],
        }
    ]
}
_POINT = {"timeUnixNano": str(NS), "asDouble": 1.5, "attributes": [{"key": "a", "value": {"boolValue": True}}]}
_BUCKETS = {"timeUnixNano": str(NS), "count": "3", "sum": 4.5, "bucketCounts": ["1", "2"], "explicitBounds": [1.0]}
OTLP_METRICS = {
    "resourceMetrics": [
        {
            "resource": _RESOURCE,
            "scopeMetrics": [
                {
                    "metrics": [
                        {"name": "queue.depth", "unit": "1", "gauge": {"dataPoints": [_POINT]}},
                        {"name": "jobs", "sum": {"dataPoints": [_POINT], "isMonotonic": True}},
                        {"name": "took", "unit": "ms", "histogram": {"dataPoints": [_BUCKETS]}},
                    ]
                }
            ],
        }
    ]
}
_LS_RUN = {
    "id": f"{RUN}1",
    "trace_id": f"{RUN}1",
    "dotted_order": f"{AT:%Y%m%dT%H%M%S000000Z}{RUN}1",
    "name": "shop",
    "run_type": "llm",
    "start_time": AT.isoformat(),
    "end_time": (AT + timedelta(seconds=2)).isoformat(),
    "session_name": "shop",
    "inputs": {"messages": [{"role": "user", "content": "hi"}]},
    "outputs": {"usage_metadata": {"input_tokens": 3, "output_tokens": 2}},
    "error": None,
    "tags": ["a"],
    "extra": {"metadata": {"ls_provider": "openai", "ls_model_name": "gpt-4o"}, "runtime": {"sdk": "x"}},
    "events": [{"name": "new_token", "time": AT.isoformat()}],
}
_LINES: list[Any] = [
    {"timestamp": AT.isoformat(), "message": "m", "level": "warn", "trace_id": TRACE},
    {"time": NS // 10**6, "workflow": "etl", "status": "failed", "duration_seconds": 3, "error": "x", "cost_usd": 0.5},
    "plain",
]
_HEC = {"time": AT.timestamp(), "event": {"message": "m", "workflow": "etl"}, "fields": {"a": "b"}, "host": "h"}
_RECORD = base64.b64encode(json.dumps(_LINES[0]).encode()).decode()


def _multipart(name: str, told: bytes) -> bytes:
    head = f'--a3f1\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: application/json\r\n'
    return f"{head}Content-Length: {len(told)}\r\n\r\n".encode() + told + b"\r\n--a3f1--\r\n"


@dataclass(frozen=True, slots=True)
class Way:
    """One address of a way in with what it takes: JSON values, or bytes where it takes no JSON."""

    path: str
    kind: SourceKind
    values: list[Any] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    method: str = "POST"
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


_K = SourceKind
_HOOK = "/hooks/{address}"
WAYS: dict[str, Way] = {
    "rest": Way("/api/v1/executions", _K.REST, [EXECUTION, [EXECUTION, {"id": "e2"}]]),
    "otlp traces": Way("/v1/traces", _K.OTLP, [json.loads(as_json(SPANS))]),
    "otlp traces, protobuf": Way(
        "/v1/traces", _K.OTLP, raw=[SPANS.SerializeToString()], content_type="application/x-protobuf"
    ),
    "otlp logs": Way("/v1/logs", _K.OTLP, [OTLP_LOGS]),
    "otlp metrics": Way("/v1/metrics", _K.OTLP, [OTLP_METRICS]),
    "langsmith batch": Way("/langsmith/runs/batch", _K.LANGSMITH, [{"post": [_LS_RUN], "patch": [_LS_RUN]}]),
    "langsmith run": Way("/langsmith/runs", _K.LANGSMITH, [_LS_RUN]),
    "langsmith patch": Way(f"/langsmith/runs/{RUN}1", _K.LANGSMITH, [_LS_RUN], method="PATCH"),
    "langsmith multipart": Way(
        "/langsmith/runs/multipart",
        _K.LANGSMITH,
        raw=[_multipart(f"post.{RUN}1", json.dumps(_LS_RUN).encode()), _multipart(f"patch.{RUN}1.inputs", b'{"a": 1}')],
        content_type=MULTIPART,
    ),
    "langsmith feedback": Way(
        "/langsmith/feedback",
        _K.LANGSMITH,
        [{"run_id": f"{RUN}1", "trace_id": f"{RUN}1", "key": "k", "score": 1, "comment": "c"}],
    ),
    "json logs": Way("/api/v1/logs", _K.LOGS, [_LINES, *_LINES]),
    "loki": Way("/loki/api/v1/push", _K.LOKI, [{"streams": [{"stream": {"app": "etl"}, "values": [[str(NS), "m"]]}]}]),
    "loki, protobuf": Way(
        "/loki/api/v1/push", _K.LOKI, raw=[b"\x05\x10\x0a\x03\x0a\x01a"], content_type="application/x-protobuf"
    ),
    "hec": Way("/services/collector/event", _K.HEC, [_HEC]),
    "hec raw": Way("/services/collector/raw?host=h&source=s", _K.HEC, raw=[b"a line\nanother"]),
    "elastic": Way(
        "/elastic/logs/_bulk",
        _K.ELASTIC,
        raw=[b'{"index":{"_id":"1"}}\n' + json.dumps(_LINES[0]).encode() + b'\n{"delete":{"_id":"1"}}\n'],
        content_type="application/x-ndjson",
    ),
    "firehose": Way(
        "/firehose", _K.FIREHOSE, [{"requestId": "r", "timestamp": NS // 10**6, "records": [{"data": _RECORD}]}]
    ),
    "ping": Way("/ping/{address}", _K.PING, raw=[b"output of a script"], content_type="text/plain"),
    "standard webhooks": Way(_HOOK, _K.STANDARD_WEBHOOKS, [events.envelope()]),
    "github": Way(_HOOK, _K.GITHUB, [events.github_run(), events.github_job()]),
    "gitlab": Way(_HOOK, _K.GITLAB, [events.gitlab_pipeline()]),
    "n8n": Way(_HOOK, _K.N8N, [events.n8n_failure(), events.n8n_trigger_failure()]),
    "dify": Way(_HOOK, _K.DIFY, events.dify_story()),
    "airflow": Way(_HOOK, _K.AIRFLOW, [events.airflow_run()]),
    "alertmanager": Way(_HOOK, _K.ALERTMANAGER, [events.alerts()]),
    "grafana": Way(_HOOK, _K.GRAFANA, [events.alerts()]),
    "webhook with a mapping": Way(_HOOK, _K.GENERIC, [recipe.body for recipe in RECIPES.values()]),
}
