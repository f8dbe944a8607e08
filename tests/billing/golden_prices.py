"""Prices of the book worked out by hand: what was used, of which model, when, and what it costs.

Each row has its arithmetic beside it. Rates are those of genai-prices 0.2.3, in USD per million tokens (per call for
calls); `M` stands for a million.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from billing.analysis.usage import Usage


@dataclass(frozen=True, slots=True)
class Golden:
    """Usage reported under these names, and what it costs; None: no price."""

    provider: str
    model: str
    usage: Usage
    cost: str | None
    tier: str = ""
    at: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


GOLDEN = [
    # 1,000 in at 1.25/M = 0.00125; 200 out at 10/M = 0.002.
    Golden("openai", "gpt-5", Usage(input_tokens=1000, output_tokens=200), "0.00325"),
    # The same under other names: the provider as OpenTelemetry calls it, the model with its date.
    Golden("OpenAI", "gpt-5-2025-08-07", Usage(input_tokens=1000, output_tokens=200), "0.00325"),
    Golden("azure.ai.openai", "gpt-5", Usage(input_tokens=1000, output_tokens=200), "0.00325"),
    # Cached: 1,000 new at 1.25/M = 0.00125; 9,000 read at 0.125/M = 0.001125; 1 out at 10/M = 0.00001.
    Golden("openai", "gpt-5", Usage(input_tokens=1000, cache_read_tokens=9000, output_tokens=1), "0.002385"),
    # Reasoning is output: 500 out (of which 400 reasoning) at 10/M = 0.005.
    Golden("openai", "gpt-5", Usage(output_tokens=500, reasoning_tokens=400), "0.005"),
    # Batch is half, cached input too: 1,000 at 0.625/M = 0.000625; 8,000 at 0.0625/M = 0.0005; 100 at 5/M = 0.0005.
    Golden(
        "openai", "gpt-5", Usage(input_tokens=1000, cache_read_tokens=8000, output_tokens=100), "0.001625", tier="batch"
    ),
    # Priority is double: 1,000 at 2.5/M = 0.0025; 100 at 20/M = 0.002.
    Golden("openai", "gpt-5", Usage(input_tokens=1000, output_tokens=100), "0.0045", tier="priority"),
    # What providers call their standard tier is the standard price: 1,000 at 1.25/M.
    Golden("openai", "gpt-5", Usage(input_tokens=1000), "0.00125", tier="default"),
    # A tier that no price names has none; nor has batch before its first dated price.
    Golden("openai", "gpt-5", Usage(input_tokens=1000, output_tokens=100), None, tier="scale"),
    Golden("openai", "gpt-5", Usage(input_tokens=1000), None, tier="batch", at=_at(2026, 10, 13, 23, 59)),
    Golden("openai", "gpt-5", Usage(input_tokens=1000), "0.000625", tier="batch", at=_at(2026, 10, 14)),
    # A price that fell on 2025-06-10: 1,000 in and 1,000 out at 10/M and 40/M, then at 2/M and 8/M.
    Golden("openai", "o3", Usage(input_tokens=1000, output_tokens=1000), "0.05", at=_at(2025, 6, 9, 23, 59, 59)),
    Golden("openai", "o3", Usage(input_tokens=1000, output_tokens=1000), "0.01", at=_at(2025, 6, 10)),
    # Azure has an entry of its own for it, without that history.
    Golden("azure", "o3", Usage(input_tokens=1000, output_tokens=1000), "0.01", at=_at(2025, 6, 9)),
    # Cache writes: 2,000 for 5 min at 6.25/M = 0.0125; 1,000 for 1 h at 10/M = 0.01; 10,000 read at 0.5/M = 0.005;
    # 100 new at 5/M = 0.0005; 300 out at 25/M = 0.0075.
    Golden(
        "anthropic",
        "claude-opus-4-5",
        Usage(100, cache_read_tokens=10_000, cache_write_tokens=3000, cache_write_1h_tokens=1000, output_tokens=300),
        "0.0355",
    ),
    # By the length of the context, cached tokens count: 150,000 + 50,000 = 200,000 is not over 200,000.
    # 150,000 at 3/M = 0.45; 50,000 at 0.3/M = 0.015; 1,000 at 15/M = 0.015.
    Golden(
        "anthropic",
        "claude-sonnet-4-5",
        Usage(input_tokens=150_000, cache_read_tokens=50_000, output_tokens=1000),
        "0.48",
    ),
    # One more is over it, and all of it costs more: 150,001 at 6/M = 0.900006; 50,000 at 0.6/M = 0.03; 1,000 at 22.5/M.
    Golden(
        "anthropic",
        "claude-sonnet-4-5",
        Usage(input_tokens=150_001, cache_read_tokens=50_000, output_tokens=1000),
        "0.952506",
    ),
    # Long context and batch: 300,000 at 3/M = 0.9; 1,000 at 11.25/M = 0.01125.
    Golden("anthropic", "claude-sonnet-4-5", Usage(input_tokens=300_000, output_tokens=1000), "0.91125", tier="batch"),
    # 200,001 at 2.5/M = 0.5000025; 10 at 15/M = 0.00015.
    Golden("gcp.gemini", "gemini-2.5-pro", Usage(input_tokens=200_001, output_tokens=10), "0.5001525"),
    # Audio in has a rate of its own: 700 text at 0.3/M = 0.00021; 300 audio at 1/M = 0.0003; 100 out at 2.5/M.
    Golden(
        "vertex_ai", "gemini-2.5-flash", Usage(input_tokens=1000, input_audio_tokens=300, output_tokens=100), "0.00076"
    ),
    # By the time of day (UTC): dear from 00:30 to 16:30. 1M in at 0.27, then at 0.135.
    Golden("deepseek", "deepseek-chat", Usage(input_tokens=1_000_000), "0.27", at=_at(2026, 11, 20, 16, 29)),
    Golden("deepseek", "deepseek-chat", Usage(input_tokens=1_000_000), "0.135", at=_at(2026, 11, 20, 16, 30)),
    Golden("deepseek", "deepseek-chat", Usage(input_tokens=1_000_000), "0.135", at=_at(2026, 11, 20, 0, 29)),
    # Calls have a price beside tokens: 2 calls at 0.012 = 0.024; 1,000 in and 500 out at 1/M each = 0.0015.
    Golden("perplexity", "sonar", Usage(input_tokens=1000, output_tokens=500, calls=2), "0.0255"),
    # Reasoning with a rate of its own: 100 in at 2/M = 0.0002; 200 out at 8/M = 0.0016; 1,000 reasoning at 3/M = 0.003.
    Golden(
        "perplexity",
        "sonar-deep-research",
        Usage(input_tokens=100, output_tokens=1200, reasoning_tokens=1000),
        "0.0048",
    ),
    # Free, which is not the same as not known.
    Golden("openrouter", "agentica-org/deepcoder-14b-preview:free", Usage(input_tokens=10**6, output_tokens=9), "0"),
    # An embedding has no rate for output: none told is fine, some is not covered. 50,000 at 0.02/M = 0.001.
    Golden("openai", "text-embedding-3-small", Usage(input_tokens=50_000), "0.001"),
    Golden("openai", "text-embedding-3-small", Usage(input_tokens=50_000, output_tokens=1), None),
    # Huge, to the last digit: 10^18 in at 2/M = 2 * 10^12; 1 out at 8/M = 0.000008.
    Golden("openai", "gpt-4.1", Usage(input_tokens=10**18, output_tokens=1), "2000000000000.000008"),
    # Nothing used costs nothing.
    Golden("openai", "gpt-4.1", Usage(input_tokens=0, output_tokens=0), "0"),
    # Not known: another provider's model, no provider, a server of one's own, a name that nobody has.
    Golden("anthropic", "gpt-4.1", Usage(input_tokens=1), None),
    Golden("", "gpt-4.1", Usage(input_tokens=1), None),
    Golden("ollama", "gpt-4.1", Usage(input_tokens=1), None),
    Golden("openai", "gpt-99-imagined", Usage(input_tokens=1), None),
]
