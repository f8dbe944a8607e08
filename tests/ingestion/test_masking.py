"""What a team masks never reaches a table, by whichever way it comes; what it does not capture is not there."""

import base64
import contextlib
import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import zstandard
from django.db import connections
from django.test import Client
from django.utils import timezone
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.capture import Capture
from ingestion.forwarding.outbox import forget_destinations
from ingestion.kinds import SourceKind
from ingestion.masking import forget_masking
from ingestion.models import CapturePolicy, Destination, OutboxItem, RedactionRule
from ingestion.rules import RuleKind
from ingestion.sources import add_source, forget_sources
from monitoring.identity import facet_text
from monitoring.models import Execution, LogLine, Payload
from monitoring.payload_marks import CAPTURE_MARK
from monitoring.store.payloads import merge_chunks
from tests.ingestion.adapters.langsmith.sending import post as langsmith_run
from tests.otlp import request, span

pytestmark = pytest.mark.django_db
MARK = "zq7secretmarker"
SECRET = f"{MARK}@leak.example"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget_sources()
    forget_masking()
    forget_destinations()
    yield
    forget_masking()
    forget_destinations()


def rule(team: Team, kind: RuleKind, what: str, **fields: Any) -> None:
    with team_context(team.id):
        RedactionRule.objects.create(kind=kind, what=what, label=fields.pop("label", "email"), **fields)
    forget_masking()


def policy(team: Team, capture: Capture, workflow: str = "", environment: str = "") -> None:
    with team_context(team.id):
        CapturePolicy.objects.create(workflow=workflow, environment=environment, capture=capture)
    forget_masking()


def report(key: str, **told: Any) -> None:
    item = {"id": "e1", "workflow": "orders", "environment": "live", "status": "failed", **told}
    answer = Client().post(
        "/api/v1/executions", json.dumps(item), content_type="application/json", headers={"x-api-key": key}
    )
    assert answer.status_code == 200, answer.content


def stored(team: Team) -> Any:
    with team_context(team.id):
        first = Execution.objects.order_by("id").first()
        return merge_chunks(first.id if first else UUID(int=0), Payload.objects.values_list("body", flat=True))


def _texts(value: Any) -> Iterator[bytes]:
    """A value of the database as it may hold a text: as it is, and unpacked."""
    if isinstance(value, memoryview | bytes):
        raw = bytes(value)
        yield raw
        with contextlib.suppress(zstandard.ZstdError):
            yield zstandard.ZstdDecompressor().decompress(raw, max_output_size=1 << 24)
    else:
        yield str(value).encode()


def places_of(team: Team, mark: str) -> set[str]:
    """Every column of every table, as the team sees it, that holds the text."""
    found = set()
    with team_context(team.id), connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
            "JOIN pg_type t ON t.oid = a.atttypid WHERE c.relnamespace = 'public'::regnamespace "
            "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped "
            "AND t.typname IN ('text', 'varchar', 'bytea', 'json', 'jsonb', '_text', '_varchar') "
            "AND has_table_privilege(c.oid, 'SELECT') GROUP BY 1 ORDER BY 1"
        )
        for table, columns in cursor.fetchall():
            told = ", ".join(f'"{column}"' for column in columns)
            cursor.execute(f"SELECT {told} FROM {table}")
            for row in cursor.fetchall():
                for column, value in zip(columns, row, strict=True):
                    if any(mark.encode() in text.lower() for text in _texts(value)):
                        found.add(f"{table}.{column}")
    if mark.encode() in json.dumps([stored(team).execution, stored(team).steps]).lower().encode():
        found.add("payload.body")
    return found


def report_with_secret(now: str) -> dict[str, Any]:
    """An execution with the secret in every field that takes a text."""
    return {
        "id": f"run {SECRET}",
        "workflow": f"flow {SECRET}",
        "environment": SECRET,
        "release": SECRET,
        "trigger": SECRET,
        "status": "failed",
        "started_at": now,
        "user": SECRET,
        "session": SECRET,
        "tags": {"who": SECRET},
        "input": {"to": SECRET, SECRET: 1},
        "output": [SECRET],
        "error": {"type": SECRET, "message": f"no {SECRET}", "detail": {"at": SECRET}},
        "attributes": {"a": {"b": SECRET}},
        "steps": [{"id": SECRET, "node": SECRET, "input": SECRET, "error": {"message": SECRET}, "tool": SECRET}],
        "logs": [{"message": SECRET, "step_id": SECRET}],
        "feedback": [{"key": "f", "comment": SECRET}],
    }


def logs_with_secret() -> bytes:
    """A line of OpenTelemetry that is the secret."""
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = SECRET
    return bytes(logs.SerializeToString())


