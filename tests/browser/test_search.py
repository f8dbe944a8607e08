"""Search, saved views, acting on several executions and comparing, in a browser and by keyboard alone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from ingestion.records import Failure
from monitoring.statuses import Status
from tests.browser.accessibility import accessible, sideways
from tests.browser.conftest import SignIn
from tests.factories import report, step, store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """The list of a team with six runs, of which the three newest failed."""
    now = timezone.now()
    store(
        team,
        *[
            report(
                id=f"run-{n} \u202eevil\u202c {'x' * 60}" if n == 5 else f"run-{n}",
                started_at=now - timedelta(minutes=10 * n + 11),
                finished_at=now - timedelta(minutes=10 * n + 10),
                status=Status.FAILED if n < 3 else Status.SUCCEEDED,
                error=Failure(type="Gone", message="no answer from the crm") if n < 3 else None,
                tags={"customer": "acme" if n % 2 else "globex"},
                input={"question": f"where is order {n}", "country": "FR" if n < 3 else "DE"},
                output={"answer": f"it is in depot {n}"},
                steps=[
                    step(id="a", node="fetch", started_at=now - timedelta(minutes=10 * n + 11)),
                    step(
                        id="b",
                        node="ask",
                        status=Status.FAILED if n < 3 else Status.SUCCEEDED,
                        started_at=now - timedelta(minutes=10 * n + 10, seconds=30),
                        error=Failure(type="Gone", message="no answer from the crm") if n < 3 else None,
                    ),
                ],
            )
            for n in range(6)
        ],
        now=now,
    )
    return f"{live_server.url}/t/{team.slug}/executions/"


def test_a_search_is_typed_saved_and_opened_by_keyboard(
    page: Page, address: str, complaints: list[str], open_signed_in: SignIn
) -> None:
    open_signed_in(page, f"{address}?from=now-24h&to=now")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("/")
    page.keyboard.type("status:failed tag:customer=globex")
    page.keyboard.press("Enter")
    page.wait_for_url("**status=failed**")
    expect(page.locator("a[data-row]")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type('"depot 2"')
    page.keyboard.press("Enter")
    expect(page.get_by_text("No execution matches these filters")).to_be_visible()
    page.get_by_role("link", name="Outputs").press("Enter")
    expect(page.locator("a[data-row]")).to_have_count(1)
    expect(page.get_by_text("Searched outputs of the whole range: 2 executions.")).to_be_visible()
    page.locator(".views summary").press("Enter")
    page.get_by_label("Save this view as").fill("Depot")
    page.get_by_label("Share with the team").check()
    page.get_by_role("button", name="Save view").click()
    expect(page.locator(".views summary")).to_have_text("Depot")
    page.goto(address.replace("/executions/", "/views/"))
    page.get_by_role("button", name="Delete the view Depot").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete the view").click()
    expect(page.get_by_text("Deleted the view “Depot”.")).to_be_visible()
    assert complaints == []


def test_rows_are_chosen_by_keyboard_classified_and_compared(
    page: Page, address: str, complaints: list[str], open_signed_in: SignIn
) -> None:
    open_signed_in(page, f"{address}?from=now-24h&to=now")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("button", name="Classify…")).to_be_disabled()
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy links").press("Enter")
    expect(page.get_by_text("2 links copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert len(re.findall(r"/executions/[0-9a-f-]{36}/", copied)) == 2
    page.get_by_role("button", name="Classify…").press("Enter")
    page.get_by_label("External dependency").check()
    page.get_by_role("button", name="Decide about 2 executions").dblclick()
    expect(page.get_by_text("Decided about 2 executions: external dependency.")).to_be_visible()
    page.get_by_role("link", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Both took the same path"))
    expect(page.get_by_role("row", name="question")).to_contain_text("where is order 1")
    assert complaints == []


def test_from_a_replay_to_similar_failures_and_a_comparison(
    page: Page, address: str, complaints: list[str], open_signed_in: SignIn
) -> None:
    open_signed_in(page, f"{address}?from=now-24h&to=now")
    page.locator("a[data-row]").last.click()
    expect(page.get_by_role("heading", name="Compare")).to_be_visible()
    good = page.url
    page.goto(f"{address}?from=now-24h&to=now")
    page.locator("a[data-row]").first.click()
    page.get_by_role("heading", name="Compare").scroll_into_view_if_needed()
    expect(page.get_by_role("link", name="2 failures of the same group")).to_be_visible()
    page.get_by_label("Compare with another execution").fill(good)
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "They part at ask: failed in the first, succeeded in the second."
    )
    expect(page.get_by_text("They part here: another status")).to_be_visible()
    assert complaints == []


def test_the_list_of_keys_is_that_of_the_page_and_they_are_switched_off(
    page: Page, browser: Browser, address: str, complaints: list[str], open_signed_in: SignIn
) -> None:
    open_signed_in(page, f"{address}?from=now-24h&to=now")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog.get_by_text("Choose the row")).to_be_visible()
    expect(dialog.get_by_text("Executions", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    for keys, where in (("gw", "workflows"), ("ga", "alerts/rules"), ("gc", "cost"), ("ge", "executions")):
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_url(f"**/{where}/**")
        page.wait_for_load_state("networkidle")
    page.keyboard.press("t")
    expect(page.locator("[data-range]")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    page.goto(address.replace("/executions/", "/views/"))
    page.wait_for_load_state("networkidle")
    page.keyboard.press("?")
    expect(dialog.get_by_text("Choose the row")).not_to_be_visible()
    with page.expect_response("**/preferences/single-keys/"):
        dialog.get_by_label("Single keys are on for me").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(dialog).not_to_be_visible()
    other = browser.new_page()
    open_signed_in(other, f"{address}?from=now-24h&to=now")
    other.wait_for_load_state("networkidle")
    other.keyboard.press("j")
    other.keyboard.press("x")
    expect(other.get_by_text("Choose all")).to_be_visible()
    other.close()
    assert complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_the_pages_fit_and_are_accessible(
    page: Page, address: str, width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, f"{address}?from=now-24h&to=now&q=order+-colour:red&in=input")
    assert sideways(page) <= 0
    page.get_by_text("How to search").click()
    accessible(page)
    page.locator(".views summary").click()
    page.get_by_label("Save this view as").fill("A long name of a view " * 3)
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("Saved as")).to_be_visible()
    ids = page.locator("input[name=execution]").evaluate_all("boxes => boxes.map((box) => box.value)")
    chosen = "&".join(f"execution={one}" for one in ids)
    for rest in ("views/", f"executions/selected/?{chosen}&do=hold", f"executions/{ids[0]}/compare/{ids[-1]}/",
                 f"executions/{ids[0]}/similar/"):  # fmt: skip
        page.goto(address.replace("executions/", "") + rest)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert sideways(page) <= 0, rest
        accessible(page)
