"""A team's own prices, discounts and exchange rates: checked, dated, and told apart from the book."""

from datetime import date
from decimal import Decimal

import pytest

from accounts.tenancy import team_context
from billing.analysis.pricing import find_price
from billing.analysis.rate_files import FileRefused
from billing.analysis.usage import Bucket
from billing.models import BookPrice, CostMonth, CostSettings, ExchangeRate, MonthState, TeamPrice
from billing.services.discounts import add_discount, read_discount, reduced, remove_discount
from billing.services.exchange_rates import enter_rate, set_reporting_currency, upload_rates
from billing.services.refusals import Refused
from billing.services.team_prices import add_price, end_price, read_price, remove_price
from billing.store.exchange import usd_of
from billing.store.price_book import prices_by_id, prices_of, revision
from tests.billing.books import GPT, load, price, small_book
from tests.factories import NOW

pytestmark = pytest.mark.django_db
TOLD = {"provider": "openai", "model": "gpt-5", "rate_input": "1", "rate_output": "8"}
GPT5 = ("openai", "gpt-5")


def add(team, **told) -> TeamPrice:
    return add_price(team_id=team.id, wanted=read_price({**TOLD, **told}), by=None, now=NOW)


def input_rate(team, *pair: str, at=NOW, tier: str = "") -> Decimal | None:
    candidates = prices_of(team.id, [pair])[pair]
    found = find_price(candidates, tier=tier, region="", at=at, context_tokens=10)
    return found.rates[Bucket.INPUT] if found else None


def discount(team, **told):
    wanted = read_discount({"provider": "openai", "percent": "10", **told})
    return add_discount(team_id=team.id, wanted=wanted, by=None, now=NOW)


def test_own_before_discount_before_book(in_team) -> None:
    load()
    assert input_rate(in_team, *GPT5) == Decimal("1.25")
    discount(in_team)
    assert input_rate(in_team, *GPT5) == Decimal("1.125")
    discount(in_team, model="gpt-5", percent="20")
    assert input_rate(in_team, *GPT5) == 1
    made = add(in_team, rate_input="0.5")
    assert input_rate(in_team, *GPT5) == Decimal("0.5")
    # Under the names that the book takes for the same model, too; not for another provider.
    assert input_rate(in_team, "OpenAI", "gpt-5-2025-08-07") == Decimal("0.5")
    assert input_rate(in_team, "anthropic", "gpt-5") is None
    assert remove_price(team_id=in_team.id, price_id=made.id, now=NOW)
    assert input_rate(in_team, *GPT5) == 1


def test_a_price_of_the_exact_name_and_provider_comes_first(in_team) -> None:
    load()
    add(in_team, rate_input="3", provider="")
    assert input_rate(in_team, *GPT5) == input_rate(in_team, "acme", "gpt-5") == 3
    add(in_team, rate_input="2")
    assert input_rate(in_team, *GPT5) == 2
    add(in_team, rate_input="1", model="gpt-5-mini")
    assert input_rate(in_team, "openai", "gpt-5-mini") == 1


def test_another_team_pays_what_the_book_says(in_team, other_team) -> None:
    load()
    add(in_team)
    with team_context(other_team.team.id):
        assert input_rate(other_team.team, *GPT5) == Decimal("1.25")


