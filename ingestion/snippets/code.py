"""Set-up of one's own code: the REST API, OpenTelemetry, the LangSmith SDK."""

from accounts.phrases import gettext_noop
from ingestion.kinds import SourceKind
from ingestion.snippets.client import Client, Snippet

_CURL = """\
curl -fsS @BASE@/api/v1/executions \\
  -H 'Authorization: Bearer @KEY@' \\
  -H 'Content-Type: application/json' \\
  -d '{"id": "first-1", "workflow": "My first workflow", "status": "succeeded",
       "steps": [{"id": "1", "node": "fetch", "status": "succeeded"}]}'
"""
_OTLP_ENV = """\
export OTEL_SERVICE_NAME='my-workflow'
export OTEL_EXPORTER_OTLP_ENDPOINT='@BASE@'
export OTEL_EXPORTER_OTLP_PROTOCOL='http/protobuf'
export OTEL_EXPORTER_OTLP_HEADERS='x-api-key=@KEY@'
"""
_OTLP_PYTHON = """\
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)

tracer = trace.get_tracer("my-workflow")
with tracer.start_as_current_span("my-workflow"):
    with tracer.start_as_current_span("fetch"):
        pass

provider.shutdown()
"""
_OTLP_JS = """\
import { context, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
const tracer = provider.getTracer("my-workflow");

const run = tracer.startSpan("my-workflow");
tracer.startSpan("fetch", {}, trace.setSpan(context.active(), run)).end();
run.end();
await provider.shutdown();
"""
_LANGSMITH_ENV = """\
export LANGSMITH_TRACING='true'
export LANGSMITH_ENDPOINT='@BASE@/langsmith'
export LANGSMITH_API_KEY='@KEY@'
export LANGSMITH_PROJECT='my-workflow'
"""
_LANGSMITH_PYTHON = """\
from langsmith import Client, traceable


@traceable(run_type="tool")
def fetch():
    return "done"


@traceable
def my_workflow():
    return fetch()


my_workflow()
Client().flush()
"""
_LANGSMITH_JS = """\
import { Client } from "langsmith";
import { traceable } from "langsmith/traceable";

const client = new Client();
const myWorkflow = traceable(async () => "done", { name: "my-workflow", client });

await myWorkflow();
await client.flush();
await client.awaitPendingTraceBatches();
"""

CODE = (
    Client(
        "curl",
        "curl or any HTTP client",
        "Code",
        SourceKind.REST,
        gettext_noop("One request an execution, whole or in parts. Sending the same again changes nothing."),
        (Snippet(gettext_noop("Terminal"), "sh", _CURL),),
    ),
    Client(
        "otel-python",
        gettext_noop("OpenTelemetry for Python"),
        "Code",
        SourceKind.OTLP,
        gettext_noop(
            "Every trace becomes an execution, its spans the steps. Instrumentations for model calls are understood."
        ),
        (
            Snippet(
                gettext_noop("Install"), "sh", "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http\n"
            ),
            Snippet(gettext_noop("Environment"), "sh", _OTLP_ENV),
            Snippet("Python", "python", _OTLP_PYTHON),
        ),
        ("Code that has OpenTelemetry already needs the environment only.",),
    ),
    Client(
        "otel-js",
        gettext_noop("OpenTelemetry for Node.js"),
        "Code",
        SourceKind.OTLP,
        gettext_noop("Every trace becomes an execution, its spans the steps."),
        (
            Snippet(
                gettext_noop("Install"),
                "sh",
                "npm install @opentelemetry/api @opentelemetry/sdk-trace-base \\\n"
                "  @opentelemetry/exporter-trace-otlp-proto\n",
            ),
            Snippet(gettext_noop("Environment"), "sh", _OTLP_ENV),
            Snippet(gettext_noop("first.mjs, started by node first.mjs"), "js", _OTLP_JS),
            Snippet(
                gettext_noop("Or, with @opentelemetry/auto-instrumentations-node installed and no line of code"),
                "sh",
                "node --require @opentelemetry/auto-instrumentations-node/register app.js\n",
            ),
        ),
    ),
    Client(
        "langsmith",
        gettext_noop("LangSmith SDK for Python"),
        "Code",
        SourceKind.LANGSMITH,
        gettext_noop("LangChain, LangGraph and everything traced with the LangSmith SDK, by its environment alone."),
        (
            Snippet(gettext_noop("Environment"), "sh", _LANGSMITH_ENV),
            Snippet(gettext_noop("Python, to try it"), "python", _LANGSMITH_PYTHON),
        ),
    ),
    Client(
        "langsmith-js",
        gettext_noop("LangSmith SDK for JavaScript"),
        "Code",
        SourceKind.LANGSMITH,
        gettext_noop("LangChain, LangGraph and everything traced with the LangSmith SDK, by its environment alone."),
        (
            Snippet(gettext_noop("Environment"), "sh", _LANGSMITH_ENV),
            Snippet(gettext_noop("JavaScript, to try it"), "js", _LANGSMITH_JS),
        ),
    ),
)
