"""The page of success criteria in a browser: tried while it is typed, saved, removed; it fits a phone."""

import os
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Team
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn
from tests.factories import report, store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("CRITERIA_SHOTS", "")


@pytest.fixture
def history(team: Team) -> Team:
    """Fifty runs with an invoice; every fifth of them without a number."""
    now = timezone.now()
    told = [
        report(
            id=f"invoice-{n:03}",
            started_at=now - timedelta(hours=n, seconds=30 + n),
            finished_at=now - timedelta(hours=n),
            input={"mail": f"mail-{n}"},
            output={"number": None if n % 5 == 0 else f"A-{n}", "total": 10 * n, "items": [{"sku": "x", "count": n}]},
        )
        for n in range(1, 51)
    ]
    store(team, *told, now=now)
    return team


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                page.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light")


def test_a_criterion_is_tried_while_it_is_typed_saved_and_removed(
    page: Page, live_server: Any, history: Team, open_signed_in: SignIn, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    open_signed_in(page, f"{live_server.url}/t/{history.slug}/workflows/nightly/criteria/")
    expect(page.get_by_text("No criteria yet")).to_be_visible()
    shoot(page, "empty")
    page.get_by_label("Name, as pages say it").fill("Invoice has a number")
    page.get_by_label("Expression that must be true").fill("output.number && output.total > `")
    expect(page.get_by_text("is not a JMESPath expression")).to_be_visible()
    page.get_by_label("Expression that must be true").fill("output.number && output.total > `30`")
    expect(page.get_by_text("13 met, 7 not met")).to_be_visible()
    shoot(page, "tried")
    page.get_by_role("button", name="Add criterion").click()
    expect(page.get_by_text("“Invoice has a number” added.")).to_be_visible()
    shoot(page, "saved")
    page.get_by_role("link", name="Change Invoice has a number").click()
    expect(page.get_by_role("heading", name="Change a criterion")).to_be_visible()
    expect(page.get_by_text("13 met, 7 not met")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    page.set_viewport_size({"width": 390, "height": 844})
    assert sideways(page) <= 0
    page.get_by_role("button", name="Remove Invoice has a number").click()
    page.get_by_role("button", name="Remove the criterion").click()
    expect(page.get_by_text("No criteria yet")).to_be_visible()
    assert complaints == [], complaints
