"""OTLP/HTTP: executions and steps as spans, log lines as log records, metric points as metrics. Pure.

A span is sent when it is over: parts of an execution that is still at work carry their finished steps. Ids of traces
and spans are kept where they were OpenTelemetry's own, else derived, so that what is sent twice is the same span.
Attributes follow https://opentelemetry.io/docs/specs/semconv/gen-ai/. Input tokens there include cached ones.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from ingestion.forwarding.documents import key_of
from ingestion.forwarding.parcels import LOGS_PATH, Message, Parcel, executions
from ingestion.records import ExecutionReport, Failure, LogReport, LooseLine, StepReport, Tokens
from monitoring.statuses import FAILING, TERMINAL

CONTENT_TYPE = "application/x-protobuf"
SCOPE = "steadyrun"
MAX_TEXT = 32_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRACE = re.compile(r"^[0-9a-f]{32}$")
_SPAN = re.compile(r"^[0-9a-f]{16}$")
_OPERATIONS = {
    "llm": "chat", "embedding": "embeddings", "tool": "execute_tool", "agent": "invoke_agent", "retriever": "retrieval",
}  # fmt: skip
_SEVERITIES = {"trace": 1, "debug": 5, "info": 9, "warning": 13, "warn": 13, "error": 17, "critical": 21, "fatal": 21}
_json = msgspec.json.Encoder().encode
Pairs = Mapping[str, Any]
Place = tuple[str, str]


def encode(parcels: Sequence[Parcel], settings: Mapping[str, Any]) -> list[Message]:
    """The requests for these parcels: traces, and log lines unless the destination takes none."""
    has_payloads = bool(settings.get("payloads", True))
    found = []
    spans: dict[Place, list[Span]] = defaultdict(list)
    records: dict[Place, list[LogRecord]] = defaultdict(list)
    for parcel, report in executions(parcels):
        place = report.workflow or "", report.environment or ""
        trace = trace_id(parcel, report)
        spans[place] += _spans(trace, report, has_payloads)
        records[place] += [_record(line, trace, line.step_id, parcel) for line in report.logs or ()]
    for parcel in parcels:
        records["", ""] += [_record(line, b"", None, parcel) for line in parcel.contents.lines]
    resource = settings.get("resource") or {}
    if any(spans.values()):
        found.append(Message("/v1/traces", _traces(spans, resource), CONTENT_TYPE))
    if settings.get("lines", True) and any(records.values()):
        found.append(Message(LOGS_PATH, _logs(records, resource), CONTENT_TYPE))
    if settings.get("metrics", True) and any(parcel.contents.metrics for parcel in parcels):
        from ingestion.forwarding.otlp_metrics import encode_points

        found += encode_points(parcels, resource)
    return found


def trace_id(parcel: Parcel, report: ExecutionReport) -> bytes:
    """The trace of an execution: its own id where that is one, and it is the first attempt."""
    if _TRACE.match(report.id) and (report.attempt or 1) == 1 and set(report.id) != {"0"}:
        return bytes.fromhex(report.id)
    return key_of(parcel, report).bytes


def span_id(trace: bytes, step: str) -> bytes:
    """The span of a step: its own id where that is one."""
    if _SPAN.match(step) and set(step) != {"0"}:
        return bytes.fromhex(step)
    return _digest(trace, step.encode())


def _digest(*parts: bytes) -> bytes:
    return hashlib.blake2b(b"\x1f".join(parts), digest_size=8, person=b"span").digest()


def _root(trace: bytes) -> bytes:
    return _digest(trace, b"root")


def _spans(trace: bytes, report: ExecutionReport, has_payloads: bool) -> Iterable[Span]:
    times = _times(report.started_at, report.finished_at, report.duration_ms)
    if times and report.status in TERMINAL:
        about: dict[str, Any] = {
            "steadyrun.execution.id": report.id,
            "steadyrun.trigger": report.trigger,
            "service.version": report.release,
            "session.id": report.session,
            "user.id": report.user,
            "url.full": report.url,
            **{f"tag.{name}": value for name, value in (report.tags or {}).items()},
        }
        yield _span(trace, _root(trace), b"", report.workflow or report.id, times, report, about, has_payloads)
    for step in report.steps or ():
        times = _times(step.started_at, step.ended_at, step.duration_ms)
        if times and (step.ended_at is not None or step.status in TERMINAL):
            parent = span_id(trace, step.parent_id) if step.parent_id else _root(trace)
            name = step.node or step.kind or step.id
            yield _span(trace, span_id(trace, step.id), parent, name, times, step, _of_step(step), has_payloads)


def _times(start: datetime | None, end: datetime | None, duration_ms: float | None) -> tuple[datetime, datetime] | None:
    """Start and end, one worked out from the other where it was not told; None when neither was."""
    length = timedelta(milliseconds=duration_ms or 0)
    if start is None and end is None:
        return None
    begun = start if start is not None else (end or _EPOCH) - length
    return begun, max(end if end is not None else begun + length, begun)


def _parts(tokens: Tokens) -> dict[str, int | None]:
    return {
        "gen_ai.usage.audio.input_tokens": tokens.input_audio,
        "gen_ai.usage.image.input_tokens": tokens.input_image,
        "gen_ai.usage.audio.output_tokens": tokens.output_audio,
        "gen_ai.usage.image.output_tokens": tokens.output_image,
        "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens": tokens.cache_write_1h,
    }


def _of_step(step: StepReport) -> dict[str, Any]:
    tokens = step.tokens
    told = [n for n in (tokens.input, tokens.cache_read, tokens.cache_write) if n is not None] if tokens else []
    return {
        "steadyrun.step.kind": step.kind,
        "gen_ai.operation.name": _OPERATIONS.get(step.kind or ""),
        "gen_ai.provider.name": step.provider,
        "gen_ai.request.model": step.model,
        "gen_ai.response.model": step.model,
        "gen_ai.tool.name": step.tool,
        "server.address": step.external_system,
        "gen_ai.usage.input_tokens": sum(told) if told else None,
        "gen_ai.usage.output_tokens": tokens.output if tokens else None,
        "gen_ai.usage.cache_read.input_tokens": tokens.cache_read if tokens else None,
        "gen_ai.usage.cache_creation.input_tokens": tokens.cache_write if tokens else None,
        "gen_ai.usage.reasoning.output_tokens": tokens.reasoning if tokens else None,
        **(_parts(tokens) if tokens else {}),
        "http.request.resend_count": step.attempt - 1 if step.attempt and step.attempt > 1 else None,
    }


def _span(
    trace: bytes, id: bytes, parent: bytes, name: str, times: tuple[datetime, datetime],
    told: ExecutionReport | StepReport, about: dict[str, Any], has_payloads: bool,
) -> Span:  # fmt: skip
    error = told.error if isinstance(told.error, Failure) else None
    shared = {
        "steadyrun.status": told.status.word if told.status is not None else None,
        "steadyrun.cost.usd": float(told.cost_usd) if told.cost_usd is not None else None,
        "error.type": error.type if error else None,
        "input.value": told.input if has_payloads else None,
        "output.value": told.output if has_payloads else None,
    }
    own = told.attributes or {} if has_payloads else {}
    span = Span(
        trace_id=trace,
        span_id=id,
        parent_span_id=parent,
        name=name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=nanoseconds(times[0]),
        end_time_unix_nano=nanoseconds(times[1]),
        attributes=pairs({**own, **{key: value for key, value in {**about, **shared}.items() if value is not None}}),
    )
    if told.status in FAILING:
        span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message=(error.message or "") if error else ""))
    elif told.status in TERMINAL:
        span.status.code = Status.STATUS_CODE_OK
    if error:
        words = {"exception.type": error.type, "exception.message": error.message}
        event = Span.Event(name="exception", time_unix_nano=span.end_time_unix_nano, attributes=pairs(words))
        span.events.append(event)
    return span


def _record(line: LogReport | LooseLine, trace: bytes, step: str | None, parcel: Parcel) -> LogRecord:
    level = line.level or ""
    labels = line.labels if isinstance(line, LooseLine) else None
    return LogRecord(
        time_unix_nano=nanoseconds(line.at or parcel.received_at),
        severity_text=level,
        severity_number=_SEVERITIES.get(level.lower(), 0),  # type: ignore[arg-type]
        body=AnyValue(string_value=line.message),
        attributes=pairs(labels or {}),
        trace_id=trace,
        span_id=(span_id(trace, step) if step else _root(trace)) if trace else b"",
    )


def pairs(values: Pairs) -> list[KeyValue]:
    """Attributes; what is neither text, number nor truth value is JSON."""
    return [KeyValue(key=str(key), value=_value(value)) for key, value in values.items() if value is not None]


def _value(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(string_value=(value if isinstance(value, str) else _json(value).decode())[:MAX_TEXT])


def nanoseconds(at: datetime) -> int:
    """A time as OTLP writes it."""
    since = at - _EPOCH
    return max((since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds) * 1000, 0)


def resource_of(place: Place, more: Pairs) -> list[KeyValue]:
    """What a receiver groups by: the workflow as the service, its environment."""
    workflow, environment = place
    told = {"service.name": workflow or SCOPE, "deployment.environment.name": environment or None, **more}
    return pairs(told)


def _traces(spans: Mapping[Place, Sequence[Span]], resource: Pairs) -> bytes:
    request = ExportTraceServiceRequest()
    for place, found in spans.items():
        if found:
            group = request.resource_spans.add()
            group.resource.attributes.extend(resource_of(place, resource))
            scope = group.scope_spans.add()
            scope.scope.name = SCOPE
            scope.spans.extend(found)
    return request.SerializeToString()


def _logs(records: Mapping[Place, Sequence[LogRecord]], resource: Pairs) -> bytes:
    request = ExportLogsServiceRequest()
    for place, found in records.items():
        if found:
            group = request.resource_logs.add()
            group.resource.attributes.extend(resource_of(place, resource))
            scope = group.scope_logs.add()
            scope.scope.name = SCOPE
            scope.log_records.extend(found)
    return request.SerializeToString()
