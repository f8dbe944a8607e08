"""What a span becomes: the fields that each convention tells, its status, its error, its log lines."""

import json
from decimal import Decimal
from typing import Any

import pytest

from ingestion.records import Failure, StepReport, Tokens
from monitoring.statuses import Status
from tests.otlp import START, decode, parts, span

CLIENT, SERVER = 3, 2


def step(**told: Any) -> StepReport:
    """The only step of a trace whose root has this one child."""
    (found,) = parts(span(1), span(2, 1, **told))[0].steps or []
    return found


MODEL_CALLS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "GenAI, new names": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.cache_read.input_tokens": 40,
            "gen_ai.usage.cache_creation.input_tokens": 10,
            "gen_ai.usage.output_tokens": 30,
            "gen_ai.usage.reasoning.output_tokens": 20,
        },
        {
            "kind": "llm",
            "provider": "openai",
            "model": "gpt-4o-2024-08-06",
            "tokens": Tokens(input=50, cache_read=40, cache_write=10, output=30, reasoning=20),
        },
    ),
    "GenAI, old names": (
        {
            "gen_ai.operation.name": "text_completion",
            "gen_ai.system": "mistral_ai",
            "gen_ai.request.model": "mistral-large",
            "gen_ai.usage.prompt_tokens": 7,
            "gen_ai.usage.completion_tokens": 3,
            "gen_ai.prompt": "hello",
            "gen_ai.completion": '{"text": "hi"}',
        },
        {
            "kind": "llm",
            "provider": "mistral_ai",
            "model": "mistral-large",
            "tokens": Tokens(input=7, output=3),
            "input": "hello",
            "output": {"text": "hi"},
        },
    ),
    "OpenInference": (
        {
            "openinference.span.kind": "LLM",
            "llm.provider": "anthropic",
            "llm.model_name": "claude-sonnet-4",
            "llm.token_count.prompt": 90,
            "llm.token_count.prompt_details.cache_read": 80,
            "llm.token_count.completion": 5,
            "llm.cost.total": 0.25,
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "hello",
            "llm.input_messages.1.message.role": "assistant",
        },
        {
            "kind": "llm",
            "provider": "anthropic",
            "model": "claude-sonnet-4",
            "tokens": Tokens(input=10, cache_read=80, output=5),
            "cost_usd": Decimal("0.25"),
            "input": [{"role": "user", "content": "hello"}, {"role": "assistant"}],
        },
    ),
    "OpenInference embedding": (
        {
            "openinference.span.kind": "EMBEDDING",
            "embedding.model_name": "text-embedding-3",
            "llm.token_count.prompt": 9,
        },
        {"kind": "embedding", "model": "text-embedding-3", "tokens": Tokens(input=9)},
    ),
    "Traceloop": (
        {
            "llm.request.type": "chat",
            "gen_ai.system": "Anthropic",
            "gen_ai.request.model": "claude-sonnet-4",
            "gen_ai.usage.prompt_tokens": 30,
            "gen_ai.usage.cache_read_input_tokens": 20,
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "hello",
            "gen_ai.completion.0.content": "hi",
        },
        {
            "kind": "llm",
            "provider": "Anthropic",
            "tokens": Tokens(input=10, cache_read=20),
            "input": [{"content": "hello", "role": "user"}],
            "output": [{"content": "hi"}],
        },
    ),
    "MLflow": (
        {
            "mlflow.spanType": json.dumps("CHAT_MODEL"),
            "mlflow.llm.provider": json.dumps("openai"),
            "mlflow.llm.model": json.dumps("gpt-4o"),
            "mlflow.chat.tokenUsage": json.dumps(
                {"input_tokens": 8, "output_tokens": 2, "total_tokens": 10, "cache_read_input_tokens": 5}
            ),
            "mlflow.llm.cost": json.dumps({"total_cost": 0.5}),
            "mlflow.spanInputs": json.dumps({"question": "hello"}),
        },
        {
            "kind": "llm",
            "provider": "openai",
            "model": "gpt-4o",
            "tokens": Tokens(input=3, cache_read=5, output=2),
            "cost_usd": Decimal("0.5"),
            "input": {"question": "hello"},
        },
    ),
    "pydantic-ai": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "openai",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.details.cache_read_tokens": 4,
            "gen_ai.usage.details.reasoning_tokens": 1,
            "operation.cost": 0.001,
        },
        {
            "kind": "llm",
            "tokens": Tokens(input=6, cache_read=4, reasoning=1),
            "cost_usd": Decimal("0.001"),
        },
    ),
    "modalities, one-hour cache and tier": (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o-audio",
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.audio.input_tokens": 60,
            "gen_ai.usage.image.input_tokens": 5,
            "gen_ai.usage.cache_creation.input_tokens": 10,
            "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens": 4,
            "gen_ai.usage.output_tokens": 30,
            "gen_ai.usage.audio.output_tokens": 20,
            "openai.request.service_tier": "auto",
            "openai.response.service_tier": "flex",
        },
        {
            "tokens": Tokens(
                input=90,
                cache_write=10,
                cache_write_1h=4,
                output=30,
                input_audio=60,
                input_image=5,
                output_audio=20,
            ),
            "tier": "flex",
        },
    ),
    "OpenInference, audio": (
        {
            "openinference.span.kind": "LLM",
            "llm.token_count.prompt": 24,
            "llm.token_count.prompt_details.audio": 7,
            "llm.token_count.completion": 3,
            "llm.token_count.completion_details.audio": 1,
        },
        {"tokens": Tokens(input=24, output=3, input_audio=7, output_audio=1)},
    ),
    "no count is not counted": (
        {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 1.5, "gen_ai.usage.output_tokens": 10**18},
        {"tokens": None},
    ),
    "no convention's kind": (
        {"gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 10},
        {"kind": "llm", "tokens": Tokens(input=10)},
    ),
    "counted apart": (
        {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 3, "gen_ai.usage.cache_read.input_tokens": 9},
        {"tokens": Tokens(input=3, cache_read=9)},
    ),
}


