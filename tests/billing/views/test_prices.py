"""Pages of prices: found, entered with their effect, ended, removed; discounts, exchange rates; and who may."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from billing.models import CostBasis, Discount, ExchangeRate, FirstRating, ReRating, TeamPrice
from billing.store.price_book import prices_of
from tests.billing.books import load
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db
TOLD = {"provider": "openai", "model": "gpt-5", "currency": "USD", "rate_input": "1", "rate_output": "10"}
PAGES = ("prices/", "prices/new/", "prices/changes/", "rates/", "discounts/", "unpriced/")
EMPTY = dict.fromkeys(("cost_usd", "priced_usd", "list_usd", "billed"))


@pytest.fixture
def base(team) -> str:
    return f"/t/{team.slug}/cost/"


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return text_of(response)


def priced_line(team, **told) -> int:
    load()
    with team_context(team.id):
        id = prices_of(team.id, [("openai", "gpt-5")])["openai", "gpt-5"][0].id
    usd = Decimal("0.00225")
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    add_line(team, price_id=id, hour=hour, cost_usd=usd, priced_usd=usd, list_usd=usd, billed=usd, **told)
    return id


def unpriced_line(team, model: str = "house-1") -> None:
    told = {"provider": "acme", "model": model, "unpriced_tokens": 1100, **EMPTY}
    add_line(team, basis=CostBasis.UNPRICED, price_id=None, **told)


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_the_teams_own(page, base, owner_client, stranger_client) -> None:
    read(owner_client, base + page)
    assert stranger_client.get(base + page).status_code == 404
    assert Client().get(base + page).status_code == 302
    assert owner_client.put(base + page).status_code == 405


def test_who_sees_costs_does_not_change_them(team, base, member, member_client, owner_client) -> None:
    price_id = priced_line(team)
    for page in PAGES:
        assert member_client.get(base + page).status_code == (404 if page == "prices/new/" else 200)
        if page not in ("prices/", "unpriced/"):
            assert member_client.post(base + page, TOLD).status_code == 404
    assert member_client.post(f"{base}prices/{price_id}/remove/").status_code == 404
    assert "Add a price" not in read(member_client, f"{base}prices/")
    Membership.objects.filter(user=member).update(role=Role.FINANCE)
    assert "Add a price" in read(member_client, f"{base}prices/")


def test_prices_that_are_used_show_first_and_the_book_is_searched(team, base, owner_client) -> None:
    priced_line(team)
    page = read(owner_client, f"{base}prices/")
    assert "gpt-5" in page
    assert "10 calls, $0.0022" in page
    assert "claude-sonnet-5" not in page
    found = read(owner_client, f"{base}prices/?q=claude+anthropic")
    assert "claude-sonnet-5" in found
    assert "$3.75" in found
    assert "No such price" in read(owner_client, f"{base}prices/?q=nothing")
    assert "claude-sonnet-5" in read(owner_client, f"{base}prices/?show=all")
    csv = b"".join(owner_client.get(f"{base}prices/?q=gpt-5&format=csv").streaming_content).decode()
    assert "openai,gpt-5,,,,,,,0,1440,USD,1.25,0.125,,,,,10,,,,,genai-prices 0.1" in csv


def test_a_price_shows_its_rates_and_the_lines_that_it_made(team, base, owner_client) -> None:
    price_id = priced_line(team)
    page = read(owner_client, f"{base}prices/{price_id}/")
    assert "Output $10" in page
    assert "Reasoning $10 as output" in page
    assert "Made 1 cost line" in page
    assert "nightly" in page
    for wrong in ("7", "x", "9" * 40):
        assert owner_client.get(f"{base}prices/{wrong}/").status_code == 404


def test_a_price_is_entered_with_its_effect_applied_and_taken_back(team, base, owner_client) -> None:
    priced_line(team)
    seen = text_of(owner_client.post(f"{base}prices/new/", {**TOLD, "preview": "1"}))
    assert "nothing is saved yet" in seen
    assert "−$0.0002" in seen
    with team_context(team.id):
        assert not TeamPrice.objects.exists()
    saved = text_of(owner_client.post(f"{base}prices/new/", TOLD, follow=True))
    assert "Saved: from now on usage is rated at it." in saved
    assert "own price" in saved
    page = owner_client.get(f"{base}prices/changes/")
    token = re.search(r'name="seen" value="(\w+)"', page.content.decode())
    assert token is not None
    told = {"seen": token[1], "reason": "New contract"}
    applied = text_of(owner_client.post(f"{base}prices/changes/", told, follow=True))
    assert "Applied. Lines of the difference are made now" in applied
    assert "New contract" in applied
    assert "Nothing changes" in applied
    again = owner_client.post(f"{base}prices/changes/", told)
    assert again.status_code == 422
    assert "change nothing" in text_of(again)
    with team_context(team.id):
        change = ReRating.objects.get().id
    back = text_of(owner_client.post(f"{base}prices/changes/{change}/take-back/", follow=True))
    assert "taken back" in back
    assert owner_client.post(f"{base}prices/changes/{change}/take-back/").status_code == 404


def test_a_price_is_ended_and_removed(team, base, owner_client) -> None:
    owner_client.post(f"{base}prices/new/", TOLD)
    with team_context(team.id):
        first = TeamPrice.objects.get().id
    refused = owner_client.post(f"{base}prices/{first}/", {"ends_on": "soon"})
    assert refused.status_code == 422
    assert "ends on must be a day" in text_of(refused)
    ended = text_of(owner_client.post(f"{base}prices/{first}/", {"ends_on": "2026-09-01"}, follow=True))
    assert "to 2026-08-31" in ended
    with team_context(team.id):
        now = TeamPrice.objects.get(removed_at=None).id
    assert "no longer used" in read(owner_client, f"{base}prices/{first}/")
    removed = text_of(owner_client.post(f"{base}prices/{now}/remove/", follow=True))
    assert "Removed. What was rated at it stays" in removed
    assert owner_client.post(f"{base}prices/{now}/remove/").status_code == 404


def test_what_is_refused_keeps_what_was_entered(base, owner_client) -> None:
    response = owner_client.post(f"{base}prices/new/", {**TOLD, "rate_input": "1,25", "note": "<b>"})
    assert response.status_code == 422
    assert "input must be written with a point" in text_of(response)
    assert 'value="1,25"' in response.content.decode()
    assert "&lt;b&gt;" in response.content.decode()


def test_what_has_no_price_is_priced(team, base, owner_client) -> None:
    unpriced_line(team)
    page = owner_client.get(f"{base}unpriced/")
    assert "1,100 tokens of 1 model have no price" in text_of(page)
    link = re.search(r'href="([^"]*prices/new/\?[^"]*)"', page.content.decode())
    assert link is not None
    form = owner_client.get(link[1].replace("&amp;", "&")).content.decode()
    assert 'value="house-1"' in form
    assert 'value="acme"' in form
    told = {"provider": "acme", "model": "house-1", "rate_input": "2", "rate_output": "4", "currency": "USD"}
    saved = text_of(owner_client.post(f"{base}prices/new/", told, follow=True))
    assert "What had no price is rated at it now" in saved
    assert FirstRating.objects.get().team_id == team.id
    assert "0 of ? hours" in read(owner_client, f"{base}unpriced/")


def test_near_names_of_the_book_lend_their_rates(base, owner_client) -> None:
    load()
    page = owner_client.get(f"{base}prices/new/?provider=openai&model=gpt-5.0")
    link = re.search(r'href="(\?provider=openai&amp;model=gpt-5.0&amp;like=-?\d+)"', page.content.decode())
    assert link is not None
    form = owner_client.get(f"{base}prices/new/{link[1].replace('&amp;', '&')}").content.decode()
    assert 'value="1.25"' in form


def test_what_the_book_knows_by_now_is_rated_with_one_click(team, base, owner_client) -> None:
    unpriced_line(team)
    told = {"provider": "acme", "model": "house-1"}
    assert owner_client.post(f"{base}unpriced/rate/", told).status_code == 404
    with team_context(team.id):
        TeamPrice.objects.create(
            team_id=team.id, id=7, provider="acme", model="house-1", rates={"input": "1", "output": "1"}
        )
    assert "a price is there by now" in read(owner_client, f"{base}unpriced/")
    assert "It is rated now" in text_of(owner_client.post(f"{base}unpriced/rate/", told, follow=True))


def test_rates_are_uploaded_whole_or_not_at_all(team, base, owner_client) -> None:
    def upload(content: bytes):
        file = SimpleUploadedFile("ecb.csv", content, "text/csv")
        return owner_client.post(f"{base}rates/", {"file": file}, follow=True)

    wrong = upload(b"currency,date,usd\nEUR,2026-08-01,1.08\nEUR,2026-08-02,x\n")
    assert wrong.status_code == 422
    assert "line 3, column usd: must be a number" in text_of(wrong)
    with team_context(team.id):
        assert not ExchangeRate.objects.exists()
    assert "Saved 1 rates of ecb.csv" in text_of(upload(b"currency,date,usd\nEUR,2026-08-01,1.08\n"))
    assert "must have at most 1,000,000 bytes" in text_of(upload(b"x" * 1_000_001))
    one = {"currency": "CHF", "date": "2026-08-01", "usd": "1.25"}
    assert "Saved the rate" in text_of(owner_client.post(f"{base}rates/", one, follow=True))
    told = {"reporting_currency": "EUR"}
    assert "in that currency" in text_of(owner_client.post(f"{base}rates/", told, follow=True))
    csv = b"".join(owner_client.get(f"{base}rates/?format=csv").streaming_content).decode()
    assert "EUR,2026-08-01,1.08,ecb.csv" in csv


def test_a_file_that_says_it_is_huge_is_refused_before_it_is_read(base, owner_client, settings) -> None:
    settings.UPLOAD_MAX_BYTES = 1000
    file = SimpleUploadedFile("huge.csv", b"x" * 2000, "text/csv")
    answer = owner_client.post(f"{base}rates/", {"file": file})
    assert answer.status_code == 413
    assert "This file is too large" in answer.content.decode()


def test_discounts_are_added_and_removed(team, base, owner_client) -> None:
    load()
    told = {"provider": "openai", "percent": "12.5", "starts_on": "2026-08-01"}
    assert "12.5 %" in text_of(owner_client.post(f"{base}discounts/", told, follow=True))
    assert owner_client.post(f"{base}discounts/", told).status_code == 422
    with team_context(team.id):
        one = Discount.objects.get().id
    assert "12.5 % off the book" in read(owner_client, f"{base}prices/?q=gpt-5")
    assert "Removed." in text_of(owner_client.post(f"{base}discounts/{one}/remove/", follow=True))
    assert owner_client.post(f"{base}discounts/{one}/remove/").status_code == 404


@pytest.mark.parametrize("page", ["prices/?show=all", "unpriced/", "rates/", "discounts/"])
def test_lists_take_as_many_queries_with_twenty_rows(team, base, owner_client, page) -> None:
    def fill(number: int) -> None:
        unpriced_line(team, f"house-{number}")
        with team_context(team.id):
            TeamPrice.objects.create(team_id=team.id, id=number, model=f"m{number}", rates={"input": "1"})
            Discount.objects.create(provider=f"p{number}", percent=1)
            ExchangeRate.objects.create(currency=f"A{number:02}", starts_on="2026-08-01", usd=1)

    counts = []
    for numbers in (range(1, 2), range(2, 21)):
        for number in numbers:
            fill(number)
        with CaptureQueriesContext(connection) as seen:
            read(owner_client, base + page)
        counts.append(len(seen))
    assert counts[0] == counts[1]
