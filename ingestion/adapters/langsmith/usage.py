"""Tokens and cost of a run. The SDK copies them onto parents, so only runs that called a model are asked."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from msgspec import Struct

from billing.analysis.pricing import tier_of
from ingestion.adapters.langsmith.told import as_object, read_count, read_money
from ingestion.adapters.wire import MAX_WORD
from ingestion.records import Tokens

_INPUT = ("input_tokens", "prompt_tokens")
_OUTPUT = ("output_tokens", "completion_tokens")
# Anthropic's two lifetimes of what is written to a cache; told in place of `cache_creation`, never beside it.
_CACHE_WRITES = ("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
# OpenAI's service tiers put their name in front.
_CACHE_READS = ("cache_read", "priority_cache_read", "flex_cache_read")
_REASONING = ("reasoning", "priority_reasoning", "flex_reasoning")
_TIERS = ("priority", "flex")


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _told_usages(outputs: dict[str, Any], metadata: dict[str, Any]) -> Iterator[Any]:
    """Where usage may stand, the most reliable first."""
    yield outputs.get("usage_metadata")
    # LangChain: the message of the first answer to the first prompt.
    message = as_object(as_object(_first(_first(outputs.get("generations")))).get("message"))
    yield as_object(message.get("kwargs")).get("usage_metadata")
    yield message.get("usage_metadata")
    yield as_object(outputs.get("llm_output")).get("token_usage")
    yield metadata.get("usage_metadata")


class ToldUsage(Struct, frozen=True):
    """What a run that called a model used: tokens in disjoint buckets, US dollars, tier, and the object as told."""

    tokens: Tokens | None = None
    cost_usd: Decimal | None = None
    tier: str | None = None
    usage: dict[str, Any] | None = None


def read_usage(outputs: Any, metadata: dict[str, Any]) -> ToldUsage:
    """The usage of a run that called a model."""
    for told in _told_usages(as_object(outputs), metadata):
        if isinstance(told, dict) and told:
            tokens, cost = _tokens(told), _cost(told)
            if tokens or cost is not None:
                return ToldUsage(tokens, cost, _tier(told), told)
    return ToldUsage()


def _tier(told: dict[str, Any]) -> str | None:
    """OpenAI's service tier: told, or by the names of the details."""
    named = told.get("service_tier")
    if isinstance(named, str) and len(named) <= MAX_WORD:
        return tier_of(named)
    details = [*as_object(told.get("input_token_details")), *as_object(told.get("output_token_details"))]
    return next((tier for tier in _TIERS if any(name.startswith(tier) for name in details)), None)


def _count(told: dict[str, Any], names: tuple[str, ...]) -> int | None:
    """The first told count."""
    return next((count for name in names if (count := read_count(told.get(name))) is not None), None)


def _sum(told: dict[str, Any], names: tuple[str, ...]) -> int | None:
    counts = [count for name in names if (count := read_count(told.get(name))) is not None]
    return sum(counts) if counts else None


def _tokens(told: dict[str, Any]) -> Tokens | None:
    """The told input includes what was read from and written to a cache; ours does not."""
    inputs, outs = as_object(told.get("input_token_details")), as_object(told.get("output_token_details"))
    read, written = _sum(inputs, _CACHE_READS), _sum(inputs, _CACHE_WRITES)
    if read is None:
        read = read_count(as_object(told.get("prompt_tokens_details")).get("cached_tokens"))
    whole, cached = _count(told, _INPUT), (read or 0) + (written or 0)
    tokens = Tokens(
        # More from the cache than altogether: a sender that does not include it.
        input=whole - cached if whole is not None and whole >= cached else whole,
        cache_read=read,
        cache_write=written,
        output=_count(told, _OUTPUT),
        reasoning=_sum(outs, _REASONING),
        cache_write_1h=read_count(inputs.get("ephemeral_1h_input_tokens")),
        input_audio=read_count(inputs.get("audio")),
        input_image=read_count(inputs.get("image")),
        output_audio=read_count(outs.get("audio")),
        output_image=read_count(outs.get("image")),
    )
    return None if tokens == Tokens() else tokens


def _cost(told: dict[str, Any]) -> Decimal | None:
    total = read_money(told.get("total_cost"))
    if total is not None:
        return total
    parts = [part for name in ("input_cost", "output_cost") if (part := read_money(told.get(name))) is not None]
    return sum(parts, Decimal()) if parts else None
