"""What workflows call providers, and what the price book calls them.

Reports use the values of OpenTelemetry's `gen_ai.provider.name` (and of the older `gen_ai.system`), those of
LangSmith's `ls_provider` and OpenInference's `llm.provider`, or any word of their own.
"""

from collections.abc import Sequence

from billing.analysis.matching import Clause, matches

# Known names beside the book's own. An empty one has no list price: who runs models there pays something else.
ALIASES: dict[str, str] = {
    "amazon_bedrock": "aws",
    "aws.bedrock": "aws",
    "aws_bedrock": "aws",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure-openai": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "azure_ai": "azure",
    "azure_openai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "fireworks_ai": "fireworks",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "gcp.vertex_ai": "google",
    "gemini": "google",
    "google_genai": "google",
    "google_vertexai": "google",
    "kimi": "moonshotai",
    "mistral_ai": "mistral",
    "mistralai": "mistral",
    "moonshot_ai": "moonshotai",
    "together_ai": "together",
    "vertex_ai": "google",
    "vertexai": "google",
    "x_ai": "x-ai",
    "xai": "x-ai",
    # Servers that speak a provider's protocol, and are not that provider.
    "llama.cpp": "",
    "lmstudio": "",
    "local": "",
    "localai": "",
    "ollama": "",
    "openai-compatible": "",
    "openai-like": "",
    "openai_compatible": "",
    "openai_like": "",
    "vllm": "",
}


def same_name(reported: str) -> str:
    """One name for all spellings of a provider; what nobody knows is only written in lower case."""
    told = reported.strip().lower()
    return ALIASES.get(told) or told


def book_provider(reported: str, known: Sequence[tuple[str, Clause | None]]) -> str | None:
    """The book's name of a reported provider: by alias, by the name itself, else by the book's own matching.

    `known` are the providers of the book in its order, with what matches them. None: the book does not know it.
    """
    told = reported.strip().lower()
    if told in ALIASES:
        return ALIASES[told] or None
    if not told:
        return None
    if any(name == told for name, _ in known):
        return told
    return next((name for name, clause in known if clause is not None and matches(clause, told)), None)
