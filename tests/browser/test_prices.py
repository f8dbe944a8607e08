"""Pages of prices in a browser: a price is entered with its effect, applied, taken back; nothing scrolls sideways."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from accounts.tenancy import team_context
from billing.models import CostBasis
from billing.store.price_book import prices_of
from tests.billing.books import load
from tests.billing.lines import add_line
from tests.browser.accessibility import sideways

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]
PAGES = ("prices/?show=all", "prices/new/?provider=openai&model=gpt-5.0", "prices/changes/", "rates/", "discounts/")
USD = Decimal("0.00225")


@pytest.fixture
def base(team, live_server) -> str:
    load()
    with team_context(team.id):
        (book,) = prices_of(team.id, [("openai", "gpt-5")])["openai", "gpt-5"]
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    add_line(team, price_id=book.id, hour=hour, cost_usd=USD, priced_usd=USD, list_usd=USD, billed=USD)
    add_line(team, basis=CostBasis.UNPRICED, provider="acme", model="house-1", unpriced_tokens=1100, cost_usd=None)
    return f"{live_server.url}/t/{team.slug}/cost/"


def test_a_price_is_entered_applied_and_taken_back(base, page: Page, open_signed_in, complaints) -> None:
    open_signed_in(page, f"{base}prices/")
    page.get_by_role("link", name="Add a price").click()
    for label, text in (("Provider, empty for any", "openai"), ("Model, as reported", "gpt-5")):
        page.get_by_label(label).fill(text)
    page.get_by_label("Input", exact=True).fill("1")
    page.get_by_label("Output", exact=True).fill("10")
    page.get_by_role("button", name="See the effect first").click()
    expect(page.get_by_role("heading", name="What open months would cost")).to_be_visible()
    page.get_by_role("button", name="Save the price").click()
    expect(page.get_by_text("Saved: from now on usage is rated at it.")).to_be_visible()
    page.goto(f"{base}prices/changes/")
    page.get_by_label("Reason").fill("New contract")
    page.get_by_role("button", name="Apply to open months").click()
    expect(page.get_by_text("Nothing changes: open months count at the prices as they are.")).to_be_visible()
    page.get_by_role("button", name="Take back: New contract").click()
    expect(page.get_by_text("Taken back. The lines of the difference are removed now.")).to_be_visible()
    assert complaints == []


def test_what_has_no_price_leads_to_its_form(base, page: Page, open_signed_in, complaints) -> None:
    open_signed_in(page, f"{base}unpriced/")
    page.get_by_role("link", name="Price house-1").click()
    expect(page.get_by_label("Model, as reported")).to_have_value("house-1")
    assert complaints == []


def test_no_page_scrolls_sideways(base, page: Page, open_signed_in, complaints) -> None:
    open_signed_in(page, f"{base}unpriced/")
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for address in (*PAGES, "unpriced/"):
            page.goto(base + address)
            assert sideways(page) <= 0, (address, width)
    assert complaints == []