def test_each_change_is_counted(in_team) -> None:
    seen = [revision(in_team.id)]
    made = add(in_team)
    seen.append(revision(in_team.id))
    enter_rate(team_id=in_team.id, told={"currency": "EUR", "date": "2026-08-01", "usd": "1.1"}, by=None, now=NOW)
    seen.append(revision(in_team.id))
    remove_price(team_id=in_team.id, price_id=made.id, now=NOW)
    seen.append(revision(in_team.id))
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    ("told", "field", "reason"),
    [
        ({"model": ""}, "model", "must be told"),
        ({"rate_input": "1,25"}, "rate_input", "must be written with a point"),
        ({"rate_input": "-1"}, "rate_input", "must not be negative"),
        ({"rate_input": "", "rate_output": ""}, "rate_input", "or another rate must be told"),
        ({"rate_tea": "1"}, "rate_tea", "must be a rate of one of: input, input_audio"),
        ({"currency": "EURO"}, "currency", "must be a code of ISO 4217"),
        ({"currency": "EUR"}, "currency", "has no exchange rate for all days"),
        ({"currency": "EUR", "starts_on": "2026-08-01"}, "currency", "has no exchange rate on 2026-08-01"),
        ({"starts_on": "2026-08-02", "ends_on": "2026-08-02"}, "ends_on", "must be later than the first day"),
        ({"context_over": "10", "context_up_to": "10"}, "context_up_to", "must be more than what it is over"),
        ({"context_over": "1.5"}, "context_over", "must be a whole number"),
        ({"model": "x" * 201}, "model", "must be at most 200 characters"),
        ({"list_price_id": "7"}, "list_price_id", "is no price of the book"),
    ],
)
def test_what_cannot_be_a_price_is_refused_with_its_reason(in_team, told, field, reason) -> None:
    with pytest.raises(Refused) as refused:
        add(in_team, **told)
    assert refused.value.reasons[field].startswith(reason)
    assert not TeamPrice.objects.exists()


def test_prices_of_one_model_do_not_overlap(in_team) -> None:
    first = add(in_team, starts_on="2026-08-01")
    with pytest.raises(Refused, match="overlaps with a price of it that holds from 2026-08-01"):
        add(in_team, provider="OpenAI", model="GPT-5", starts_on="2026-09-01")
    add(in_team, tier="batch")
    ended = end_price(team_id=in_team.id, price_id=first.id, ends_on="2026-09-01", by=None, now=NOW)
    add(in_team, starts_on="2026-09-01", rate_input="2")
    assert ended.id != first.id
    assert input_rate(in_team, *GPT5, at=NOW.replace(month=8, day=31)) == 1
    assert input_rate(in_team, *GPT5, at=NOW.replace(month=9, day=1)) == 2
    # What lines were made with can still be shown.
    assert prices_by_id(in_team.id, [first.id])[first.id].ends_on is None
    with pytest.raises(Refused, match="must be later than its first day"):
        end_price(team_id=in_team.id, price_id=ended.id, ends_on="2026-08-01", by=None, now=NOW)


def test_a_discount_is_exact_and_dated(in_team) -> None:
    load(
        small_book(
            price("openai", "gpt-5", GPT), price("openai", "gpt-5", {"input": "0.1", "output": "1"}, tier="batch")
        )
    )
    assert reduced({"input": "0.3", "output": "0"}, Decimal("33.333")) == {"input": "0.200001", "output": "0"}
    made = discount(in_team, starts_on="2026-08-10", ends_on="2026-08-20")
    assert [input_rate(in_team, *GPT5, at=NOW.replace(day=day)) for day in (9, 10, 19, 20)] == [
        *(Decimal("1.25"), Decimal("1.125"), Decimal("1.125"), Decimal("1.25")),
    ]
    assert input_rate(in_team, *GPT5, tier="batch") == Decimal("0.09")
    listed = set(BookPrice.objects.values_list("id", flat=True))
    assert {one.list_price_id for one in TeamPrice.objects.all()} <= listed
    assert remove_discount(team_id=in_team.id, discount_id=made.id, now=NOW)
    assert not remove_discount(team_id=in_team.id, discount_id=made.id, now=NOW)
    assert input_rate(in_team, *GPT5) == Decimal("1.25")


