"""The pages of releases in a browser: announced by hand, compared, readable by all, also on a phone."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.monitoring.released import HOUR, store_release

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """The releases of a workflow of which the second fails six times as often."""
    now = timezone.now()
    store_release(team, "v1", 120, 6, ago=48 * HOUR, now=now)
    store_release(team, "v2", 60, 18, now=now)
    return f"{live_server.url}/t/{team.slug}/workflows/nightly/releases/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_releases_are_announced_and_compared(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    expect(page.get_by_role("heading", name="Release v2 succeeds less often than v1")).to_be_visible()
    accessible(page)
    page.get_by_label("Name, as executions tell it").fill("v3")
    page.get_by_label("Live since").fill("yesterday")
    page.get_by_role("button", name="Announce release").click()
    expect(page.get_by_text("Not saved: the time cannot be read")).to_be_visible()
    accessible(page)
    page.get_by_label("Live since").fill("")
    page.get_by_label("Commit").fill("3f2a1c")
    page.get_by_role("button", name="Announce release").click()
    expect(page.get_by_text("Release v3 announced.")).to_be_visible()
    expect(page.get_by_role("cell", name="3f2a1c")).to_be_visible()
    page.get_by_role("link", name="Compare v1 and v2", exact=True).click()
    expect(page.get_by_role("heading", name="Release v2 is worse than v1")).to_be_visible()
    accessible(page)
    figures = page.get_by_role("region", name="Figures")
    figures.get_by_text("Times", exact=True).click()
    page.get_by_label("v2 from").fill("now-12h")
    figures.get_by_role("button", name="Compare in these times").click()
    expect(page.get_by_text("v2: 15 runs")).to_be_visible()
    # The browser notes the refused form by its status.
    assert [one for one in complaints if "422" not in one] == []
