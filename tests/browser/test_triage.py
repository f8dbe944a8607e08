"""Triage in a browser: choosing rows, deciding, what comes back; without a script, and on phones."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from monitoring.services.triage_watch import follow
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.monitoring.views.test_group_list import fail

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """The list of a team with two groups: company (3 failures), budget (1)."""
    for minutes in (30, 40, 50):
        fail(team, "company", minutes=minutes, release="42")
    fail(team, "budget", minutes=20, release="42")
    return f"{live_server.url}/t/{team.slug}/groups/"


def test_rows_are_chosen_resolved_and_one_comes_back(
    page: Page, team: Team, address: str, complaints: list[str], open_signed_in: SignIn
) -> None:
    open_signed_in(page, address)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("1 chosen")).to_be_visible()
    page.get_by_role("checkbox", name="1 chosen").check()
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.locator(".bulk summary", has_text="Resolve").click()
    page.get_by_label("In the next release").check()
    page.locator("button[name=action][value=resolve]").click()
    expect(page.get_by_text("2 groups resolved.")).to_be_visible()
    fail(team, "company", minutes=-1, release="43")
    assert follow(timezone.now() + timedelta(seconds=1)) == 1
    page.goto(address)
    expect(page.get_by_role("heading", name="1 group came back after it was resolved")).to_be_visible()
    page.get_by_role("link", name="KeyError: company").click()
    expect(page.get_by_text("Failed again in release 43").first).to_be_visible()
    assert complaints == []


def test_groups_are_merged_and_ignored_without_a_script(browser: Browser, address: str, open_signed_in: SignIn) -> None:
    page = browser.new_context(locale="en-GB", java_script_enabled=False).new_page()
    open_signed_in(page, address)
    for box in page.locator("input[name=group]").all():
        box.check()
    page.locator("button[name=action][value=merge]").click()
    expect(page.get_by_text("2 groups merged into one.")).to_be_visible()
    page.locator("input[name=group]").check()
    page.locator(".bulk summary", has_text="Ignore").click()
    page.locator("input[name=ignore][value=count]").check()
    page.get_by_label("So many more failures").fill("20")
    page.locator("button[name=action][value=ignore]").click()
    page.goto(f"{address}?status=ignored")
    expect(page.get_by_text("Ignored until 20 more failures, 0 seen")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_the_pages_fit_and_are_accessible(
    page: Page, address: str, width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    page.locator(".bulk summary", has_text="Ignore").click()
    expect(page.get_by_label("For good")).to_be_visible()
    accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name="KeyError: company").click()
    expect(page.get_by_role("heading", name="Triage")).to_be_visible()
    page.locator(".bulk summary", has_text="Resolve").click()
    accessible(page)
