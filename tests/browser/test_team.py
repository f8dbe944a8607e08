"""The pages of a team's members, keys, log and settings in a browser: at every width, without complaints."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team, User
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def settings_of(live_server: LiveServer, team: Team, member: User) -> str:
    """Where the settings of a team of two begin."""
    return f"{live_server.url}/t/{team.slug}/settings/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_somebody_is_invited_gets_a_key_and_all_is_in_the_log(
    page: Page, settings_of: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, f"{settings_of}members/")
    page.get_by_label("E-mail address").fill("new@harbour.test")
    page.get_by_role("button", name="Make an invitation").click()
    expect(page.get_by_text("It is shown this once.")).to_be_visible()
    accessible(page)
    page.screenshot(path=tmp_path / f"members-{width}.png", full_page=True)
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the member").click()
    expect(page.get_by_text("sees nothing of the team any more")).to_be_visible()
    page.goto(f"{settings_of}keys/")
    page.get_by_label("Name").fill("Reader")
    page.get_by_label("Read figures and executions").check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
    accessible(page)
    page.screenshot(path=tmp_path / f"keys-{width}.png", full_page=True)
    page.reload()
    expect(page.get_by_text("Copy it now")).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="Reader")).to_have_count(1)
    for part in ("roles", "team", "retention", "privacy", "usage", "groups", "sign-in", "audit"):
        page.goto(f"{settings_of}{part}/")
        accessible(page)
        page.screenshot(path=tmp_path / f"{part}-{width}.png", full_page=True)
    expect(page.get_by_text("api_key.added")).to_be_visible()
    page.get_by_role("link", name="UTC").first.click()
    expect(page.get_by_role("heading", name="Before and after")).to_be_visible()
    accessible(page)
    page.screenshot(path=tmp_path / f"event-{width}.png", full_page=True)
    assert complaints == []
