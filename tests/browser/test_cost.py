"""The cost page in a browser: charts are drawn, it fits a phone, and a figure leads to the lines behind it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from billing.models import CostOutcome
from tests.billing.spending import folded_once, spend
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn
from tests.browser.drawn import drawn_chart

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = "A-workflow-with-a-long-name-" + "that-goes-on-" * 3


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """The page of a team with ten days of costs."""
    today = timezone.now().date()
    with folded_once(team):
        for number in range(10):
            day = today - timedelta(days=number)
            spend(team, day, "3", workflow=NAME, outcome=CostOutcome.GOOD)
            spend(team, day, "1", workflow=NAME, outcome=CostOutcome.FAILED)
            spend(team, day, "2", workflow="Other", provider="anthropic", model="claude")
    return f"{live_server.url}/t/{team.slug}/cost/?period=year"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_figure_leads_to_its_lines(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    for name in ("chart-cost", "chart-budget"):
        drawn_chart(page, name)
    assert sideways(page) <= 0
    page.get_by_role("navigation", name="Split by").get_by_role("link", name="Kind").click()
    expect(page.get_by_role("heading", name="Monthly cost by kind")).to_be_visible()
    row = page.get_by_role("region", name="By workflow").get_by_role("row").filter(has_text="Other")
    row.get_by_role("link", name="$").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cost lines")
    expect(page.get_by_role("region", name="Lines").get_by_role("row")).to_have_count(11)
    assert sideways(page) <= 0
    assert complaints == []


def test_paper_has_the_answer_without_the_navigation(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    assert page.locator(".side").is_hidden()
    assert page.get_by_role("button", name="Print or save PDF").is_hidden()
    assert page.get_by_role("region", name="By workflow").is_visible()
