"""Sources in a browser: one is added, its key shown once, and waiting turns into the replay of its first report."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn
from tests.browser.drawn import drawn_chart

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team, settings: object) -> str:
    """Where the list of sources is; what pages say to paste leads to this server."""
    settings.BASE_URL = live_server.url  # type: ignore[attr-defined]
    return f"{live_server.url}/t/{team.slug}/sources/"


def add(page: Page, group: str, client: str, button: str) -> None:
    """Adds a source by its card."""
    page.get_by_role("region", name=group, exact=True).get_by_role("link", name=client).first.click()
    page.get_by_role("button", name=button).click()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_waiting_turns_into_the_replay(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    page.get_by_role("link", name="Add a source").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What shall report?")
    assert sideways(page) <= 0
    add(page, "Code", "curl", "Make the key")
    expect(page.get_by_text("Copy this now: it is shown once")).to_be_visible()
    expect(page.get_by_text("Waiting for the first report")).to_be_visible()
    assert sideways(page) <= 0
    key = page.locator("#new-key").inner_text()
    assert key in page.locator("#snippet-0").inner_text()
    answer = page.request.post(
        page.locator("#new-address").inner_text(),
        data={"id": "1", "workflow": "My first workflow", "status": "succeeded"},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status == 200
    page.get_by_role("link", name="Open the replay of it").click(timeout=10_000)
    expect(page).to_have_url(re.compile(r"/executions/[0-9a-f-]+/"))
    page.goto(address)
    expect(page.get_by_text("Reporting")).to_be_visible()
    assert sideways(page) <= 0
    page.get_by_role("link", name="curl or any HTTP client").click()
    drawn_chart(page, "chart-items")
    assert sideways(page) <= 0
    assert page.content().count(key) == 0
    assert complaints == []


def test_a_page_out_of_view_does_not_ask(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.goto(address + "add/cron/")
    page.get_by_role("button", name="Make the address").click()
    expect(page.get_by_text("Waiting for the first report")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/waiting/" in request.url else None)
    page.evaluate("Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})")
    page.evaluate("document.querySelector('[data-poll]').dispatchEvent(new Event('seen'))")
    page.wait_for_timeout(200)
    assert asked == []
    page.evaluate("Object.defineProperty(document, 'hidden', {configurable: true, get: () => false})")
    with page.expect_request(re.compile("/waiting/")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_source_is_switched_off_and_removed(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.goto(address + "add/github/")
    page.get_by_role("button", name="Make the address").click()
    page.get_by_role("link", name="Open the source").click()
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("button", name="Switch on")).to_be_visible()
    page.get_by_role("button", name="Remove the source").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the source").click()
    expect(page.get_by_text("Its executions stay.")).to_be_visible()
    expect(page.get_by_text("Add the first source")).to_be_visible()
