"""Journeys of people in a browser: invited, in a second team, a lost password, a second factor, the end of a team."""

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from django.conf import settings as kept
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership, Team, User
from accounts.services import team_exports
from tests.accounts.test_second_factor import code_of
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Look = tuple[int, Literal["light", "dark"]]
LOOKS: list[Look] = [(1440, "light"), (390, "dark")]
NEW_PASSWORD = "a long enough phrase"


def dress(page: Page, look: Look) -> None:
    """A window of that width and scheme."""
    page.set_viewport_size({"width": look[0], "height": 900})
    page.emulate_media(color_scheme=look[1])


@pytest.fixture
def settings_of(live_server: LiveServer, team: Team, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the settings of the team begin."""
    monkeypatch.setattr(kept, "BASE_URL", live_server.url)
    return f"{live_server.url}/t/{team.slug}/settings/"


def link_shown(page: Page, name: str) -> str:
    return page.locator(f"#{name}").inner_text().strip()


@pytest.mark.parametrize("look", LOOKS)
def test_somebody_is_invited_makes_an_account_and_has_a_second_team(
    page: Page, settings_of: str, complaints: list[str], look: Look, open_signed_in: SignIn, context: BrowserContext
) -> None:
    dress(page, look)
    open_signed_in(page, f"{settings_of}members/")
    page.get_by_label("E-mail address").fill("new@harbour.test")
    page.get_by_label("Role", exact=True).select_option("finance")
    page.get_by_role("button", name="Make an invitation").click()
    link = link_shown(page, "invitation-link")
    context.clear_cookies()
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("Join Harbour")
    accessible(page)
    page.get_by_role("button", name="Make an account and join").click()
    expect(page.get_by_label("E-mail")).to_have_value("new@harbour.test")
    accessible(page)
    page.get_by_label("Your name").fill("New One")
    page.get_by_label("Password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    # Whatever the role: the team has nothing to show yet.
    page.wait_for_url(lambda url: url.endswith("/t/harbour/start/"))
    page.goto(settings_of.replace("/t/harbour/settings/", "/teams/new/"))
    accessible(page)
    page.get_by_label("Name").fill("Side project")
    page.get_by_role("button", name="Make the team").click()
    page.wait_for_url(lambda url: "/t/side-project/" in url)
    page.goto(f"{settings_of}team/")
    page.get_by_role("button", name="Leave the team").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave", exact=True).click()
    page.wait_for_url(lambda url: "/t/side-project/" in url)
    assert list(Membership.objects.filter(user__email="new@harbour.test").values_list("team__slug", flat=True)) == [
        "side-project"
    ]
    assert complaints == []


@pytest.mark.parametrize("look", LOOKS)
def test_a_lost_password_is_set_anew_by_a_link_that_an_owner_copies(
    page: Page,
    settings_of: str,
    complaints: list[str],
    look: Look,
    open_signed_in: SignIn,
    context: BrowserContext,
    member: User,
) -> None:
    dress(page, look)
    open_signed_in(page, f"{settings_of}members/")
    page.get_by_role("button", name="Reset link").click()
    accessible(page)
    link = link_shown(page, "reset-link")
    context.clear_cookies()
    page.goto(link)
    accessible(page)
    for label in ("New password (at least 10 characters)", "New password, once more"):
        page.get_by_label(label, exact=True).fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your password is set")
    accessible(page)
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link is not valid any more")
    member.refresh_from_db()
    assert member.check_password(NEW_PASSWORD)
    assert complaints == []


@pytest.mark.parametrize("look", LOOKS)
def test_an_authenticator_app_is_set_up_asked_for_and_replaced_by_a_recovery_code(
    page: Page,
    settings_of: str,
    complaints: list[str],
    look: Look,
    open_signed_in: SignIn,
    context: BrowserContext,
    live_server: LiveServer,
) -> None:
    dress(page, look)
    open_signed_in(page, f"{live_server.url}/account/")
    page.get_by_role("link", name="Set up an authenticator app").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    accessible(page)
    secret = page.get_by_label("No camera?").input_value()
    page.get_by_label("Authenticator code").fill(code_of(secret))
    page.get_by_role("button", name="Set it up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    accessible(page)
    codes = page.locator("#recovery-codes").inner_text().split()
    assert len(codes) == 10
    assert all(re.fullmatch(r"[0-9a-f]{8}|\d{8}", code) for code in codes), codes
    context.clear_cookies()
    page.goto(f"{live_server.url}/sign-in/")
    page.get_by_label("E-mail").fill("owner@harbour.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    accessible(page)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/start/" in url)
    page.goto(f"{live_server.url}/account/sessions/")
    accessible(page)
    page.goto(f"{settings_of}members/")
    expect(page.get_by_role("cell", name="yes")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("look", LOOKS)
def test_a_team_is_exported_deleted_and_restored(
    page: Page,
    settings_of: str,
    complaints: list[str],
    look: Look,
    open_signed_in: SignIn,
    member: User,
    tmp_path: Path,
    settings: Any,
) -> None:
    settings.EXPORTS_FOLDER = tmp_path
    dress(page, look)
    open_signed_in(page, f"{settings_of}team/")
    accessible(page)
    page.get_by_role("button", name="Export everything").click()
    expect(page.get_by_text("Being written")).to_be_visible()
    accessible(page)
    team_exports.run_due()
    with page.expect_download() as file:
        page.get_by_role("link", name="Download").click()
    assert re.fullmatch(r"harbour-\d{4}-\d\d-\d\d\.zip", file.value.suggested_filename)
    page.get_by_label("Write the name of the team to confirm").fill("Harbour")
    page.get_by_role("button", name="Delete the team").click()
    expect(page.get_by_role("heading", name="This team is being deleted")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Restore the team").click()
    expect(page.get_by_text("keys and sources work again")).to_be_visible()
    page.get_by_label("The new owner").select_option(label=member.email)
    page.get_by_role("button", name="Transfer").click()
    accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="Transfer").click()
    expect(page.get_by_text(f"{member.email} owns the team now")).to_be_visible()
    assert complaints == []
