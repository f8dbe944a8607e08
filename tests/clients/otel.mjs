// A traced program, as the JavaScript SDK of OpenTelemetry is used: an order whose tool fails once and is tried again.
// Address and key come from the environment, as a user sets them.
import { SpanKind, SpanStatusCode, context, diag, DiagLogLevel, trace } from "@opentelemetry/api";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";

const Exporter = process.argv[2] === "json" ? JsonExporter : ProtobufExporter;
diag.setLogger({ error: console.error, warn: console.error, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new Exporter())] });
const tracer = provider.getTracer("shop", "1.0");

// The SDK's clock tells whole milliseconds: work takes some, so that the order of siblings is known.
const pause = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3);

function inside(parent, name, options, work = pause) {
  const span = tracer.startSpan(name, options, parent ? trace.setSpan(context.active(), parent) : context.active());
  try {
    work(span);
  } catch (error) {
    span.recordException(error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  } finally {
    span.end();
  }
}

inside(null, "Answer a customer", { attributes: { "input.value": '{"question":"where?"}' } }, (root) => {
  const agent = { "gen_ai.operation.name": "invoke_agent" };
  inside(root, "invoke_agent helper", { attributes: agent }, (helper) => {
    const call = {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o",
      "gen_ai.usage.input_tokens": 90,
      "gen_ai.usage.output_tokens": 10,
      "server.address": "api.openai.com",
    };
    inside(helper, "chat gpt-4o", { kind: SpanKind.CLIENT, attributes: call });
    const tool = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "track" };
    inside(helper, "execute_tool track", { attributes: tool }, () => {
      pause();
      throw new TypeError("the parcel service did not answer");
    });
    inside(helper, "execute_tool track", { attributes: { ...tool, "http.request.resend_count": 1 } });
  });
  root.setAttribute("output.value", "on its way");
});
// What the server refuses is thrown here.
await provider.shutdown().catch((error) => console.error(`${error.code} ${error.message} ${error.data}`));