@pytest.mark.parametrize("convention", MODEL_CALLS)
def test_a_model_call_of_each_convention(convention: str) -> None:
    attributes, wanted = MODEL_CALLS[convention]
    found = step(attributes=attributes)
    assert {name: getattr(found, name) for name in wanted} == wanted


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 5, "gen_ai.request.model": "m"},
        {"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 5, "llm.cost.total": 1.0},
        {"traceloop.span.kind": "workflow", "gen_ai.usage.input_tokens": 5, "gen_ai.request.model": "m"},
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.aggregated_usage.input_tokens": 5},
    ],
)
def test_sums_that_parents_repeat_are_attributes_and_not_tokens(attributes: dict[str, Any]) -> None:
    found = step(attributes=attributes)
    assert (found.tokens, found.cost_usd) == (None, None)
    assert [value for name, value in (found.attributes or {}).items() if "usage" in name or "count" in name] == [5]


@pytest.mark.parametrize(
    ("attributes", "kind", "wanted"),
    [
        (
            {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "track", "gen_ai.tool.call.arguments": "{}"},
            "tool",
            {"tool": "track", "input": {}},
        ),
        ({"openinference.span.kind": "RETRIEVER", "retrieval.documents.0.document.content": "a"}, "retriever", {}),
        ({"http.request.method": "GET", "server.address": "api.example"}, "http", {"external_system": "api.example"}),
        (
            {"http.method": "GET", "http.url": "https://u:p@old.example:8443/x"},
            "http",
            {"external_system": "old.example"},
        ),
        ({"db.system.name": "postgresql", "db.query.text": "SELECT 1"}, "database", {"external_system": "postgresql"}),
        ({"rpc.system": "grpc", "rpc.service": "Parcels", "peer.service": "parcels"}, "rpc", {}),
        ({"messaging.system": "kafka"}, "messaging", {"external_system": "kafka"}),
        (
            {"n8n.node.name": "Ask", "n8n.node.type": "n8n-nodes-base.httpRequest"},
            "http",
            {"node": "Ask"},
        ),
        ({"n8n.node.type": "@n8n/n8n-nodes-langchain.lmChatOpenAi"}, "llm", {}),
        ({"airflow.task_id": "load", "airflow.try_number": 2}, "client", {"node": "load", "attempt": 2}),
    ],
)
def test_other_kinds_of_steps(attributes: dict[str, Any], kind: str, wanted: dict[str, Any]) -> None:
    found = step(kind=CLIENT, attributes=attributes)
    assert found.kind == kind
    assert {name: getattr(found, name) for name in wanted} == wanted


def test_a_server_does_not_call_itself() -> None:
    found = step(kind=SERVER, attributes={"http.request.method": "POST", "server.address": "me.example"})
    assert (found.kind, found.external_system) == ("server", None)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({}, Status.SUCCEEDED),
        ({"status": 1, "attributes": {"error.type": "handled"}}, Status.SUCCEEDED),
        ({"status": 2}, Status.FAILED),
        ({"attributes": {"error.type": "timeout"}}, Status.FAILED),
        ({"events": [("exception", {"exception.type": "ValueError"})]}, Status.FAILED),
        ({"end": 0}, Status.RUNNING),
        ({"attributes": {"n8n.execution.status": "waiting"}}, Status.WAITING),
        ({"attributes": {"airflow.task_instance.state": "up_for_retry"}}, Status.RUNNING),
        ({"status": 2, "attributes": {"n8n.execution.status": "no such word"}}, Status.FAILED),
    ],
)
def test_status(told: dict[str, Any], status: Status) -> None:
    assert step(**told).status == status


