"""The pages of destinations in a browser: adding one, a test that fails, removing it, on every width."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from ingestion.forwarding.outbox import forget_destinations
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team, settings: Any) -> str:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)
    forget_destinations()
    return f"{live_server.url}/t/{team.slug}/destinations/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_a_destination_from_first_to_last(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    page.get_by_role("link", name="Add a destination").click()
    accessible(page)
    page.get_by_role("link", name="Elasticsearch One document").click()
    page.get_by_label("Address").fill("http://127.0.0.1:9/")
    page.get_by_role("button", name="Add the destination").click()
    expect(page.get_by_role("alert")).to_contain_text("Put your own value in place of <API key>")
    complaints.clear()  # The console reports the refusal itself.
    page.get_by_label("Headers").fill("Authorization: ApiKey abc")
    page.get_by_role("button", name="Add the destination").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Elasticsearch")
    accessible(page)
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test did not arrive.")).to_be_visible()
    page.goto(address)
    accessible(page)
    page.get_by_role("link", name="Elasticsearch").click()
    page.get_by_role("button", name="Remove the destination").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the destination").click()
    expect(page.get_by_role("heading", name="Add the first destination")).to_be_visible()
    assert complaints == []
