"""The Replay page in a browser: steps open in place and are links, the keys walk, phones scroll one way."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from ingestion.records import Failure
from monitoring.identity import execution_id
from monitoring.statuses import Status
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn
from tests.factories import report, step, store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAMES = ("receive", "classify", "enrich", "score", "draft", "send", "archive", "notify", "report", "close")


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """Where the replay of the middle one of three failed runs is."""
    now = timezone.now()
    reports = []
    for number in range(3):
        start = now - timedelta(minutes=10 * (3 - number))
        visits = []
        for place, name in enumerate(NAMES):
            begin = start + timedelta(seconds=place)
            failed = name == "enrich"
            visits.append(
                step(
                    id=f"{number}-{name}",
                    node=name,
                    position=place,
                    started_at=begin,
                    ended_at=begin + timedelta(seconds=1),
                    status=Status.FAILED if failed else Status.SUCCEEDED,
                    error=Failure(message="crm did not answer") if failed else None,
                    input={"place": place},
                )
            )
        end = start + timedelta(seconds=10)
        reports.append(
            report(id=f"run-{number}", status=Status.FAILED, started_at=start, finished_at=end, steps=visits)
        )
    store(team, *reports, now=now)
    return f"{live_server.url}{path_of(team, 1)}"


def path_of(team: Team, number: int) -> str:
    return f"/t/{team.slug}/executions/{execution_id(team.id, f'run-{number}')}/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_page_fits_and_nothing_is_refused(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    expect(page.get_by_role("link", name="enrich: first failed step")).to_be_in_viewport(ratio=0.1)
    assert sideways(page) <= 0
    assert complaints == []


def test_a_step_opens_in_place_and_its_address_can_be_shared(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    panel = page.locator("#step")
    expect(panel).to_contain_text("crm did not answer")
    page.get_by_role("region", name="Timeline").get_by_role("link", name="draft").click()
    expect(panel.get_by_role("heading")).to_have_text("draft")
    expect(page).to_have_url(re.compile(r"\?at=-?\d+"))
    panel.get_by_role("link", name="Input").click()
    expect(panel).to_contain_text('"place": 4')
    shared = page.url
    page.goto(shared)
    expect(panel.get_by_role("heading")).to_have_text("draft")
    expect(panel).to_contain_text('"place": 4')


def test_going_back_shows_the_step_before(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.get_by_role("region", name="Timeline").get_by_role("link", name="draft").click()
    expect(page.locator("#step").get_by_role("heading")).to_have_text("draft")
    page.go_back()
    expect(page.locator("#step").get_by_role("heading")).to_have_text("enrich")


def test_a_node_of_the_path_opens_its_step(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.get_by_role("link", name="score: succeeded").click()
    expect(page.locator("#step").get_by_role("heading")).to_have_text("score")


def test_the_keys_walk_through_the_failed_executions(
    page: Page, address: str, team: Team, open_signed_in: SignIn
) -> None:
    open_signed_in(page, address)
    for key, name in (("j", "run-2"), ("k", "run-1"), ("k", "run-0")):
        page.wait_for_load_state()
        page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page).to_have_url(re.compile(re.escape(path_of(team, 0))))


def test_without_scripts_everything_is_a_link(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.route("**/*.js", lambda route: route.abort())
    page.goto(address)
    page.get_by_role("region", name="Timeline").get_by_role("link", name="close").click()
    expect(page.locator("#step").get_by_role("heading")).to_have_text("close")


def test_on_a_phone_evidence_stands_under_the_names_of_its_columns(
    page: Page, address: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_signed_in(page, address)
    frame = page.get_by_role("group", name="Evidence of the first divergence")
    assert frame.evaluate("it => it.scrollWidth <= it.clientWidth")
    cells = frame.locator("tbody tr").first.locator("td")
    lefts = {round(box["x"]) for box in (cells.nth(n).bounding_box() for n in range(cells.count())) if box}
    assert len(lefts) == 1
    assert cells.nth(1).evaluate("it => getComputedStyle(it, '::before').content") == '"Evidence"'
