"""Which price is the one: own before discounts before the book, exact region before none, never another tier's."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.analysis.matching import matches, with_dashed_date
from billing.analysis.pricing import Origin, Price, common_days, find_price, overlap, plain, rates_of, told_rates
from billing.analysis.providers import book_provider, same_name
from billing.analysis.usage import Bucket

AT = datetime(2026, 8, 12, 10, 0, tzinfo=UTC)
RATES = {Bucket.INPUT: Decimal(1), Bucket.OUTPUT: Decimal(2)}


def one(id: int, **told) -> Price:
    return Price(id, RATES, **told)


def found(*candidates: Price, tier: str = "", region: str = "", at: datetime = AT, tokens: int = 100) -> int | None:
    price = find_price(candidates, tier=tier, region=region, at=at, context_tokens=tokens)
    return price.id if price else None


def test_the_teams_own_comes_first_whatever_the_order() -> None:
    prices = [one(1), one(2, origin=Origin.DISCOUNT), one(3, origin=Origin.ENTERED)]
    assert found(*prices) == found(*reversed(prices)) == 3
    assert found(*prices[:2]) == 2


def test_an_exact_region_comes_before_none_and_another_is_no_price() -> None:
    prices = [one(1), one(2, region="eu")]
    assert found(*prices, region="EU") == 2
    assert found(*prices, region="us") == found(*prices) == 1
    assert found(prices[1], region="us") is None


@pytest.mark.parametrize("standard", ["", "default", "Standard", "auto", "on_demand"])
def test_names_of_the_standard_tier(standard: str) -> None:
    assert found(one(1), one(2, tier="batch"), tier=standard) == 1


def test_an_unknown_tier_finds_no_price() -> None:
    assert found(one(1), one(2, tier="batch"), tier="scale") is None
    assert found(one(1), tier="batch") is None


def test_days_are_half_open() -> None:
    prices = [one(1, ends_on=date(2026, 8, 12)), one(2, starts_on=date(2026, 8, 12))]
    assert found(*prices) == 2
    assert found(*prices, at=datetime(2026, 8, 11, 23, 59, 59, 999999, UTC)) == 1
    assert found(prices[0]) is None


def test_lengths_of_context() -> None:
    prices = [one(1, context_up_to=200_000), one(2, context_over=200_000)]
    assert [found(*prices, tokens=count) for count in (0, 1, 200_000, 200_001, 10**18)] == [1, 1, 1, 2, 2]


def test_minutes_of_the_day() -> None:
    prices = [one(1, to_minute=600), one(2, from_minute=600)]
    assert [found(*prices, at=AT.replace(hour=hour)) for hour in (0, 9, 10, 23)] == [1, 1, 2, 2]


def test_overlaps() -> None:
    august = one(1, starts_on=date(2026, 8, 1), ends_on=date(2026, 9, 1))
    assert overlap(august, one(2))
    assert not overlap(august, one(2, starts_on=date(2026, 9, 1)))
    assert not overlap(august, one(2, tier="batch"))
    assert not overlap(august, one(2, region="eu"))
    assert not overlap(one(1, context_up_to=10), one(2, context_over=10))
    assert common_days([(date(2026, 8, 1), None), (None, date(2026, 8, 1))]) is None


def test_rates_keep_their_digits() -> None:
    told = told_rates({Bucket.OUTPUT: Decimal("10.50"), Bucket.INPUT: Decimal("1E+3")})
    assert told == {"input": "1000", "output": "10.5"}
    assert rates_of(told)[Bucket.OUTPUT] == Decimal("10.5")
    assert plain(Decimal("0.000000000001")) == "0.000000000001"
    for wrong in ({"tea": "1"}, {"input": "much"}):
        with pytest.raises(ValueError, match=r"."):
            rates_of(wrong)


def test_clauses() -> None:
    clause = {"or": [{"equals": "A"}, {"and": [{"starts_with": "gpt"}, {"ends_with": "-x"}]}, {"regex": r"^b\d$"}]}
    assert [name for name in ("a", "gpt-x", "gpt", "B7", "b77") if matches(clause, name)] == ["a", "gpt-x", "B7"]
    assert not matches({"contains": "a"}, "a" * 1000)
    with pytest.raises(ValueError, match="not known"):
        matches({"sounds_like": "a"}, "a")
    assert with_dashed_date("gpt-5-20250807") == "gpt-5-2025-08-07"
    assert with_dashed_date("gpt-5-20251399") == "gpt-5-20251399"


def test_providers_by_the_names_that_workflows_report() -> None:
    known = [("azure", None), ("openai", {"contains": "openai"}), ("google", {"contains": "vertex"})]
    told = [
        "OpenAI",
        "azure.ai.openai",
        "azure_openai",
        "gcp.vertex_ai",
        "my-openai-proxy",
        "ollama",
        "vllm",
        "",
        "acme",
    ]
    assert [book_provider(one, known) for one in told] == [
        *("openai", "azure", "azure", "google", "openai"),
        *(None, None, None, None),
    ]
    assert same_name(" Azure_OpenAI ") == same_name("azure.ai.openai") == "azure"
    assert same_name("Ollama") == "ollama"
