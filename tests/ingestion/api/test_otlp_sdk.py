"""The real OpenTelemetry SDK and its HTTP exporter against the server: what the API and the replay show afterwards."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace._sampling_experimental import (
    composable_parent_threshold,
    composable_traceid_ratio_based,
    composite_sampler,
)
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pytest_django.live_server_helper import LiveServer

from tests.otlp import as_json, request, span

pytestmark = pytest.mark.django_db(transaction=True)


class Told:
    """What the server knows about the key's executions."""

    def __init__(self, url: str, key: str) -> None:
        self.client = httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"})

    def executions(self) -> list[dict[str, Any]]:
        """All executions, whole."""
        rows = self.client.get("/api/v1/executions/", params={"from": "now-90d"}).json()["results"]
        return [self.client.get(f"/api/v1/executions/{row['id']}/").json() for row in rows]


@pytest.fixture
def told(live_server: LiveServer, api_key: str) -> Iterator[Told]:
    """Reads with the team's key."""
    found = Told(live_server.url, api_key)
    yield found
    found.client.close()


@pytest.fixture(params=[Compression.NoCompression, Compression.Gzip, Compression.Deflate])
def exporter(request: pytest.FixtureRequest, live_server: LiveServer, api_key: str) -> OTLPSpanExporter:
    """The exporter as a user sets it up."""
    return OTLPSpanExporter(
        f"{live_server.url}/v1/traces", headers={"authorization": f"Bearer {api_key}"}, compression=request.param
    )


def agent_run(provider: TracerProvider) -> None:
    """A request that an agent answers with a model call and a tool call, which fails."""
    tracer = provider.get_tracer("shop.agent", "1.0")
    with tracer.start_as_current_span(
        "Answer a customer", attributes={"input.value": '{"question": "where?"}'}
    ) as root:
        agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 90}
        with tracer.start_as_current_span("invoke_agent helper", attributes=agent):
            call = {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-4o",
                "gen_ai.usage.input_tokens": 90,
                "gen_ai.usage.output_tokens": 10,
                "server.address": "api.openai.com",
            }
            with tracer.start_as_current_span("chat gpt-4o", kind=SpanKind.CLIENT, attributes=call) as model:
                model.add_event("first token")
            tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "track"}
            try:
                with tracer.start_as_current_span("execute_tool track", attributes=tool):
                    raise TimeoutError("the parcel service did not answer")
            except TimeoutError:
                root.set_attribute("output.value", "I do not know")


def check_agent_run(told: Told) -> None:
    (run,) = told.executions()
    assert (run["workflow"], run["status"], run["release"]) == ("Answer a customer", "succeeded", "7")
    assert (run["input"], run["output"]) == ({"question": "where?"}, "I do not know")
    steps = {step["node"]: step for step in run["steps"]}
    assert list(steps) == ["invoke_agent helper", "chat gpt-4o", "execute_tool track"]
    assert steps["chat gpt-4o"]["parent_id"] == steps["invoke_agent helper"]["id"]
    assert [step["kind"] for step in run["steps"]] == ["agent", "llm", "tool"]
    assert run["tokens"]["input"] == 90
    assert steps["chat gpt-4o"]["external_system"] == "api.openai.com"
    failed = steps["execute_tool track"]
    assert (failed["status"], failed["error_type"], failed["tool"]) == ("failed", "TimeoutError", "track")
    assert "did not answer" in failed["error"]
    assert "Traceback" in failed["error_detail"]
    assert [line["message"] for line in run["logs"]] == ["first token"]


def provider_with(processor: Any) -> TracerProvider:
    provider = TracerProvider(resource=Resource.create({"service.name": "shop", "service.version": "7"}))
    provider.add_span_processor(processor)
    return provider


def test_a_batch_of_an_agent_run(exporter: OTLPSpanExporter, told: Told) -> None:
    provider = provider_with(BatchSpanProcessor(exporter))
    agent_run(provider)
    provider.shutdown()
    check_agent_run(told)


