"""The help on figures: opened by mouse, keyboard and touch, also without scripts; accessible while it is open."""

import os
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from ingestion.records import Failure, Tokens
from monitoring.statuses import Status
from tests.browser.accessibility import accessible, sideways
from tests.browser.conftest import SignIn
from tests.factories import report, step, store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = "Success rate: how is this computed?"


@pytest.fixture
def trends(live_server: LiveServer, team: Team) -> str:
    """A workflow of 60 runs of which a third failed."""
    now, told = timezone.now(), []
    for number in range(60):
        start = now - timedelta(hours=number, minutes=9)
        lost = {"status": Status.FAILED, "error": Failure(message="no answer")} if number % 3 == 0 else {}
        end = start + timedelta(seconds=2 + number)
        used = {"tokens": Tokens(input=10, output=5), "cost_usd": Decimal("0.01")}
        steps = [step(node="call", started_at=start, ended_at=end, provider="openai", model="gpt", **used, **lost)]
        told.append(report(started_at=start, finished_at=end, steps=steps, **lost))
    store(team, *told, now=now)
    return f"{live_server.url}/t/{team.slug}/workflows/nightly/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (320, "dark")])
def test_it_opens_by_mouse_and_keyboard_and_fits(
    page: Page, trends: str, complaints: list[str], open_signed_in: SignIn, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, trends)
    opener, box = page.locator("dl").get_by_role("button", name=NAME), page.locator("dl [popover][id$=success_rate]")
    assert opener.get_attribute("title") == box.locator("span").first.text_content()
    opener.click()
    expect(box).to_be_visible()
    expect(box).to_contain_text("Finished, rated60")
    if os.environ.get("HELP_SHOTS"):
        page.screenshot(path=f"{os.environ['HELP_SHOTS']}-{width}-{scheme}.png")
    place = box.bounding_box()
    assert place is not None
    assert place["x"] >= 0
    assert place["x"] + place["width"] <= width
    accessible(page)
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
    opener.focus()
    page.keyboard.press("Enter")
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    head = page.locator("th").get_by_role("button", name="Visits: how is this computed?")
    if width > 600:
        head.click()
        expect(page.locator("#how-steps-visits")).to_be_visible()
        expect(box).to_be_hidden()
        if os.environ.get("HELP_SHOTS"):
            page.screenshot(path=f"{os.environ['HELP_SHOTS']}-th-{width}-{scheme}.png")
    assert sideways(page) <= 0
    assert complaints == []


def test_it_opens_by_touch_and_without_scripts(browser: Browser, trends: str, open_signed_in: SignIn) -> None:
    context = browser.new_context(
        locale="en-GB", java_script_enabled=False, has_touch=True, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    open_signed_in(page, trends)
    page.locator("dl").get_by_role("button", name=NAME).tap()
    expect(page.locator("dl [popover][id$=success_rate]")).to_be_visible()
    context.close()
