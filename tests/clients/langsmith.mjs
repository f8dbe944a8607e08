// A traced program, as the JavaScript package `langsmith` is used: one run that succeeds, or one that fails.
import { Client } from "langsmith";
import { traceable } from "langsmith/traceable";

const [order, way] = [Number(process.argv[2]), process.argv[3]];
const client = new Client({ autoBatchTracing: way !== "single" });

const lookUp = traceable(
  async (number) => {
    if (number < 0) throw new TypeError(`no order (${number})`);
    return `order ${number}`;
  },
  { name: "Look up", run_type: "tool", client },
);

const ask = traceable(
  async (question) => ({
    answer: question.toUpperCase(),
    usage_metadata: {
      input_tokens: 1000,
      output_tokens: 200,
      total_tokens: 1200,
      input_token_details: { cache_read: 600, cache_creation: 100 },
      output_token_details: { reasoning: 50 },
    },
  }),
  { name: "Ask", run_type: "llm", client, metadata: { ls_provider: "openai", ls_model_name: "gpt-4o" } },
);

const support = traceable(async ({ number }) => ask(await lookUp(number)), {
  name: "Support",
  client,
  tags: ["beta"],
  metadata: { session_id: "thread-1", customer: "north \ud83d" },
});

try {
  await support({ number: order });
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
}
await client.flush();
await client.awaitPendingTraceBatches();
