"""What each protocol makes of the same records: read back as a receiver would."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from accounts.retrying import LONGEST_PAUSE, Verdict, pause_after, told_pause, verdict_of
from ingestion.forwarding import bulk, encoding, hec, loki, otlp
from ingestion.forwarding.otlp_metrics import encode_families
from ingestion.forwarding.parcels import Contents, Parcel, pack, unpack
from ingestion.records import (
    Decoded,
    ExecutionReport,
    Failure,
    LogReport,
    LooseLine,
    MetricPoint,
    Rejection,
    StepReport,
    Tokens,
)
from monitoring.analysis.exposition import Distribution, Family, Sample
from monitoring.identity import execution_id
from monitoring.statuses import Status
from tests.factories import NOW, report, step

TEAM = UUID(int=7)


def parcel(*reports: ExecutionReport, **more: Any) -> Parcel:
    return Parcel(TEAM, UUID(int=9), NOW, Contents(reports=list(reports), **more))


def failing() -> ExecutionReport:
    call = step(
        id="00f067aa0ba902b7",
        parent_id="root-step",
        node="answer",
        kind="llm",
        status=Status.FAILED,
        provider="openai",
        model="gpt-4o",
        tokens=Tokens(input=10, cache_read=90, output=7, reasoning=2),
        cost_usd=Decimal("0.02"),
        error=Failure(type="RateLimit", message="slow down"),
        input={"question": "why"},
        attributes={"region": "eu", "nested": {"a": [1]}},
    )
    log = LogReport(message="it broke", at=NOW, level="error", step_id="00f067aa0ba902b7")
    return report(
        id="4bf92f3577b34da6a3ce929d0e0e4736",
        environment="production",
        status=Status.FAILED,
        tags={"plan": "pro"},
        input={"order": 1},
        steps=[call],
        logs=[log],
    )


WHOLE = parcel(
    failing(),
    lines=[LooseLine(message="loose", at=NOW, labels={"pod": "a"})],
    metrics=[MetricPoint(name="queue.depth", at=NOW, value=3.5, unit="1", labels={"q": "x"})],
)


def lines_of(body: bytes) -> list[Any]:
    return [msgspec.json.decode(line) for line in body.splitlines()]


def spans(parcels: Sequence[Parcel], **settings: Any) -> list[Any]:
    (message,) = [one for one in otlp.encode(parcels, settings) if one.path == "/v1/traces"]
    request = ExportTraceServiceRequest.FromString(message.body)
    return [span for group in request.resource_spans for scope in group.scope_spans for span in scope.spans]


def attributes(told: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in told.attributes}


def test_packing_keeps_what_was_accepted() -> None:
    decoded = Decoded(
        reports=[(0, failing()), (5, report(id="refused"))],
        lines=[(6, LooseLine(message="x"))],
        metrics=[(7, MetricPoint(name="m", at=NOW, value=1.0))],
    )
    payload, size = pack(decoded, [Rejection(index=5, field="f", reason="r")])
    assert size > len(payload)
    found = unpack(payload)
    assert found.reports == [failing()]
    assert found.lines == [LooseLine(message="x")]
    assert found.reports[0].steps[0].cost_usd == Decimal("0.02")  # type: ignore[index]
    assert found.reports[0].status is Status.FAILED
    assert found.metrics[0].at == NOW


def test_spans_keep_ids_times_status_and_usage() -> None:
    root, call = spans([WHOLE])
    assert root.trace_id == call.trace_id == bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
    assert call.span_id.hex() == "00f067aa0ba902b7"
    assert root.parent_span_id == b""
    assert (root.name, call.name) == ("nightly", "answer")
    assert call.start_time_unix_nano == int((NOW - timedelta(minutes=3)).timestamp()) * 10**9
    assert (root.status.code, call.status.code, call.status.message) == (2, 2, "slow down")
    told = attributes(call)
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.usage.input_tokens"] == 100
    assert told["gen_ai.usage.cache_read.input_tokens"] == 90
    assert told["gen_ai.usage.output_tokens"] == 7
    assert (told["error.type"], told["region"], told["nested"]) == ("RateLimit", "eu", '{"a":[1]}')
    assert told["input.value"] == '{"question":"why"}'
    assert attributes(call.events[0])["exception.message"] == "slow down"
    assert attributes(root)["tag.plan"] == "pro"


def test_without_payloads_nothing_of_them_is_sent() -> None:
    settings = {"payloads": False}
    for encode in (otlp.encode, bulk.encode, hec.encode, loki.encode):
        assert not any(b"question" in message.body for message in encode([WHOLE], settings))
        assert not any(b"nested" in message.body for message in encode([WHOLE], settings))


def test_a_resource_is_the_workflow_in_its_environment() -> None:
    (message, *_) = otlp.encode([WHOLE], {"resource": {"wandb.project": "p"}})
    request = ExportTraceServiceRequest.FromString(message.body)
    told = attributes(request.resource_spans[0].resource)
    assert told == {"service.name": "nightly", "deployment.environment.name": "production", "wandb.project": "p"}


def test_log_lines_and_points_have_their_own_requests() -> None:
    by_path = {message.path: message for message in otlp.encode([WHOLE], {})}
    logs = ExportLogsServiceRequest.FromString(by_path["/v1/logs"].body)
    records = [one for group in logs.resource_logs for scope in group.scope_logs for one in scope.log_records]
    assert [one.body.string_value for one in records] == ["it broke", "loose"]
    assert (records[0].severity_number, records[0].span_id.hex(), records[1].trace_id) == (17, "00f067aa0ba902b7", b"")
    metrics = ExportMetricsServiceRequest.FromString(by_path["/v1/metrics"].body)
    (metric,) = metrics.resource_metrics[0].scope_metrics[0].metrics
    assert (metric.name, metric.gauge.data_points[0].as_double) == ("queue.depth", 3.5)
    assert [one.path for one in otlp.encode([WHOLE], {"lines": False, "metrics": False})] == ["/v1/traces"]


def test_what_is_not_over_is_no_span_yet() -> None:
    running = report(
        status=Status.RUNNING,
        finished_at=None,
        steps=[step(id="a"), step(id="b", ended_at=None, status=Status.RUNNING)],
    )
    assert [span.name for span in spans([parcel(running)])] == ["work"]
    assert otlp.encode([parcel(report(started_at=None, finished_at=None))], {}) == []


def test_a_second_attempt_is_a_trace_of_its_own() -> None:
    id = "4bf92f3577b34da6a3ce929d0e0e4736"
    (span,) = spans([parcel(report(id=id, attempt=2))])
    assert span.trace_id == execution_id(TEAM, id, 2).bytes


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(0, 5))
def test_ids_do_not_depend_on_how_it_was_split(order: list[int], cut: int) -> None:
    steps = [step(id=f"s{number}", parent_id="s0" if number else None) for number in order]
    whole = parcel(report(id="x", steps=steps))
    parts = [parcel(report(id="x", steps=steps[:cut])), parcel(report(id="x", steps=steps[cut:]))]
    ids = {(span.span_id, span.parent_span_id) for span in spans([whole])}
    assert ids == {(span.span_id, span.parent_span_id) for part in parts for span in spans([part])}


def test_bulk_upserts_executions_and_steps_and_indexes_lines() -> None:
    (message,) = bulk.encode([WHOLE], {"index": "runs"})
    assert (message.path, message.content_type) == ("/_bulk", "application/x-ndjson")
    assert message.body.endswith(b"\n")
    lines = lines_of(message.body)
    actions = [next(iter(line)) for line in lines[::2]]
    assert actions == ["update", "update", "index", "index", "index"]
    key = str(execution_id(TEAM, failing().id))
    assert lines[0]["update"] == {"_index": "runs", "_id": key}
    assert lines[1]["doc_as_upsert"] is True
    doc = lines[1]["doc"]
    assert (doc["workflow"], doc["status"], doc["kind"]) == ("nightly", "failed", "execution")
    assert "duration_ms" not in doc
    assert lines[3]["doc"]["tokens"] == {"input": 10, "cache_read": 90, "output": 7, "reasoning": 2}
    assert lines[3]["doc"]["input"] == '{"question":"why"}'
    again = lines_of(bulk.encode([WHOLE], {"index": "runs"})[0].body)
    assert again[::2] == lines[::2]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", None),
        (b"not json", None),
        (b'{"errors":false,"items":[]}', None),
        (b'{"errors":true,"items":[{"index":{"status":201}}]}', None),
        (b'{"errors":true,"items":[{"index":{"status":429,"error":{"type":"t","reason":"r"}}}]}', ("t: r", True)),
        (b'{"errors":true,"items":[{"index":{"status":400,"error":{"type":"t","reason":"r"}}}]}', ("t: r", False)),
    ],
)
def test_bulk_answers(body: bytes, expected: Any) -> None:
    assert bulk.refusals(body) == expected


def test_hec_events() -> None:
    (message,) = hec.encode([WHOLE], {"index": "main"})
    events = lines_of(message.body)
    assert {event["index"] for event in events} == {"main"}
    assert [event["sourcetype"] for event in events] == [
        "steadyrun:execution", "steadyrun:step", "steadyrun:log", "steadyrun:line", "steadyrun:metric",
    ]  # fmt: skip
    assert events[0]["time"] == (NOW - timedelta(minutes=3)).timestamp()
    assert events[1]["event"]["error"] == {"type": "RateLimit", "message": "slow down"}


def test_loki_streams_have_few_labels_and_sorted_lines() -> None:
    (message,) = loki.encode([WHOLE, parcel(failing())], {})
    streams = msgspec.json.decode(message.body)["streams"]
    first = next(stream for stream in streams if stream["stream"]["kind"] == "execution")
    assert first["stream"] == {
        "source": "steadyrun", "kind": "execution", "workflow": "nightly", "environment": "production",
        "status": "failed",
    }  # fmt: skip
    assert len(first["values"]) == 2
    assert first["values"][0][0] == str(int((NOW - timedelta(minutes=3)).timestamp()) * 10**9)
    for stream in streams:
        assert stream["values"] == sorted(stream["values"])


def test_lines_and_metrics_can_be_left_out() -> None:
    settings = {"lines": False, "metrics": False}
    assert [event["sourcetype"] for event in lines_of(hec.encode([WHOLE], settings)[0].body)] == [
        "steadyrun:execution", "steadyrun:step",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["otlp", "elastic", "hec", "loki"])
def test_nothing_makes_no_request(kind: str) -> None:
    assert encoding.encode(kind, [parcel()], {}) == []


@pytest.mark.parametrize(
    ("kind", "url", "path", "expected"),
    [
        ("otlp", "https://a.test", "/v1/traces", "https://a.test/v1/traces"),
        ("otlp", "https://a.test/otlp/", "/v1/logs", "https://a.test/otlp/v1/logs"),
        ("otlp", "https://a.test/otel/v1/traces", "/v1/traces", "https://a.test/otel/v1/traces"),
        ("otlp", "https://a.test/otel/v1/traces", "/v1/metrics", "https://a.test/otel/v1/metrics"),
        ("otlp", "https://a.test/v2/trace/otlp", "/v1/traces", "https://a.test/v2/trace/otlp"),
        ("elastic", "https://a.test:9200", "/_bulk", "https://a.test:9200/_bulk"),
        ("elastic", "https://a.test/_bulk?pipeline=p", "/_bulk", "https://a.test/_bulk?pipeline=p"),
        (
            "hec",
            "https://a.test/services/collector/event",
            "/services/collector/event",
            "https://a.test/services/collector/event",
        ),
        ("loki", "https://a.test/loki/api/v1/push", "/loki/api/v1/push", "https://a.test/loki/api/v1/push"),
    ],
)
def test_addresses(kind: str, url: str, path: str, expected: str) -> None:
    assert encoding.address(kind, url, path) == expected


def test_families_as_otlp() -> None:
    since = datetime(2026, 8, 1, tzinfo=UTC)
    labels = (("workflow", "w"),)
    families = [
        Family("runs", "counter", "h", [Sample(labels, 5)], since=since),
        Family("now", "gauge", "h", [Sample(labels, 2)]),
        Family("empty", "gauge", "h"),
        Family("took_seconds", "histogram", "h", (), [Distribution(labels, (1, 3), 4, 9.5)], (1, 5), "seconds", since),
    ]
    request = ExportMetricsServiceRequest.FromString(encode_families(families, NOW, {}).body)
    runs, now, took = request.resource_metrics[0].scope_metrics[0].metrics
    assert runs.sum.is_monotonic
    assert runs.sum.aggregation_temporality == 2
    assert runs.sum.data_points[0].start_time_unix_nano == int(since.timestamp()) * 10**9
    assert now.gauge.data_points[0].as_double == 2
    point = took.histogram.data_points[0]
    assert (list(point.bucket_counts), list(point.explicit_bounds), point.count, point.sum) == (
        [1, 2, 1],
        [1, 5],
        4,
        9.5,
    )
    assert took.unit == "s"


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_are_bounded(failures: int, chance: float) -> None:
    assert timedelta(seconds=1) <= pause_after(failures, chance=chance) <= LONGEST_PAUSE
    assert pause_after(failures, timedelta(hours=9), chance=chance) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5", 5), (" 120 ", 120), ("Wed, 12 Aug 2026 12:00:30 GMT", 30), ("Wed, 12 Aug 2020 12:00:30 GMT", 0),
     ("soon", None), ("", None), (None, None), ("-5", None)],
)  # fmt: skip
def test_retry_after(text: str | None, seconds: int | None) -> None:
    found = told_pause(text, NOW)
    assert found == (None if seconds is None else timedelta(seconds=seconds))


def test_statuses() -> None:
    assert {status: verdict_of(status).value for status in (200, 204, 302, 400, 401, 404, 413, 422, 429, 500, 503)} == {
        200: "taken", 204: "taken", 302: "refused", 400: "unfit", 401: "refused", 404: "refused", 413: "unfit",
        422: "unfit", 429: "later", 500: "later", 503: "later",
    }  # fmt: skip
    assert Verdict.LATER is verdict_of(408)


def test_steps_without_a_start_end_when_they_ended() -> None:
    told = report(steps=[StepReport(id="a", status=Status.SUCCEEDED, ended_at=NOW, duration_ms=1000)])
    (_, span) = spans([parcel(told)])
    assert span.end_time_unix_nano - span.start_time_unix_nano == 10**9
