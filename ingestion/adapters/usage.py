"""Usage objects as providers send them, read into our buckets. Pure.

Sources: the API references of OpenAI (chat completions, responses, images), Anthropic (messages), Google (Gemini,
`usageMetadata`) and Amazon (Bedrock, Converse), the usage of LangChain, LiteLLM and Vercel's AI SDK. What is called
input counts cached tokens in with OpenAI and Google, and leaves them out with Anthropic and Amazon; ours leaves them
out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from billing.analysis.pricing import tier_of
from ingestion.adapters import wire
from ingestion.adapters.refusals import Refused, type_word
from ingestion.records import Tokens

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# The first told one counts.
_INPUT_WITH_CACHE = ("prompt_tokens", "prompt_token_count")
_OUTPUT = ("completion_tokens", "output_tokens", "candidates_token_count", "response_token_count")
_READ = (
    *("cache_read_input_tokens", "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens"),
    *("input_token_details.cache_read", "cached_content_token_count", "cached_input_tokens", "prompt_cache_hit_tokens"),
)
_WRITTEN = ("cache_creation_input_tokens", "cache_write_input_tokens", "input_token_details.cache_creation")
_WRITTEN_APART = ("cache_creation.ephemeral_5m_input_tokens", "cache_creation.ephemeral_1h_input_tokens")
_REASONING = (
    *("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
    *("output_tokens_details.thinking_tokens", "output_token_details.reasoning", "thoughts_token_count"),
    "reasoning_tokens",
)
_DETAILS_IN = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_DETAILS_OUT = (
    *("completion_tokens_details", "output_tokens_details", "output_token_details"),
    *("candidates_tokens_details", "response_tokens_details"),
)
# Told beside `input_tokens`, they say that it counts cached tokens in.
_SAYS_WITH_CACHE = ("input_tokens_details", "input_token_details", "cached_input_tokens")
_NO_REGION = frozenset({"", "global", "not_available"})

# What a count at a place is; None for what is none.
Count = Callable[[str, Any], int | None]


class ProviderUsage(Struct, frozen=True):
    """What a usage object tells; all None where it tells nothing that is known."""

    tokens: Tokens | None = None
    tier: str | None = None
    region: str | None = None


def strict_count(field: str, value: Any) -> int | None:
    """A count of tokens. Raises `Refused` for what is none, with the limit."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(field, f"must be a whole number, not {type_word(value)}")
    if value < 0:
        raise Refused(field, "must be at least 0")
    if value > wire.MAX_TOKENS:
        raise Refused(field, f"must be at most {wire.MAX_TOKENS}")
    return value


def read_usage(usage: Mapping[str, Any], count: Count = strict_count) -> ProviderUsage:
    """Reads a provider's usage object. `count` judges single counts; the usual one raises `Refused`."""
    told = _Told(usage, count)
    tier = told.words.get("service_tier")
    region = told.words.get("inference_geo", told.words.get("region"))
    return ProviderUsage(
        tokens=_tokens(told),
        tier=tier_of(tier) if isinstance(tier, str) and len(tier) <= wire.MAX_WORD else None,
        region=region if isinstance(region, str) and 0 < len(region) <= wire.MAX_WORD and _is_place(region) else None,
    )


def _is_place(region: str) -> bool:
    return region.strip().lower() not in _NO_REGION


class _Told:
    """A usage object with its names in snake case, as Python's clients write them."""

    def __init__(self, usage: Mapping[str, Any], count: Count) -> None:
        self.count = count
        self.original = {_HUMP.sub("_", name).lower(): name for name in usage}
        self.words: dict[str, Any] = {snake: usage[name] for snake, name in self.original.items()}

    def first(self, names: Sequence[str]) -> int | None:
        """The first told count; one of an object inside is named with a point."""
        for name in names:
            outer, _, inner = name.partition(".")
            value = self.words.get(outer)
            if inner:
                value = value.get(inner) if isinstance(value, dict) else None
            if (found := self.count(self.place(outer, inner), value)) is not None:
                return found
        return None

    def place(self, outer: str, inner: str = "") -> str:
        """How the sender calls a value."""
        name = f"usage.{self.original.get(outer, outer)}"
        return f"{name}.{inner}" if inner else name

    def of_kind(self, details: Sequence[str], kind: str) -> int | None:
        """Tokens of a kind (audio, image): by name, or (Google) as a list of `{modality, tokenCount}`."""
        for name in details:
            value = self.words.get(name)
            if isinstance(value, dict):
                for key in (f"{kind}_tokens", kind):
                    if (found := self.count(self.place(name, key), value.get(key))) is not None:
                        return found
            elif isinstance(value, list):
                counts = [self._modality(name, number, one, kind) for number, one in enumerate(value)]
                if any(one is not None for one in counts):
                    return sum(one or 0 for one in counts)
        return None

    def _modality(self, name: str, number: int, one: Any, kind: str) -> int | None:
        if not isinstance(one, dict) or str(one.get("modality")).lower() != kind:
            return None
        key = "tokenCount" if "tokenCount" in one else "token_count"
        return self.count(f"{self.place(name)}[{number}].{key}", one.get(key))


def _tokens(told: _Told) -> Tokens | None:
    read, written = told.first(_READ), told.first(_WRITTEN)
    apart = [told.first((name,)) for name in _WRITTEN_APART]
    if written is None and any(one is not None for one in apart):
        written = sum(one or 0 for one in apart)
    output, reasoning = told.first(_OUTPUT), told.first(_REASONING)
    if told.words.get("thoughts_token_count") is not None and output is not None:
        # Google counts thinking beside the answer.
        output += reasoning or 0
    tokens = Tokens(
        input=_fresh(told, (read or 0) + (written or 0)),
        cache_read=read,
        cache_write=written,
        output=output,
        reasoning=reasoning,
        cache_write_1h=apart[1],
        input_audio=told.of_kind(_DETAILS_IN, "audio"),
        input_image=told.of_kind(_DETAILS_IN, "image"),
        output_audio=told.of_kind(_DETAILS_OUT, "audio"),
        output_image=told.of_kind(_DETAILS_OUT, "image"),
    )
    return None if tokens == Tokens() else tokens


def _fresh(told: _Told, cached: int) -> int | None:
    """The uncached input. More cached than altogether: a sender that counts it apart."""
    whole, apart = told.first(_INPUT_WITH_CACHE), told.first(("input_tokens",))
    if whole is None and apart is not None and any(name in told.words for name in _SAYS_WITH_CACHE):
        whole = apart
    if whole is None:
        return apart
    tools = told.first(("tool_use_prompt_token_count",)) or 0
    return (whole - cached if whole >= cached else whole) + tools