def test_an_exception_is_the_error_and_other_events_are_log_lines() -> None:
    exception = {"exception.type": "shop.Late", "exception.message": "too late", "exception.stacktrace": "at x"}
    main = parts(span(1), span(2, 1, status=2, events=[("queued", {"length": 3}), ("exception", exception)]))[0]
    (found,) = main.steps or []
    assert found.error == Failure(type="shop.Late", message="too late", detail="at x")
    assert [(line.message, line.level, line.step_id, line.position) for line in main.logs or []] == [
        ("queued length=3", "info", "0000000000000002", 0)
    ]


def test_a_handled_exception_is_a_log_line() -> None:
    main = parts(span(1), span(2, 1, status=1, events=[("exception", {"exception.type": "Late"})]))[0]
    assert (main.steps or [])[0].error is None
    assert [(line.message, line.level) for line in main.logs or []] == [("exception exception.type=Late", "error")]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("TimeoutError: no answer", Failure(type="TimeoutError", message="TimeoutError: no answer")),
        ("it did not work: no", Failure(message="it did not work: no")),
    ],
)
def test_the_status_text_is_the_error_where_nothing_else_tells(message: str, error: Failure) -> None:
    assert step(status=2, message=message).error == error


def test_resent_requests_are_attempts() -> None:
    assert step(kind=CLIENT, attributes={"http.request.method": "GET", "http.request.resend_count": 2}).attempt == 3


def test_what_nothing_understands_is_kept_and_named() -> None:
    attributes = {"customer.tier": "gold", "price": 1.5, "gen_ai.request.top_k": 4, "many": [1, "two", {"a": True}]}
    decoded = decode(span(1), span(2, 1, attributes=attributes), scope="lib")
    (found,) = decoded.reports[0][1].steps or []
    assert found.attributes == {**attributes, "otel.scope.name": "lib"}
    assert decoded.unknown == {"customer.tier": "string", "price": "double", "many": "array"}


def test_the_less_trusted_of_two_names_stays_an_attribute() -> None:
    found = step(attributes={"gen_ai.request.model": "a", "gen_ai.response.model": "b", "llm.model_name": "b"})
    assert (found.model, found.attributes) == ("b", {"gen_ai.request.model": "a"})


def test_values_are_bounded_and_cuts_are_marked() -> None:
    many = {f"a{number}": number for number in range(100_000)}
    found = step(name="n" * 500, attributes={**many})
    assert found.node == "n" * 199 + "…"
    kept = found.attributes or {}
    assert (len(kept), kept["…"]) == (1_001, "99,000 more attributes were left out: 1,000 are kept")
    long = step(attributes={"note": "x" * 200_000}).attributes or {}
    assert len(long["note"]) == 100_000


def test_values_that_json_does_not_have() -> None:
    attributes = {"a": float("nan"), "b": float("-inf"), "c": b"\x00\x01", "d": "nul\x00"}
    found = parts(span(1), span(2, 1, name="a\x00b", attributes=attributes))[0].steps or []
    assert found[0].attributes == {"a": "nan", "b": "-inf", "c": "AAE=", "d": "nul\x00"}
    assert found[0].node == "a\ufffdb"


@pytest.mark.parametrize("text", ['{"a": ' + "[" * 200 + "]" * 200 + "}", "[1e999]", '{"a": "\\u0000"}', "{broken"])
def test_texts_that_cannot_be_kept_as_json_stay_texts(text: str) -> None:
    assert step(attributes={"input.value": text}).input == text


def test_an_end_before_the_start_is_kept_but_not_believed() -> None:
    found = step(start=START, end=START - 5)
    assert (found.ended_at, found.status, found.attributes) == (
        None,
        Status.SUCCEEDED,
        {"otel.end_time_unix_nano": START - 5},
    )


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"start": 1}, "startTimeUnixNano"),
        ({"end": 2**64 - 1}, "endTimeUnixNano"),
        ({"start": START + 3 * 86_400 * 10**9}, "startTimeUnixNano"),
    ],
)
def test_times_out_of_range_refuse_the_span(told: dict[str, Any], field: str) -> None:
    decoded = decode(span(1), span(2, 1, **told))
    assert [(one.index, one.field) for one in decoded.rejected] == [(1, field)]
    assert decoded.reports[0][1].items == 1