def test_one_request_for_each_span_children_first(live_server: LiveServer, api_key: str, told: Told) -> None:
    exporter = OTLPSpanExporter(f"{live_server.url}/otel/v1/traces", headers={"x-api-key": api_key})
    provider = provider_with(SimpleSpanProcessor(exporter))
    agent_run(provider)
    provider.shutdown()
    check_agent_run(told)


def test_a_remote_parent_joins_two_services(live_server: LiveServer, api_key: str, told: Told) -> None:
    carrier: dict[str, str] = {}
    propagator = TraceContextTextMapPropagator()
    exporters = [OTLPSpanExporter(f"{live_server.url}/v1/traces", headers={"x-api-key": api_key}) for _ in range(2)]
    first, second = (TracerProvider(resource=Resource({"service.name": name})) for name in ("front", "back"))
    for provider, exporter in zip((first, second), exporters, strict=True):
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    with first.get_tracer("t").start_as_current_span("order"):
        propagator.inject(carrier)
        context = propagator.extract(carrier)
        with second.get_tracer("t").start_as_current_span("POST /pay", context, kind=SpanKind.SERVER):
            pass
        (seen,) = told.executions()
        assert (seen["workflow"], seen["status"]) == ("POST /pay", "succeeded")
    (run,) = told.executions()
    assert (run["workflow"], [step["node"] for step in run["steps"]]) == ("order", ["POST /pay"])
    for provider in (first, second):
        provider.shutdown()


class _JsonExporter(SpanExporter):
    """Sends JSON, which the Python exporter cannot."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key
        self.answers: list[Any] = []

    def export(self, spans: Any) -> SpanExportResult:
        made = request(*(_as_message(one) for one in spans))
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        self.answers.append(httpx.post(self.url, content=as_json(made), headers=headers))
        return SpanExportResult.SUCCESS


def _as_message(one: ReadableSpan) -> Any:
    context, parent = one.get_span_context(), one.parent
    assert context is not None
    return span(
        context.span_id,
        parent.span_id if parent else None,
        trace=f"{context.trace_id:032x}",
        name=one.name,
        start=one.start_time,
        end=one.end_time,
        attributes=dict(one.attributes or {}),
    )


def test_json_by_hand(live_server: LiveServer, api_key: str, told: Told) -> None:
    exporter = _JsonExporter(f"{live_server.url}/v1/traces", api_key)
    provider = provider_with(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("t")
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("inner"):
        time.sleep(0.001)
    assert [(answer.status_code, answer.json()) for answer in exporter.answers] == [(200, {})] * 2
    (run,) = told.executions()
    assert (run["workflow"], [step["node"] for step in run["steps"]]) == ("outer", ["inner"])
    assert run["steps"][0]["duration_ms"] >= 1


def test_a_composite_sampler_tells_its_rate(live_server: LiveServer, api_key: str, told: Told) -> None:
    """OpenTelemetry's consistent probability sampling, as the SDK has it; the older ratio sampler tells nothing."""
    samplers = {
        "Agent": composite_sampler(composable_parent_threshold(composable_traceid_ratio_based(0.25))),
        "Silent": TraceIdRatioBased(0.25),
    }
    for name, sampler in samplers.items():
        provider = TracerProvider(sampler=sampler, resource=Resource({"service.name": "shop"}))
        exporter = OTLPSpanExporter(f"{live_server.url}/v1/traces", headers={"x-api-key": api_key})
        provider.add_span_processor(BatchSpanProcessor(exporter))
        # The chance that none of so many is kept is 1 in 10 to the 12.
        for _ in range(100):
            with provider.get_tracer("t").start_as_current_span(name), provider.get_tracer("t").start_span("call"):
                pass
        provider.shutdown()
    rows = told.client.get("/api/v1/workflows/", params={"from": "now-1h"}).json()["results"]
    found = {row["name"]: (row["completeness"], row["sample_rate"], row["sample_rate_max"]) for row in rows}
    assert found == {"Agent": ("sampled", 4.0, 4.0), "Silent": ("", None, None)}
