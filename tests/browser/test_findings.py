"""Where to start, in a browser: from the list to the arithmetic, to the runs, and leaving a finding as it is."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.monitoring.finding_runs import fill

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """Where the list is, of one workflow whose scans fail."""
    fill(team, now=timezone.now())
    return f"{live_server.url}/t/{team.slug}/findings/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_from_the_list_to_the_runs(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    title = "Failures are concentrated in step score and input type scan"
    expect(page.get_by_role("heading", level=2, name=title)).to_be_visible()
    accessible(page)
    page.locator("a[data-row]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("region", name="Node design")).to_contain_text("all of its runs fail there, 24 of 24")
    accessible(page)
    page.get_by_label("Why: what makes it not worth fixing now?").fill("Scans end in May")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("heading", level=2, name="Left as it is: Scans end in May")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Reopen").click()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="See the failures").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Failed samples")
    assert complaints == []
