"""The five steps in a browser, by mouse and by keyboard alone: trends, failures, replay, classify, improve."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.models import Improvement, Workflow
from tests.browser.conftest import SignIn
from tests.monitoring.released import store_release

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# A page that needs more presses of Tab to come to its point is not made for the keyboard.
MOST_TABS = 90


_IS_NEAR = """one => one.type === 'radio' && document.activeElement.name === one.name
  && document.activeElement.form === one.form"""


class Mouse:
    """Clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def use(self, target: Locator) -> None:
        """Follows a link, presses a button, chooses an option."""
        target.click()

    def write(self, target: Locator, text: str) -> None:
        """Fills a field."""
        target.click()
        self.page.keyboard.type(text)


class Keyboard(Mouse):
    """Goes to things by Tab and takes them by Enter or Space."""

    def use(self, target: Locator) -> None:
        """The same without a mouse."""
        self._go(target)
        self.page.keyboard.press("Space" if target.get_attribute("type") in ("radio", "checkbox") else "Enter")

    def write(self, target: Locator, text: str) -> None:
        """The same without a mouse."""
        self._go(target)
        self.page.keyboard.type(text)

    def _go(self, target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(MOST_TABS):
            if target.evaluate("one => one === document.activeElement"):
                # Whoever comes by keyboard sees where they are.
                assert target.evaluate("one => one.matches(':focus-visible')")
                return
            # Tab goes to one option of several, the arrows to the others.
            self.page.keyboard.press("ArrowDown" if target.evaluate(_IS_NEAR) else "Tab")
        raise AssertionError(f"{target} is not reached by {MOST_TABS} presses of Tab")


@pytest.fixture
def workflows(live_server: LiveServer, team: Team) -> str:
    """The list of workflows: one with a release that fails more than its objective allows."""
    now = timezone.now()
    store_release(team, "v1", 100, 1, ago=timedelta(days=3), now=now)
    store_release(team, "v2", 100, 30, now=now)
    with team_context(team.id):
        Workflow.objects.update(objective_success_rate=0.95)
    return f"{live_server.url}/t/{team.slug}/workflows/"


@pytest.mark.parametrize("hand", [Mouse, Keyboard])
def test_from_the_trend_to_an_improvement(
    page: Page, team: Team, workflows: str, complaints: list[str], open_signed_in: SignIn, hand: type[Mouse]
) -> None:
    by = hand(page)
    open_signed_in(page, workflows)
    by.use(page.locator("main").get_by_role("link", name="nightly", exact=True).first)
    page.wait_for_url("**/workflows/nightly/**")
    expect(page.get_by_role("heading", name=re.compile("Not stable"))).to_be_visible()
    by.use(page.get_by_role("link", name=re.compile(r"See the \d+ failed samples")))
    page.wait_for_url("**/failures/**")
    by.use(page.get_by_role("link", name=re.compile("Replay.*sample")))
    by.use(page.get_by_role("region", name="Samples").locator("a[data-row]").first)
    page.wait_for_url("**/executions/*/**")
    by.use(page.get_by_role("link", name=re.compile("^4? ?Classify")))
    by.use(page.get_by_role("radio", name=re.compile("External dependency", re.I)))
    by.write(page.get_by_label("Note: what makes you think so"), "The cache refuses since v2.")
    by.use(page.get_by_label("For the whole failure group"))
    by.use(page.get_by_role("button", name="Save decision"))
    expect(page.get_by_text("Decided: external dependency, for the whole group.")).to_be_visible()
    by.use(page.get_by_role("link", name="Failure group", exact=True))
    page.wait_for_url("**/groups/*/**")
    by.use(page.get_by_role("link", name="Plan an improvement").first)
    by.write(page.get_by_label("Title"), " (as before v2)")
    by.use(page.locator("main").get_by_role("button", name=re.compile("Plan|Save")).first)
    page.wait_for_url(re.compile(r"/improvements/[0-9a-f-]{36}/"))
    with team_context(team.id):
        assert "(as before v2)" in Improvement.objects.get().title
    assert complaints == []
