"""Words that payloads are full of, for zstd to refer to: chunks are small, and most of one is names.

Chunks that were written with these words can only be read with them. They are never changed or removed; new ones may be
added in front only, because a chunk refers to them by their distance from the end. The commonest stand last.
"""

_NAMES = (
    # Frameworks and databases.
    *("n8n.workflow.id", "n8n.workflow.name", "n8n.node.name", "n8n.node.type", "n8n.execution.status"),
    *("airflow.dag_id", "airflow.task_id", "airflow.try_number", "dag_id", "task_id", "run_id"),
    *("mlflow.spanType", "mlflow.traceRequestId", "traceloop.entity.name", "traceloop.entity.path"),
    *("traceloop.span.kind", "traceloop.workflow.name", "traceloop.association.properties."),
    *("langgraph_node", "langgraph_step", "ls_model_name", "ls_provider", "thread_id", "checkpoint_ns", "metadata"),
    *("openinference.span.kind", "llm.model_name", "llm.invocation_parameters", "llm.token_count.prompt"),
    *("llm.token_count.completion", "llm.token_count.total", "logfire.msg", "logfire.json_schema"),
    *("db.system.name", "db.namespace", "db.operation.name", "db.collection.name", "messaging.system"),
    *("messaging.destination.name", "exception.type", "exception.message", "exception.stacktrace"),
    # Resources.
    *("host.name", "host.arch", "os.type", "os.description", "process.pid", "process.command_args"),
    *("process.executable.path", "process.runtime.name", "process.runtime.version", "process.runtime.description"),
    *("container.id", "k8s.pod.name", "k8s.namespace.name", "k8s.deployment.name", "cloud.provider", "cloud.region"),
    *("service.namespace", "service.instance.id", "deployment.environment"),
    # Model calls.
    *("gen_ai.agent.name", "gen_ai.conversation.id", "gen_ai.response.id", "gen_ai.response.finish_reasons"),
    *("gen_ai.tool.call.id", "gen_ai.tool.type", "gen_ai.output.type", "gen_ai.request.top_p"),
    *("role", "content", "system", "assistant", "user", "tool_calls", "function", "arguments", "type", "text", "name"),
    *("url.full", "url.path", "http.route", "http.response.status_code", "network.protocol.version"),
    *("network.peer.address", "network.peer.port", "user_agent.original", "error.type", "error", "message", "detail"),
)
_COMMON = (
    '"resource ":{"deployment.environment.name":"production","service.name":"","service.version":"1.0.0",'
    '"telemetry.sdk.language":"nodejs","telemetry.sdk.language":"python","telemetry.sdk.name":"opentelemetry",'
    '"telemetry.sdk.version":"1.4"}},"input":{"output":{"tags":{"session":"","user":""},'
    '"s":{"-1":{"attributes":{"code.file.path":"/usr/lib/python3/site-packages/","code.function.name":"",'
    '"code.line.number":1,"gen_ai.operation.name":"chat","gen_ai.operation.name":"execute_tool",'
    '"gen_ai.request.max_tokens":1,"gen_ai.request.temperature":0.2,"http.request.method":"GET",'
    '"http.request.method":"POST","input.mime_type":"application/json","otel.scope.name":"",'
    '"otel.span.kind":"client","output.mime_type":"application/json","server.address":"api.openai.com",'
    '"server.port":443,"thread.id":14,"thread.name":"MainThread"},"id":"0",'
    '"input":{"text":"","output":{"result":"","error":{"message":"","type":"TimeoutError"},'
    '"parent":"","e":{"attributes":{"otel.scope.name":"'
)
WORDS = ('"' + '":"","'.join(_NAMES) + '":' + _COMMON).encode()
