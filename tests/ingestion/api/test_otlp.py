"""OTLP over HTTP: what is stored and answered, what is refused and how, and that any split of a trace is the same."""

import gzip
import json
import zlib
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from google.rpc.status_pb2 import Status as RpcStatus
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion import acceptance
from ingestion.models import SourceAttribute, SourceLine, SourceMetric
from monitoring.models import Execution, LogLine, Step
from monitoring.reads.replay import load
from monitoring.statuses import Status
from tests.otlp import START, TRACE, as_json, pairs, request, span

pytestmark = pytest.mark.django_db
JSON, PROTOBUF = "application/json", "application/x-protobuf"


class Exporter:
    """Sends with a key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.client = Client(raise_request_exception=False)

    def __call__(self, body: bytes, content_type: str = PROTOBUF, path: str = "/v1/traces", **headers: str) -> Any:
        told = {"authorization": f"Bearer {self.key}", **headers}
        return self.client.post(path, body, content_type=content_type, headers=told)


@pytest.fixture
def export(api_key: str) -> Exporter:
    """Exports with the team's first key."""
    return Exporter(api_key)


@pytest.mark.parametrize("path", ["/v1/traces", "/otel/v1/traces", "/api/public/otel/v1/traces"])
def test_each_address_stores_and_answers_in_the_type_of_the_request(export: Exporter, team: Team, path: str) -> None:
    made = request(span(1), span(2, 1))
    answer = export(made.SerializeToString(), path=path)
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, PROTOBUF, b"")
    again = export(as_json(made), JSON, path)
    assert (again.status_code, again["Content-Type"], again.json()) == (200, JSON, {})
    with team_context(team.id):
        execution = Execution.objects.get()
        assert (execution.external_id, execution.step_count) == (TRACE, 1)
        assert Step.objects.count() == 1


@pytest.mark.parametrize("path", ["/v1/traces", "/otel/v1/logs", "/api/public/otel/v1/metrics"])
def test_head_is_answered_without_a_key(path: str) -> None:
    assert Client().head(path).status_code == 200


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_bodies(export: Exporter, coding: str, pack: Any) -> None:
    body = pack(request(span(1)).SerializeToString())
    assert export(body, **{"content-encoding": coding}).status_code == 200


def test_a_poisoned_span_is_refused_alone(export: Exporter, team: Team) -> None:
    spans = [span(number, 1) for number in range(2, 1_001)]
    made = request(span(1), *spans[:500], span(9_999, 1, trace="0" * 32), *spans[500:])
    answer = export(made.SerializeToString())
    told = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, told.rejected_spans) == (200, 1)
    assert "span 501: traceId must be 16 bytes that are not all zero" in told.error_message
    with team_context(team.id):
        assert (Step.objects.count(), Execution.objects.get().step_count) == (999, 999)


def test_partial_success_in_json_has_the_number_as_text(export: Exporter) -> None:
    told = json.loads(as_json(request(span(1), span(2, 1), span(3, 1))))
    spans = told["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans[1]["spanId"] = "xyz"
    spans[2]["startTimeUnixNano"] = {"not": "a number"}
    partial = export(json.dumps(told).encode(), JSON).json()["partialSuccess"]
    assert partial["rejectedSpans"] == "2"
    assert "span 1: spanId must be 16 hexadecimal digits" in partial["errorMessage"]
    assert "span 2: startTimeUnixNano must be a whole number or text, not an object" in partial["errorMessage"]


def test_text_that_is_not_utf8_and_a_damaged_span_are_refused_alone(export: Exporter) -> None:
    body = request(span(1), span(2, 1, name="marked"), span(3, 1, attributes={"x": "marked too"})).SerializeToString()
    body = body.replace(b"marked too", b"\xff\xfe" * 5).replace(b"marked", b"\xc3\x28good")
    told = ExportTraceServiceResponse.FromString(export(body).content).partial_success
    assert told.rejected_spans == 2
    assert "span 1: (item) holds text that is not UTF-8" in told.error_message


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"\xff\xff\xff", PROTOBUF, 400, 3),
        (b"{", JSON, 400, 3),
        (b"[]", JSON, 400, 3),
        (b'{"resourceSpans": 5}', JSON, 400, 3),
        (b"x", "text/plain", 415, 3),
        (b"x", "application/grpc+protobuf", 415, 3),
    ],
)
def test_refusals_are_a_status_in_the_senders_form(
    export: Exporter, body: bytes, content_type: str, status: int, code: int
) -> None:
    answer = export(body, content_type)
    assert answer.status_code == status
    if "protobuf" in content_type:
        assert answer["Content-Type"] == PROTOBUF
        told = RpcStatus.FromString(answer.content)
        assert (told.code, bool(told.message)) == (code, True)
    else:
        assert answer["Content-Type"] == JSON
        assert answer.json()["code"] == code


def test_a_wrong_key_is_refused_in_the_senders_form(export: Exporter) -> None:
    export.key = "sr_no_such_key"
    answer = export(b"x")
    assert (answer.status_code, RpcStatus.FromString(answer.content).code) == (401, 16)
    assert export(b"{}", JSON).json()["code"] == 16


def test_a_bomb_is_refused(export: Exporter, settings: Any) -> None:
    settings.INGEST_MAX_INFLATED_BYTES = 1_000_000
    answer = export(gzip.compress(bytes(50_000_000)), **{"content-encoding": "gzip"})
    assert (answer.status_code, RpcStatus.FromString(answer.content).code) == (413, 8)


