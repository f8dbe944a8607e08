"""A passkey in a real browser, with an authenticator that Chromium plays: added, and used to sign in."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import CDPSession, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import InstallationEvent, Team
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def authenticator(page: Page) -> Iterator[CDPSession]:
    """Plays a phone that always says yes."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**options, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    yield session
    session.detach()


@pytest.mark.parametrize("look", [(1440, "light"), (390, "dark")])
def test_a_passkey_is_added_and_signs_in(
    page: Page,
    live_server: LiveServer,
    team: Team,
    settings: Any,
    authenticator: CDPSession,
    open_signed_in: SignIn,
    complaints: list[str],
    look: tuple[int, Literal["light", "dark"]],
) -> None:
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    page.set_viewport_size({"width": look[0], "height": 900})
    page.emulate_media(color_scheme=look[1])
    base = live_server.url.replace("127.0.0.1", "localhost")
    open_signed_in(page, f"{base}/account/")
    accessible(page)
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill(PASSWORD)
    accessible(page)
    page.get_by_role("button").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Add a passkey")
    accessible(page)
    page.get_by_label("Sign in without the password").check()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Add a passkey")
    accessible(page)
    page.goto(f"{base}/account/sessions/")
    accessible(page)
    page.goto(f"{base}/t/{team.slug}/settings/sign-in/")
    accessible(page)
    page.context.clear_cookies()
    page.goto(f"{base}/sign-in/")
    accessible(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda address: "/start/" in address)
    assert InstallationEvent.objects.filter(action="user.signed_in").count() == 2
    assert complaints == []


def test_what_is_wrong_with_a_passkey_is_said(
    page: Page, live_server: LiveServer, team: Team, settings: Any, authenticator: CDPSession, open_signed_in: SignIn
) -> None:
    # The browser tells the console alone: an address that is a number has no passkeys, nor has a phone without any.
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    numbers = live_server.url.replace("localhost", "127.0.0.1")
    open_signed_in(page, f"{numbers}/account/second-factor/webauthn/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").last.click()
    expect(page.get_by_label("Sign in without the password")).to_be_checked()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("alert")).to_contain_text("Passkeys need an address that begins with https://")
    accessible(page)
    page.context.clear_cookies()
    page.goto(f"{numbers.replace('127.0.0.1', 'localhost')}/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was taken")
    accessible(page)


def test_a_form_that_is_sent_twice_counts_once(
    page: Page, live_server: LiveServer, team: Team, open_signed_in: SignIn
) -> None:
    open_signed_in(page, f"{live_server.url}/teams/new/")
    page.get_by_label("Name").fill("Twice")
    page.evaluate(
        "() => { const form = document.querySelector('main form'); form.requestSubmit();"
        " setTimeout(() => form.requestSubmit(), 20); }"
    )
    page.wait_for_url(lambda address: "/t/twice" in address)
    assert Team.objects.filter(name="Twice").count() == 1
