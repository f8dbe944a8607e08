"""A budget in a real browser: made from the form, refused with its reason, its month drawn, removed when confirmed."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.billing.spending import folded_once, spend
from tests.browser.accessibility import sideways

# Machines that run tests are busy.
expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = ((1440, 900), (390, 844))
# Where pictures are wanted, for eyes.
PICTURES = os.environ.get("BUDGET_PICTURES", "")


def look(page: Page, name: str) -> None:
    """The page never scrolls sideways, in light and dark, wide and narrow."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert sideways(page) <= 0, (name, width)
        for scheme in ("light", "dark") if PICTURES else ():
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=Path(PICTURES) / f"{name}-{scheme}-{width}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_budget_is_made_looked_at_and_removed(live_server, page: Page, team, open_signed_in, complaints) -> None:
    today = timezone.now().date()
    with folded_once(team):
        for days in range(40):
            for workflow, usd in (("Leads", "32"), ("Triage", "18")):
                spend(team, today - timedelta(days=days), usd, workflow=workflow)
    open_signed_in(page, f"{live_server.url}/t/{team.slug}/cost/budgets/")
    expect(page.get_by_text("No budget yet")).to_be_visible()
    page.get_by_role("link", name="New budget").click()
    page.get_by_label("Name").fill("Lead scoring")
    page.get_by_label("It counts").select_option("workflow")
    page.get_by_label("Which workflow").select_option("Leads")
    page.get_by_label("Amount a month").fill("1,000")
    look(page, "form")
    page.get_by_role("button", name="Save budget").click()
    expect(page.get_by_role("alert")).to_contain_text("the amount must be written with a point")
    page.get_by_label("Amount a month").fill("880")
    page.get_by_role("button", name="Save budget").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lead scoring")
    expect(page.locator("canvas[data-chart=chart-month]")).to_have_attribute("role", "img")
    expect(page.get_by_role("heading", name="Month against budget")).to_be_visible()
    look(page, "budget")

    page.get_by_role("link", name="Budgets").first.click()
    expect(page.get_by_role("table")).to_contain_text("workflow Leads")
    look(page, "budgets")
    page.get_by_role("link", name="Lead scoring").first.click()
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_role("button", name="Remove the budget").click()
    expect(page.get_by_text("No budget yet")).to_be_visible()
    # The answer to what was refused has its own status.
    assert [one for one in complaints if "422" not in one] == []
