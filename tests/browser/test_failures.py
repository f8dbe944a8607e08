"""The Failures and Executions pages in a browser: keys, filters, the content policy, phones."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from ingestion.records import Failure
from monitoring.statuses import Status
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn
from tests.factories import report, step, store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """Where the failures of a workflow with two days of runs are: 24 at `save`, 4 at `fetch`."""
    now = timezone.now()
    reports = []
    for number in range(96):
        end = now - timedelta(minutes=30 * number + 5)
        node = "save" if number % 4 == 0 else "fetch" if number % 24 == 1 else ""
        steps = [
            step(
                id=name,
                node=name,
                position=place,
                started_at=end - timedelta(seconds=20),
                ended_at=end,
                status=Status.FAILED if name == node else Status.SUCCEEDED,
                error=Failure(message=f"{name} gave up") if name == node else None,
            )
            for place, name in enumerate(("read", "fetch", "shape", "save", "tell"))
        ]
        status = Status.FAILED if node else Status.SUCCEEDED
        times = {"started_at": end - timedelta(seconds=20), "finished_at": end}
        reports.append(report(id=f"run-of-{number}", status=status, input_type="form", steps=steps, **times))
    store(team, *reports, now=now)
    return f"{live_server.url}/t/{team.slug}/workflows/nightly/failures/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_the_answer_shows_and_the_page_fits(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    expect(page.get_by_role("heading", name="share one step")).to_be_visible()
    expect(page.locator("canvas[data-chart='failures-over-time']")).to_be_visible()
    assert sideways(page) <= 0
    page.goto(address.split("/workflows/", maxsplit=1)[0] + "/executions/")
    expect(page.get_by_role("heading", name="Executions")).to_be_visible()
    assert sideways(page) <= 0
    assert complaints == []


def test_samples_open_by_keyboard(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    expect(page.locator("a[data-row]").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/executions/[0-9a-f-]{36}/"))


def test_a_filter_is_added_and_removed(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.get_by_text("Add filter").click()
    page.get_by_label("Step", exact=True).select_option("fetch")
    page.get_by_role("button", name="Apply filters").click()
    page.wait_for_url("**step=fetch**")
    expect(page.locator("a[data-row]")).to_have_count(4)
    page.get_by_role("link", name="Remove filter Step fetch").click()
    expect(page.locator("a[data-row]")).to_have_count(25)


def test_a_group_leads_to_its_samples(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    group = page.get_by_role("row", name="fetch gave up").filter(has=page.get_by_role("link", name="samples"))
    group.get_by_role("link", name="samples").click()
    page.wait_for_url("**group=**")
    expect(page.locator("a[data-row]")).to_have_count(4)
