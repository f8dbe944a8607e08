"""The pages of what steps call, in a browser: charts are drawn, pages fit a phone, names lead to their page."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn
from tests.browser.drawn import drawn_chart
from tests.factories import store
from tests.monitoring.calling import call

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = "https://api.example/" + "longest" * 20


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """Where the list is, of one system with a day of calls."""
    now = timezone.now()
    calls = [
        call(workflow, now - timedelta(hours=hours, minutes=5), failed=hours % 6 == 0, external_system=NAME)
        for hours in range(24)
        for workflow in ("Billing", "Mail")
    ]
    store(team, *calls, now=now)
    return f"{live_server.url}/t/{team.slug}/systems/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_name_leads_to_its_page_with_charts(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    assert sideways(page) <= 0
    page.locator("a[data-row]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    for name in ("chart-failure-rate", "chart-calls", "chart-call-latency"):
        drawn_chart(page, name)
    expect(page.get_by_role("region", name="Who depends on it").get_by_role("link", name="Billing")).to_be_visible()
    assert sideways(page) <= 0
    assert complaints == []


def test_the_axis_of_a_failure_rate_starts_at_nothing(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.locator("a[data-row]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    chart = drawn_chart(page, "chart-failure-rate")
    low, high = page.evaluate(f"[{chart}.scales.y.min, {chart}.scales.y.max]")
    rates = page.evaluate(f"{chart}.data.datasets[0].data.map(point => point.y).filter(rate => rate !== null)")
    assert (low, 0 < max(rates) <= high <= 1) == (0, True)
