"""Rates of resources in a browser: entering one, its page, ending and removing it, at every width."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from tests.billing.lines import add_line
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_rate_from_first_to_last(
    page: Page,
    live_server: LiveServer,
    team: Team,
    complaints: list[str],
    width: int,
    scheme: str,
    open_signed_in: SignIn,
) -> None:
    """Entered with a mistake, then right; shown in the list; ended; removed."""
    add_line(team)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, f"{live_server.url}/t/{team.slug}/cost/resources/")
    accessible(page)
    page.get_by_role("link", name="Add a rate").click()
    page.get_by_label("Name").fill("Seats")
    page.get_by_label("Amount", exact=True).fill("1,5")
    page.get_by_label("For each").select_option("month")
    page.get_by_label("Monthly amounts are shared out by").select_option("runs")
    page.get_by_label("First day").fill("2026-11-01")
    page.get_by_role("button", name="Save the rate").click()
    expect(page.get_by_role("alert")).to_contain_text("amount must be written with a point")
    # The browser notes the refusal.
    complaints.clear()
    accessible(page)
    page.get_by_label("Amount", exact=True).fill("150")
    page.get_by_role("button", name="Save the rate").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Seats")
    accessible(page)
    page.get_by_label("Holds to before").fill("2030-12-01")
    page.get_by_role("button", name="End it then").click()
    expect(page.get_by_text("it holds to before that day")).to_be_visible()
    page.get_by_role("link", name="Compute, storage and fixed costs").first.click()
    expect(page.get_by_role("link", name="Seats")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Seats").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("Closed months keep what it cost")).to_be_visible()
    page.get_by_role("link", name="Add a rate").click()
    assert complaints == []
