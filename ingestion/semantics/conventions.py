"""The conventions that are read, the most trusted first: where two tell the same field, the earlier one wins.

Sources: OpenTelemetry semantic conventions 1.41 and the GenAI conventions (also their names before 1.37), the list of
OpenInference, OpenLLMetry (Traceloop) 0.5x, MLflow 3 tracing, n8n 2.19 and later, pydantic-ai, Airflow 2.10 to 3.
"""

from ingestion.semantics.convention import Convention

# Input tokens include cached and cache-creation ones, output tokens the reasoning ones: "SHOULD be included".
GEN_AI = Convention(
    "OpenTelemetry GenAI",
    mapped={
        "provider": "gen_ai.provider.name gen_ai.system",
        "model": "gen_ai.response.model gen_ai.request.model",
        "tool": "gen_ai.tool.name",
        "session": "gen_ai.conversation.id",
        "workflow": "gen_ai.workflow.name",
        "input_tokens": "gen_ai.usage.input_tokens gen_ai.usage.prompt_tokens",
        "output_tokens": "gen_ai.usage.output_tokens gen_ai.usage.completion_tokens",
        "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
        "cache_write_tokens": "gen_ai.usage.cache_creation.input_tokens gen_ai.usage.cache_write.input_tokens",
        "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
        "input_audio_tokens": "gen_ai.usage.audio.input_tokens",
        "input_image_tokens": "gen_ai.usage.image.input_tokens",
        "output_audio_tokens": "gen_ai.usage.audio.output_tokens",
        "output_image_tokens": "gen_ai.usage.image.output_tokens",
        "cache_write_1h_tokens": (
            "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens "
            "gen_ai.usage.cache_creation_ephemeral_1h_input_tokens"
        ),
        "input": "gen_ai.input.messages gen_ai.tool.call.arguments gen_ai.prompt gen_ai.retrieval.query.text",
        "output": "gen_ai.output.messages gen_ai.tool.call.result gen_ai.completion gen_ai.retrieval.documents",
    },
    kept={
        "kind": "gen_ai.operation.name",
        "tier": (
            "openai.response.service_tier gen_ai.openai.response.service_tier openai.request.service_tier "
            "gen_ai.openai.request.service_tier"
        ),
    },
    understood=("gen_ai.",),
    families={"gen_ai.prompt.": "input_parts", "gen_ai.completion.": "output_parts"},
)

PYDANTIC_AI = Convention(
    "pydantic-ai",
    mapped={
        "cache_read_tokens": "gen_ai.usage.details.cache_read_tokens gen_ai.usage.details.cached_tokens",
        "cache_write_tokens": "gen_ai.usage.details.cache_write_tokens",
        "reasoning_tokens": "gen_ai.usage.details.reasoning_tokens gen_ai.usage.reasoning_tokens",
        "input_audio_tokens": "gen_ai.usage.details.input_audio_tokens",
        "output_audio_tokens": "gen_ai.usage.details.output_audio_tokens",
        "cost": "operation.cost",
        "input": "pydantic_ai.all_messages all_messages_events tool_arguments",
        "output": "final_result tool_response",
    },
    # `gen_ai.aggregated_usage.*` is the sum that an agent repeats: an attribute, never counted.
    understood=("logfire.", "pydantic_ai.", "model_request_parameters", "agent_name", "model_name"),
)

# The prompt count includes cached tokens (`prompt_details` are parts of it).
OPENINFERENCE = Convention(
    "OpenInference",
    mapped={
        "provider": "llm.provider llm.system",
        "model": "llm.model_name embedding.model_name reranker.model_name",
        "tool": "tool.name",
        "session": "session.id",
        "user": "user.id",
        "tag_list": "tag.tags",
        "input_tokens": "llm.token_count.prompt",
        "output_tokens": "llm.token_count.completion",
        "cache_read_tokens": "llm.token_count.prompt_details.cache_read llm.token_count.prompt_details.cache_input",
        "cache_write_tokens": "llm.token_count.prompt_details.cache_write",
        "reasoning_tokens": "llm.token_count.completion_details.reasoning",
        "input_audio_tokens": "llm.token_count.prompt_details.audio",
        "output_audio_tokens": "llm.token_count.completion_details.audio",
        "cost": "llm.cost.total",
        "input": "input.value",
        "output": "output.value",
    },
    kept={"kind": "openinference.span.kind"},
    understood=(
        *("llm.", "input.", "output.", "embedding.", "retrieval.", "reranker.", "document.", "message.", "tool."),
        *("tool_call.", "image.", "audio.", "prompt.", "metadata", "openinference.", "agent.name", "graph.node."),
    ),
    families={
        "llm.input_messages.": "input_parts",
        "llm.output_messages.": "output_parts",
        "retrieval.documents.": "output_parts",
    },
)