def test_a_passing_fault_is_a_503_that_says_when_to_try_again(
    export: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(acceptance, "write", fail)
    answer = export(request(span(1)).SerializeToString())
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert RpcStatus.FromString(answer.content).code == 14


def test_a_cycle_of_spans_neither_hangs_nor_loses_any(export: Exporter, team: Team) -> None:
    made = request(span(1, 3), span(2, 1), span(3, 2), span(4, 4))
    assert export(made.SerializeToString()).content == b""
    with team_context(team.id):
        replay = load(team.id, Execution.objects.get().id)
    assert replay is not None
    assert len(replay.steps) == 4


def test_what_was_lost_is_listed(export: Exporter, team: Team) -> None:
    attributes = {"customer.tier": "gold", "gen_ai.operation.name": "chat"}
    export(request(span(1, attributes=attributes), resource={"host.name": "h", "squad": "blue"}).SerializeToString())
    with team_context(team.id):
        assert set(SourceAttribute.objects.values_list("name", flat=True)) == {"customer.tier", "squad"}


def test_log_records_join_their_execution_or_stay_loose(export: Exporter, team: Team) -> None:
    made = ExportLogsServiceRequest()
    records = made.resource_logs.add().scope_logs.add().log_records
    fields = {"time_unix_nano": START, "severity_number": 9}
    one = records.add(trace_id=bytes.fromhex(TRACE), span_id=(2).to_bytes(8, "big"), **fields)
    one.body.string_value = "asked"
    records.add(**fields).body.string_value = "alone"
    details = records.add(
        trace_id=bytes.fromhex(TRACE),
        span_id=(2).to_bytes(8, "big"),
        event_name="gen_ai.client.inference.operation.details",
        attributes=pairs({"gen_ai.input.messages": [{"role": "user"}], "gen_ai.output.messages": "[1]"}),
        **fields,
    )
    assert details.event_name
    records.add(trace_id=b"short")
    answer = export(made.SerializeToString(), path="/v1/logs")
    assert ExportTraceServiceResponse.FromString(answer.content).partial_success.rejected_spans == 1
    export(request(span(1), span(2, 1)).SerializeToString())
    with team_context(team.id):
        line = LogLine.objects.get()
        assert (line.message, line.level, line.step_id is not None) == ("asked", "info", True)
        assert SourceLine.objects.get().message == "alone"
        replay = load(team.id, Execution.objects.get().id)
    assert replay is not None
    assert replay.steps[0].payload["input"] == [{"role": "user"}]
    assert replay.steps[0].payload["output"] == [1]
    assert replay.steps[0].node == "span 2"


def test_metrics_are_kept_as_points(export: Exporter, team: Team) -> None:
    made = ExportMetricsServiceRequest()
    metrics = made.resource_metrics.add().scope_metrics.add().metrics
    counter = metrics.add(name="requests", unit="1").sum
    counter.is_monotonic, counter.aggregation_temporality = True, 1
    counter.data_points.add(time_unix_nano=START, as_int=3, attributes=pairs({"route": "/a"}))
    metrics.add(name="heat").gauge.data_points.add(time_unix_nano=START, as_double=1.5)
    metrics.add(name="time").histogram.data_points.add(time_unix_nano=START, count=2, sum=7.5)
    metrics.add(name="wide").exponential_histogram.data_points.add(time_unix_nano=START, count=1, sum=2.0)
    metrics.add(name="short").summary.data_points.add(time_unix_nano=START, count=4, sum=0.0)
    points = metrics.add(name="bad").gauge.data_points
    points.add(time_unix_nano=START, as_double=float("nan"))
    points.add(as_double=1.0)
    points.add(time_unix_nano=START, flags=1)
    answer = export(made.SerializeToString(), path="/v1/metrics")
    partial = ExportMetricsServiceResponse.FromString(answer.content).partial_success
    assert partial.rejected_data_points == 2
    assert "data point 5: value must be a finite number" in partial.error_message
    with team_context(team.id):
        kept = SourceMetric.objects.order_by("name").values_list("name", "kind", "value", "sample_count")
        assert list(kept) == [
            ("heat", "gauge", 1.5, None),
            ("requests", "counter", 3.0, None),
            ("short", "histogram", 0.0, 4),
            ("time", "histogram", 7.5, 2),
            ("wide", "histogram", 2.0, 1),
        ]


def test_n8n_test_spans_are_ignored(export: Exporter, team: Team) -> None:
    made = request(span(1, name="n8n.test_trace", attributes={"n8n.test": True}))
    assert export(made.SerializeToString()).content == b""
    with team_context(team.id):
        assert not Execution.objects.exists()


def test_attempts_of_an_n8n_execution_share_their_origin(export: Exporter, team: Team) -> None:
    for number, about in enumerate(
        ({"n8n.execution.id": "7"}, {"n8n.execution.id": "8", "n8n.execution.retry_of": "7"})
    ):
        attributes = {"n8n.workflow.name": "Sync", "n8n.execution.status": "error", **about}
        export(request(span(1, trace=f"{number + 1:032x}", attributes=attributes)).SerializeToString())
    with team_context(team.id):
        first, second = Execution.objects.order_by("external_id")
        assert first.origin_id == second.origin_id
        assert (first.status, second.status) == (Status.FAILED, Status.FAILED)