def test_discounts_follow_a_newer_book(in_team) -> None:
    load()
    discount(in_team)
    load(small_book(price("openai", "gpt-5", {**GPT, "input": "1"})))
    assert input_rate(in_team, *GPT5) == Decimal("0.9")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"percent": "0"}, "percent must be more than 0"),
        ({"percent": "101"}, "percent must be at most 100"),
        ({"percent": ""}, "percent must be told"),
        ({"percent": "ten"}, "percent must be a number"),
        ({"provider": "acme"}, "provider is none of the price book"),
        ({"model": "gpt-4"}, "model is none of openai in the price book"),
        ({"starts_on": "2026-08-02", "ends_on": "2026-08-01"}, "ends_on must be later"),
    ],
)
def test_what_cannot_be_a_discount_is_refused(in_team, told, said) -> None:
    load()
    with pytest.raises(Refused, match=said):
        discount(in_team, **told)


def test_discounts_of_the_same_do_not_overlap(in_team) -> None:
    load()
    discount(in_team, ends_on="2026-09-01")
    with pytest.raises(Refused, match="overlaps"):
        discount(in_team, provider="OpenAI")
    discount(in_team, starts_on="2026-09-01")


def test_rates_are_dated_and_the_file_is_taken_whole(in_team) -> None:
    content = b"currency,date,usd\nEUR,2026-08-01,1.08\nEUR,2026-08-10,1.10\n"
    assert upload_rates(team_id=in_team.id, content=content, source="ecb.csv", by=None, now=NOW) == 2
    days = [date(2026, 7, 31), date(2026, 8, 1), date(2026, 8, 9), date(2027, 1, 1)]
    assert [usd_of(in_team.id, "EUR", day) for day in days] == [None, Decimal("1.08"), Decimal("1.08"), Decimal("1.10")]
    assert usd_of(in_team.id, "USD", days[0]) == 1
    with pytest.raises(FileRefused):
        upload_rates(team_id=in_team.id, content=content + b"EUR,2026-08-11,x\n", source="ecb.csv", by=None, now=NOW)
    assert ExchangeRate.objects.count() == 2
    # The same day again is replaced.
    enter_rate(team_id=in_team.id, told={"currency": "eur", "date": "2026-08-01", "usd": "1.2"}, by=None, now=NOW)
    assert usd_of(in_team.id, "EUR", days[1]) == Decimal("1.2")
    add(in_team, currency="EUR", starts_on="2026-08-01")


@pytest.mark.parametrize("name", ["ecb.xlsx", "ecb.csv.exe", "csv", ""])
def test_a_file_of_rates_whose_name_does_not_end_in_csv_is_refused(in_team, name: str) -> None:
    content = b"currency,date,usd\nEUR,2026-08-01,1.08\n"
    with pytest.raises(FileRefused, match=r"the file: the name of the file must end in \.csv"):
        upload_rates(team_id=in_team.id, content=content, source=name, by=None, now=NOW)
    assert not ExchangeRate.objects.exists()


def test_a_closed_month_keeps_its_rates(in_team) -> None:
    CostMonth.objects.create(month=date(2026, 7, 1), state=MonthState.CLOSED)
    content = b"currency,date,usd\nEUR,2026-08-01,1.08\nEUR,2026-07-31,1.1\n"
    with pytest.raises(FileRefused, match="line 3, column date: is in 2026-07, which is closed and keeps its rates"):
        upload_rates(team_id=in_team.id, content=content, source="ecb.csv", by=None, now=NOW)
    with pytest.raises(Refused, match="date is in 2026-07"):
        enter_rate(team_id=in_team.id, told={"currency": "EUR", "date": "2026-07-01", "usd": "1"}, by=None, now=NOW)
    assert not ExchangeRate.objects.exists()


def test_the_reporting_currency_needs_a_rate(in_team) -> None:
    with pytest.raises(Refused, match="has no exchange rate yet"):
        set_reporting_currency(team_id=in_team.id, currency="EUR", now=NOW)
    enter_rate(team_id=in_team.id, told={"currency": "EUR", "date": "2026-08-01", "usd": "1.1"}, by=None, now=NOW)
    set_reporting_currency(team_id=in_team.id, currency="EUR", now=NOW)
    assert CostSettings.objects.get().reporting_currency == "EUR"
