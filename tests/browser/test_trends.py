"""The Trends page in a browser: charts are drawn, nothing is refused by the content policy, phones scroll one way."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from monitoring.services.baselines import build_all
from monitoring.statuses import Status
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn
from tests.browser.drawn import drawn_chart
from tests.factories import report, step, store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """Where the page of a workflow with two days of runs is."""
    now = timezone.now()
    reports = []
    for hours in range(48):
        end = now - timedelta(hours=hours, minutes=5)
        start = end - timedelta(seconds=20 + hours)
        status = Status.FAILED if hours % 6 == 0 else Status.SUCCEEDED
        visit = step(node="save", kind="code", status=status, started_at=start, ended_at=end)
        reports.append(report(status=status, started_at=start, finished_at=end, release="7", steps=[visit]))
    store(team, *reports, now=now)
    return f"{live_server.url}/t/{team.slug}/workflows/nightly/"


def test_a_first_visit_fetches_little(page: Page, address: str, open_signed_in: SignIn) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("/static/")[2]))
    open_signed_in(page, address)
    asked.clear()
    page.goto(address)
    drawn_chart(page, "chart-latency")
    page.evaluate("document.fonts.ready")
    fonts = {name.rpartition("/")[2].partition(".")[0] for name in asked if name.endswith(".woff2")}
    assert fonts == {"inter-plain"}
    assert len(asked) <= 25


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_charts_are_drawn_and_the_page_fits(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    for name in ("chart-rate", "chart-runs", "chart-latency"):
        drawn_chart(page, name)
    assert sideways(page) <= 0
    assert page.evaluate("document.querySelector('.top-in').offsetHeight") < 64
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_series_stay_apart_in_forced_colours(page: Page, address: str, open_signed_in: SignIn, scheme: str) -> None:
    page.emulate_media(forced_colors="active", color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, address)
    chart = drawn_chart(page, "chart-runs")
    colours = page.evaluate(f"{chart}.data.datasets.map(one => one.backgroundColor)")
    assert len(colours) > 1
    assert len(set(colours)) == len(colours)


def test_the_figures_of_a_chart_are_one_click_away(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    card = page.get_by_role("region", name="Outcomes")
    expect(card.get_by_role("table")).to_be_hidden()
    card.get_by_role("link", name="Table").click()
    expect(card.get_by_role("columnheader", name="Success rate")).to_be_visible()


def test_an_objective_is_set_on_the_page(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.get_by_text("Set objective").click()
    page.get_by_label("Success rate, at least (%)").fill("99")
    page.get_by_role("button", name="Save objective").click()
    expect(page.get_by_text("Objective: 99% succeed")).to_be_visible()
    expect(page.get_by_text("Objective saved.")).to_be_visible()


def test_the_verdict_leads_to_the_failures(page: Page, address: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, address)
    page.get_by_role("link", name="See the 8 failed samples").click()
    expect(page).to_have_url(re.compile(r"/workflows/nightly/failures/\?from=now-7d"))


def test_where_slow_runs_spend_the_time_comes_into_view_and_a_proposal_is_one_click(
    page: Page, live_server: LiveServer, team: Team, complaints: list[str], open_signed_in: SignIn
) -> None:
    now, reports = timezone.now(), []
    for number in range(24 * 21):
        end = now - timedelta(hours=number, minutes=5)
        start = end - timedelta(seconds=90 if number % 9 == 0 else 10)
        visit = step(node="charge_card", external_system="payments.example", started_at=start, ended_at=end)
        reports.append(report(started_at=start, finished_at=end, steps=[visit]))
    store(team, *reports, now=now)
    build_all(now, team_id=team.id)
    open_signed_in(page, f"{live_server.url}/t/{team.slug}/workflows/nightly/?from=now-30d")
    page.get_by_role("heading", name="The average hides it").scroll_into_view_if_needed()
    page.get_by_role("link", name="Where slow runs spend the time").scroll_into_view_if_needed()
    expect(page.get_by_text("are in charge_card, waiting for payments.example.")).to_be_visible()
    page.get_by_text("Proposed objective:").click()
    page.get_by_role("button", name="Use this: 99.9% succeed").click()
    expect(page.get_by_text("Objective: 99.9% succeed")).to_be_visible()
    assert complaints == []


def test_charts_are_written_in_the_formats_of_the_reader(
    browser: Browser, address: str, open_signed_in: SignIn
) -> None:
    page = browser.new_context(locale="de-DE").new_page()
    open_signed_in(page, address)
    words = f"{drawn_chart(page, 'chart-latency')}.options.plugins.tooltip.callbacks"
    point = "{dataset: {label: 'p50'}, parsed: {y: 36200}, dataIndex: 0}"
    assert page.evaluate(f"{words}.label({point})") == " p50  36,2 s"
    # The names are those of the language of the page, in the order and with the signs of the reader.
    german = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d+\. [A-Z][a-z]+, \d\d:\d\d, \d")
    assert german.match(page.evaluate(f"{words}.title([{point}])"))
    page.get_by_text("owner@harbour.test").first.click()
    page.get_by_label("Numbers and dates").select_option("en-US")
    page.get_by_role("button", name="Write them this way").click()
    expect(page.locator("html")).to_have_attribute("data-formats", "en-US")
    american = re.compile(r"\w{3}, [A-Z][a-z]+ \d+, \d+:\d\d [AP]M, \d")
    chart = drawn_chart(page, "chart-latency")
    assert american.match(page.evaluate(f"{chart}.options.plugins.tooltip.callbacks.title([{point}])"))
    ticks = page.evaluate(f"{drawn_chart(page, 'chart-rate')}.scales.y.ticks.map((one) => one.label)")
    assert "100%" in ticks
    page.context.close()