def send_by_all_ways(team: Team, key: str) -> list[int]:
    """The secret by every protocol, in every kind of place; the statuses."""
    now, statuses = timezone.now().isoformat(), []
    everywhere = report_with_secret(now)
    with team_context(team.id):
        hook = add_source(team_id=team.id, kind=SourceKind.GENERIC, name="Hook", mapping={"id": "job", "workflow": "f"})
        ping = add_source(team_id=team.id, kind=SourceKind.PING, name="Ping")
    headers = {"authorization": f"Bearer {key}"}
    json_type = "application/json"
    line = json.dumps({"timestamp": now, "workflow": SECRET, "status": "failed", "message": SECRET, "job": SECRET})
    for path, body, content_type, more in (
        ("/api/v1/executions", json.dumps(everywhere), json_type, {}),
        ("/api/v1/executions", json.dumps([{"id": "x", "status": SECRET}]), json_type, {}),
        ("/api/v1/executions", json.dumps([{"id": "x", "input": SECRET, SECRET: 1}]), json_type, {}),
        (
            "/v1/traces",
            request(span(1, attributes={"to": SECRET, SECRET: 2}, message=SECRET, status=2)).SerializeToString(),
            "application/x-protobuf",
            {},
        ),
        ("/v1/logs", logs_with_secret(), "application/x-protobuf", {}),
        ("/langsmith/runs", json.dumps(langsmith_run(inputs={"q": SECRET}, error=SECRET)), json_type, {}),
        ("/api/v1/logs", line + "\n" + SECRET, "application/x-ndjson", {}),
        (
            "/loki/api/v1/push",
            json.dumps({"streams": [{"stream": {"a": SECRET}, "values": [["1", SECRET]]}]}),
            json_type,
            {},
        ),
        ("/services/collector/event", json.dumps({"event": SECRET, "host": SECRET}), json_type, {}),
        (
            "/elastic/_bulk",
            '{"create":{}}\n' + json.dumps({"message": SECRET, "@timestamp": now}) + "\n",
            json_type,
            {},
        ),
        (
            "/firehose",
            json.dumps(
                {"requestId": "r", "timestamp": 1, "records": [{"data": base64.b64encode(SECRET.encode()).decode()}]}
            ),
            json_type,
            {"x-amz-firehose-access-key": key, "x-amz-firehose-request-id": "r"},
        ),
        (f"/hooks/{hook.address}", json.dumps({"job": SECRET, "f": SECRET}), json_type, {"x-event": SECRET}),
        (f"/ping/{ping.address}/fail", SECRET, "text/plain", {}),
    ):
        answer = Client().post(path, body, content_type=content_type, headers={**headers, **more})
        statuses.append(answer.status_code)
    return statuses


def test_a_secret_by_every_protocol_is_in_no_column_of_any_table(team: Team, api_key: str) -> None:
    with team_context(team.id):
        Destination.objects.create(kind="otlp", name="Next", url="https://example.test", created_at=timezone.now())
    forget_destinations()
    rule(team, RuleKind.DETECTOR, "email")
    statuses = send_by_all_ways(team, api_key)
    assert statuses.count(200) >= 10, statuses
    with team_context(team.id):
        assert Execution.objects.count() >= 5
        assert OutboxItem.objects.count() >= 5
    assert places_of(team, MARK) == set()


def test_the_search_of_the_test_before_finds_what_is_not_masked(team: Team, api_key: str) -> None:
    send_by_all_ways(team, api_key)
    found = places_of(team, MARK)
    assert {"payload.body", "execution.error", "execution.facets", "log_line.message", "source_line.message"} <= found


def test_keys_and_passwords_are_masked_where_nobody_decided(team: Team, api_key: str) -> None:
    report(api_key, input={"password": "hunter2", "key": "sk-" + "a" * 30, "mail": "ada@mail.example"})
    assert stored(team).execution["input"] == {"password": "[redacted]", "key": "[key]", "mail": "ada@mail.example"}


def test_a_switched_off_detector_masks_nothing(team: Team, api_key: str) -> None:
    rule(team, RuleKind.DETECTOR, "names", is_on=False)
    report(api_key, input={"password": "hunter2"})
    assert stored(team).execution["input"] == {"password": "hunter2"}


def test_a_field_by_its_path_is_masked_in_payload_and_facets(team: Team, api_key: str) -> None:
    rule(team, RuleKind.FIELD, "input.customer", label="customer")
    report(api_key, input={"customer": "Ada", "n": 1})
    assert stored(team).execution["input"] == {"customer": "[customer]", "n": 1}
    with team_context(team.id):
        assert Execution.objects.get().facets == [
            facet_text("input.customer", "[customer]"),
            facet_text("input.n", "1"),
        ]


FULL = {
    "input": {"a": 1},
    "output": "done",
    "error": {"type": "Bad", "message": "it broke", "detail": "stack"},
    "tags": {"k": "v"},
    "logs": [{"message": "a line"}],
    "steps": [{"id": "s", "input": "x", "tokens": {"input": 5}}],
}


def test_metadata_keeps_figures_tags_and_messages_but_no_content(team: Team, api_key: str) -> None:
    policy(team, Capture.METADATA, workflow="orders")
    report(api_key, **FULL)
    kept = stored(team)
    assert "input" not in kept.execution
    assert "output" not in kept.execution
    assert kept.execution["attributes"][CAPTURE_MARK] == "metadata: by the rule of workflow orders in all environments"
    assert kept.execution["error"] == {"type": "Bad", "message": "it broke"}
    assert all("input" not in step for step in kept.steps.values())
    with team_context(team.id):
        assert (LogLine.objects.count(), Execution.objects.get().input_tokens) == (1, 5)
        assert Execution.objects.get().facets == [facet_text("tag.k", "v")]


def test_off_keeps_no_text_of_the_run(team: Team, api_key: str) -> None:
    policy(team, Capture.OFF, environment="live")
    report(api_key, **FULL)
    with team_context(team.id):
        run = Execution.objects.get()
        assert (LogLine.objects.count(), run.facets, run.error) == (0, None, "Bad")


def test_the_more_exact_rule_counts_and_other_workflows_are_kept_whole(team: Team, api_key: str) -> None:
    policy(team, Capture.OFF, environment="live")
    policy(team, Capture.FULL, workflow="orders", environment="live")
    report(api_key, **FULL)
    assert stored(team).execution["input"] == {"a": 1}


def test_a_part_that_tells_no_workflow_is_kept_by_the_strictest_rule(team: Team, api_key: str) -> None:
    policy(team, Capture.OFF, workflow="secret flow")
    report(api_key, **{**FULL, "workflow": None})
    assert "input" not in stored(team).execution
