"""The price book is filled from the package, twice is once, and what changed is told."""

from io import StringIO

import pytest
from django.core.management import call_command

from accounts.tenancy import team_context
from billing.analysis.package_prices import Book
from billing.analysis.pricing import find_price
from billing.analysis.rating import rate_usage
from billing.models import BookModel, BookPrice
from billing.services.loading import is_loaded
from billing.store.price_book import prices_by_id, prices_of, revision
from tests.billing.books import GPT, load, model, price, small_book
from tests.billing.golden_prices import GOLDEN, Golden

pytestmark = pytest.mark.django_db


def test_golden_prices_against_the_book_that_is_installed(team) -> None:
    said = StringIO()
    call_command("load_prices", stdout=said)
    assert "Has 2,516 models" in said.getvalue()
    assert is_loaded()
    with team_context(team.id):
        found = prices_of(team.id, {(one.provider, one.model) for one in GOLDEN})
        for one in GOLDEN:
            price = find_price(
                found[one.provider, one.model],
                tier=one.tier,
                region="",
                at=one.at,
                context_tokens=one.usage.context_tokens,
            )
            cost = None if price is None else rate_usage(one.usage, price.rates)
            assert (None if cost is None else f"{cost.normalize():f}") == one.cost, one


def test_there_are_enough_of_them() -> None:
    assert len(GOLDEN) >= 30
    assert len({(one.provider, one.model, one.usage, one.tier, one.at) for one in GOLDEN}) == len(GOLDEN)
    assert isinstance(GOLDEN[0], Golden)


def test_loading_twice_is_once(team) -> None:
    first = load()
    ids = set(BookPrice.objects.values_list("id", flat=True))
    assert (first.added_prices, first.removed_prices) == (2, 0)
    second = load(source="genai-prices 0.2")
    assert (second.added_prices, second.removed_prices, second.changed_models) == (0, 0, ())
    assert set(BookPrice.objects.values_list("id", flat=True)) == ids
    assert revision(team.id) == 2


def test_a_newer_book_adds_rows_and_removes_none(team) -> None:
    load()
    with team_context(team.id):
        (old,) = prices_of(team.id, [("openai", "gpt-5")])["openai", "gpt-5"]
    told = load(Book([model("openai", "gpt-5")], [price("openai", "gpt-5", {**GPT, "input": "1"})]))
    assert told.changed_models == (("openai", "gpt-5"),)
    assert told.removed_models == (("anthropic", "claude-sonnet-5"),)
    with team_context(team.id):
        (new,) = prices_of(team.id, [("openai", "gpt-5")])["openai", "gpt-5"]
        assert prices_of(team.id, [("anthropic", "claude-sonnet-5")]) == {("anthropic", "claude-sonnet-5"): []}
        # What lines were made with can still be shown.
        assert prices_by_id(team.id, [old.id]) == {old.id: old}
    assert new.id != old.id
    # What comes back is the price that was there.
    load()
    with team_context(team.id):
        assert prices_of(team.id, [("openai", "gpt-5")])["openai", "gpt-5"] == [old]


def test_a_dry_run_changes_nothing() -> None:
    said = StringIO()
    call_command("load_prices", "--dry-run", stdout=said)
    assert "Would have 2,516 models" in said.getvalue()
    assert not BookModel.objects.exists()


def test_names_are_matched_in_the_order_of_the_book(team) -> None:
    book = small_book()
    book.models.append(model("openai", "gpt"))
    book.prices.append(price("openai", "gpt", {"input": "9", "output": "9"}))
    load(book)
    with team_context(team.id):
        found = prices_of(team.id, [("openai", "gpt-5-mini"), ("openai", "gpt-4"), ("openai-eu", "GPT-5")])
    assert [f"{one.rates['input']}" for (one,) in found.values()] == ["1.25", "9", "1.25"]  # type: ignore[index]
