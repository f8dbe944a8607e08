"""What the browser tests share: signing in, and what the browser complains about."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.people import PASSWORD

SignIn = Callable[[Page, str], None]


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A British reader: Chromium would say American, and pages would write figures and times that way."""
    return {**browser_context_args, "locale": "en-GB"}


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: errors of scripts, refused styles, missing files."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # On a busy machine the browser says that a font was preloaded too early.
        if message.type in ("error", "warning") and "was preloaded" not in message.text:
            found.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def open_signed_in() -> SignIn:
    """Opens an address of the team as its owner, by the sign-in page."""

    def open_page(page: Page, address: str) -> None:
        page.goto(address)
        page.get_by_label("E-mail").fill("owner@harbour.test")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        expect(page.get_by_role("heading", level=1)).to_be_visible()

    return open_page
