"""Words that conventions use for kinds of spans, in ours; and which kinds count tokens or merely hold others."""

LLM, EMBEDDING, TOOL, AGENT, RETRIEVER, CHAIN = "llm", "embedding", "tool", "agent", "retriever", "chain"

_WORDS = {
    LLM: "llm chat chat_model text_completion completion generate_content generate responses",
    EMBEDDING: "embedding embeddings",
    TOOL: "tool execute_tool function mcp",
    AGENT: "agent invoke_agent create_agent plan",
    RETRIEVER: (
        "retriever retrieval reranker rerank search_memory create_memory update_memory upsert_memory delete_memory "
        "create_memory_store delete_memory_store memory"
    ),
    CHAIN: "chain workflow task invoke_workflow prompt parser guardrail evaluator decision",
}
# OpenTelemetry's operations, `openinference.span.kind`, `traceloop.span.kind`, `llm.request.type`, `mlflow.spanType`.
KINDS: dict[str, str] = {word: kind for kind, words in _WORDS.items() for word in words.split()}

# Only these count tokens and cost: agents and chains repeat the sums of what ran inside them.
COUNTING = frozenset({LLM, EMBEDDING})
# Spans of these kinds hold other spans: the root of a trace that is one of them is the execution itself.
HOLDING = frozenset({None, AGENT, CHAIN, "server", "consumer"})

_N8N_KINDS = {
    "httprequest": "http",
    "code": "code",
    "function": "code",
    "webhook": "trigger",
    "agent": AGENT,
    "if": "decision",
    "switch": "decision",
    "wait": "wait",
    "executeworkflow": "workflow",
}
_N8N_STARTS = (("lmchat", LLM), ("lm", LLM), ("embeddings", EMBEDDING), ("tool", TOOL), ("retriever", RETRIEVER))


def kind_of_word(value: object) -> str | None:
    """Our kind for a convention's word; None for one that says nothing (`UNKNOWN`) or is not known."""
    return KINDS.get(value) or KINDS.get(value.lower()) if isinstance(value, str) else None


def kind_of_n8n_node(node_type: str) -> str:
    """Our kind for the type of an n8n node, such as `n8n-nodes-base.httpRequest`: its own name where none fits."""
    own = node_type.rpartition(".")[2]
    lowered = own.lower()
    if lowered in _N8N_KINDS:
        return _N8N_KINDS[lowered]
    if lowered.endswith("trigger"):
        return "trigger"
    return next((kind for start, kind in _N8N_STARTS if lowered.startswith(start)), own[:50] or "node")
