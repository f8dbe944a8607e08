"""The package's prices as rows: the same money as the package's own arithmetic, wherever rows can hold it."""

import random
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

import pytest
from genai_prices import Usage as PackageUsage
from genai_prices.data import providers
from genai_prices.types import ModelInfo, Provider

from billing.analysis.matching import matches
from billing.analysis.package_prices import Book, read_book
from billing.analysis.pricing import Price, find_price, rates_of
from billing.analysis.rating import rate_usage
from billing.analysis.usage import Usage

# Days before, between and after dated prices, and times of day on both sides of the night tariffs.
MOMENTS = [
    datetime(2025, 7, 1, 12, 0, tzinfo=UTC),
    datetime(2026, 8, 17, 0, 0, tzinfo=UTC),
    datetime(2026, 10, 14, 3, 59, tzinfo=UTC),
    datetime(2026, 11, 20, 16, 30, tzinfo=UTC),
    datetime(2027, 1, 1, 10, 0, tzinfo=UTC),
]
# Tokens in: small, at a threshold, one over it, and large.
SIZES = [1, 100_000, 100_001, 200_000, 200_001, 272_001, 1_000_000]
REQUESTS = {
    "batch": {"processing": "batch"},
    "priority": {"service_tier": "priority"},
    "flex": {"service_tier": "flex"},
}
# Rates of what our usage does not tell apart.
OTHER_UNITS = ("audio", "image", "video", "reasoning", "1h", "requests")


@lru_cache(maxsize=1)
def book() -> Book:
    return read_book(providers)


@lru_cache(maxsize=1)
def prices_by_model() -> dict[tuple[str, str], list[Price]]:
    found: dict[tuple[str, str], list[Price]] = {}
    for number, row in enumerate(book().prices):
        names = ("starts_on", "ends_on", "tier", "context_over", "context_up_to", "from_minute", "to_minute")
        price = Price(number, rates_of(dict(row.rates)), **{name: getattr(row, name) for name in names})
        found.setdefault((row.provider, row.model), []).append(price)
    return found


def ours(provider: str, model: str, usage: Usage, at: datetime, tier: str = "") -> Decimal | None:
    candidates = prices_by_model().get((provider, model), [])
    price = find_price(candidates, tier=tier, region="", at=at, context_tokens=usage.context_tokens)
    return None if price is None else rate_usage(usage, price.rates)


def theirs(provider: Provider, model: ModelInfo, usage: Usage, at: datetime, context: dict[str, str]) -> Decimal:
    """What the package says: its totals hold the cached tokens inside."""
    told = PackageUsage(
        input_tokens=usage.context_tokens,
        cache_read_tokens=usage.cache_read_tokens or 0,
        cache_write_tokens=usage.cache_write_tokens or 0,
        output_tokens=usage.output_tokens or 0,
    )
    return model.calc_price(told, provider, genai_request_timestamp=at, price_context=context).total_price


@pytest.mark.parametrize("provider", providers, ids=lambda one: one.id)
def test_rows_cost_what_the_package_says(provider: Provider) -> None:
    random.seed(provider.id)
    for model in provider.models:
        for at in MOMENTS:
            size, output = random.choice(SIZES), random.randrange(1, 5000)
            read = random.randrange(size // 2 + 1)
            usage = Usage(input_tokens=size - read, cache_read_tokens=read, cache_write_tokens=0, output_tokens=output)
            found = ours(provider.id, model.id, usage, at)
            # A model without a rate for what was used has no price here, and costs nothing of it there.
            if found is not None:
                assert found == theirs(provider, model, usage, at, {}), (model.id, at, usage)


@pytest.mark.parametrize("tier", REQUESTS)
def test_tiers_cost_what_the_package_says(tier: str) -> None:
    tried = 0
    usage = Usage(input_tokens=150_000, cache_read_tokens=60_000, cache_write_tokens=500, output_tokens=999)
    for provider in providers:
        for model in provider.models:
            for at in MOMENTS:
                found = ours(provider.id, model.id, usage, at, tier)
                if found is not None:
                    assert found == theirs(provider, model, usage, at, REQUESTS[tier]), (model.id, at)
                    tried += 1
    assert tried >= 20


def test_nearly_all_models_that_are_priced_by_tokens_have_rows() -> None:
    with_prices = {(row.provider, row.model) for row in book().prices}
    own = [(provider.id, model.id) for provider in providers for model in provider.models]
    assert len(own) > 2000
    assert sum(name in with_prices for name in own) / len(own) > 0.9


def test_names_match_as_in_the_package() -> None:
    clauses = {(row.provider, row.model): row.match for row in book().models}
    names = [model.id for provider in providers[:12] for model in provider.models]
    names += ["gpt-5-2025-08-07", "claude-opus-5-20260801", "gemini-2.5-flash-tts", "GPT-4o", "no such model"]
    for provider in providers:
        for model in provider.models:
            clause = clauses[provider.id, model.id]
            for name in names[::7]:
                assert matches(clause, name) == model.is_match(name), (provider.id, model.id, name)


def test_a_reseller_has_the_models_of_those_it_falls_back_to() -> None:
    models = {(row.provider, row.model) for row in book().models}
    assert ("azure", "o3") in models
    assert any(row.provider == "google" and "claude" in row.model for row in book().models)
    # What the package prices for one provider's tiers, it does not for those who resell.
    assert not any(row.tier for row in book().prices if row.provider == "azure" and row.model == "o3")


def test_what_rows_cannot_hold_is_counted() -> None:
    assert book().left_out["charge by web_searches_kcount"] > 0
    assert book().left_out["price for route=mistral/eu"] == 2