TRACELOOP = Convention(
    "Traceloop (OpenLLMetry)",
    mapped={
        "workflow": "traceloop.workflow.name",
        "cache_read_tokens": "gen_ai.usage.cache_read_input_tokens",
        "cache_write_tokens": "gen_ai.usage.cache_creation_input_tokens",
        "input_tokens": "llm.usage.prompt_tokens",
        "output_tokens": "llm.usage.completion_tokens",
        "session": (
            "traceloop.association.properties.session_id traceloop.association.properties.thread_id "
            "traceloop.association.properties.conversation_id"
        ),
        "user": "traceloop.association.properties.user_id",
        "input": "traceloop.entity.input",
        "output": "traceloop.entity.output",
    },
    # The last one is looked at where the others are missing: workflows and tasks are chains.
    kept={
        "kind": "llm.request.type traceloop.span.kind",
        "tool_entity": "traceloop.entity.name",
        "system": "gen_ai.openai.api_base llm.openai.api_base",
    },
    understood=("traceloop.", "llm."),
    tags=("traceloop.association.properties.",),
)

# Whether cached tokens are in `input_tokens` is not written down by MLflow; its OpenAI values include them.
MLFLOW = Convention(
    "MLflow",
    mapped={
        "workflow": "mlflow.traceName",
        "provider": "mlflow.llm.provider mlflow.message.format",
        "model": "mlflow.llm.model mlflow.chat.model",
        "token_usage": "mlflow.chat.tokenUsage",
        "cost_object": "mlflow.llm.cost",
        "session": "mlflow.trace.session",
        "user": "mlflow.trace.user",
        "input": "mlflow.spanInputs mlflow.traceInputs",
        "output": "mlflow.spanOutputs mlflow.traceOutputs",
    },
    kept={"kind": "mlflow.spanType"},
    understood=("mlflow.",),
    is_json=True,
)

N8N = Convention(
    "n8n",
    mapped={
        "workflow": "n8n.workflow.name",
        "release": "n8n.workflow.version_id",
        "node": "n8n.node.name",
        "trigger": "n8n.execution.mode",
    },
    kept={
        "status": "n8n.execution.status n8n.node.status",
        "error_type": "n8n.execution.error_type",
        "n8n_execution": "n8n.execution.id",
        "n8n_retry_of": "n8n.execution.retry_of",
        "n8n_node_type": "n8n.node.type",
        "is_test": "n8n.test",
    },
    understood=("n8n.",),
    tags=("n8n.workflow.custom.", "n8n.project.custom."),
)

AIRFLOW = Convention(
    "Airflow",
    mapped={
        "workflow": "airflow.dag_id airflow.dag_run.dag_id airflow.task_instance.dag_id dag_id",
        "node": "airflow.task_id airflow.task_instance.task_id",
        "attempt": "airflow.try_number airflow.task_instance.try_number",
        "trigger": "airflow.dag_run.run_type",
    },
    kept={
        "status": "airflow.task_instance.state airflow.dag_run.state airflow.state",
    },
    understood=("airflow.",),
)

HTTP = Convention(
    "HTTP, network and RPC",
    kept={
        "http": "http.request.method http.method",
        "status_code": "http.response.status_code http.status_code",
        "resend_count": "http.request.resend_count http.resend_count",
        "peer": "peer.service service.peer.name",
        "server": "server.address net.peer.name http.host network.peer.address net.peer.ip",
        "url": "url.full http.url",
        "rpc": "rpc.system rpc.system.name",
        "rpc_service": "rpc.service",
    },
    understood=(
        *("http.", "url.", "server.", "client.", "network.", "net.", "peer.", "rpc.", "user_agent.", "tls.", "dns."),
        *("graphql.", "aws.", "cloudevents.", "faas."),
    ),
)

DATABASE = Convention(
    "Database and messaging",
    mapped={"input": "db.query.text db.statement"},
    kept={"db": "db.system.name db.system", "messaging": "messaging.system"},
    understood=("db.", "messaging.", "elasticsearch."),
)

GENERAL = Convention(
    "OpenTelemetry general",
    mapped={"user": "enduser.id"},
    kept={"error_type": "error.type exception.type", "error_message": "error.message exception.message"},
    understood=(
        *("error.", "exception.", "code.", "thread.", "enduser.", "user.", "session.", "otel.", "log.", "event."),
        *("telemetry.", "service.", "deployment.", "host.", "process.", "os.", "container.", "k8s.", "cloud."),
        *(
            "device.",
            "browser.",
            "webengine.",
            "feature_flag.",
            "vcs.",
            "peer.",
            "sampling.",
            "trace.",
            "span.",
            "outcome",
        ),
    ),
)

# How often something is reported: whoever sampled writes it down.
SAMPLING = Convention(
    "Sampling of Honeycomb, Logfire, Azure Monitor",
    kept={
        "sampled_one_in": "SampleRate sampleRate",
        "sampled_share": "logfire.sample_rate",
        "sampled_percent": "microsoft.sample_rate",
    },
)

# n8n, Airflow and Traceloop name workflows; the GenAI names come first where a span carries several conventions.
CONVENTIONS = (
    *(N8N, AIRFLOW, GEN_AI, PYDANTIC_AI, OPENINFERENCE, TRACELOOP, MLFLOW, HTTP, DATABASE, SAMPLING, GENERAL),
)
