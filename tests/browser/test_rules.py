"""Making a rule in a real browser: its fields, its rehearsal, another threshold, saved; nonsense is refused."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from monitoring.statuses import Status
from monitoring.windows import HOUR, floor_to
from tests.factories import report, store

# Machines that run tests are busy.
expect.set_options(timeout=20_000)
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def outages(team) -> None:
    """Runs of a month with an outage each three days, in which more and more fail."""
    now = floor_to(timezone.now(), HOUR)
    reports = []
    for days in range(1, 28):
        for number in range(60):
            at = now - timedelta(days=days) + number * timedelta(minutes=1)
            is_failure = days % 3 == 0 and 20 <= number < 40 and number % (1 + days // 6) == 0
            status = Status.FAILED if is_failure else Status.SUCCEEDED
            reports.append(
                report(workflow="checkout", status=status, started_at=at - timedelta(seconds=4), finished_at=at)
            )
    store(team, *reports, now=timezone.now())


def test_a_rule_is_made_with_its_rehearsal(live_server, page: Page, team, outages, open_signed_in, complaints) -> None:
    open_signed_in(page, f"{live_server.url}/t/{team.slug}/alerts/rules/")
    expect(page.get_by_text("No rule yet")).to_be_visible()
    page.get_by_role("link", name="New rule").click()
    page.wait_for_url("**/rules/new/", wait_until="load")
    page.get_by_label("Metric").select_option("missed_schedule")
    expect(page.get_by_label("Cron expression")).to_be_visible()
    expect(page.get_by_label("In a window of")).to_have_count(0)
    page.get_by_label("Metric").select_option("error_rate")
    expect(page.get_by_label("In a window of")).to_be_visible()
    page.get_by_label("Workflow").select_option("checkout")
    page.get_by_label("In a window of").select_option("600")
    page.get_by_label("With at least this many runs").fill("5")

    page.get_by_label("Threshold (%)").fill("250")
    page.get_by_role("button", name="Rehearse").click()
    expect(page.get_by_role("alert")).to_contain_text("Threshold must be between 0% and 100%")
    expect(page.get_by_label("Threshold (%)")).to_have_value("250")

    page.get_by_label("Threshold (%)").fill("5")
    page.get_by_role("button", name="Rehearse").click()
    answer = page.locator("#rehearsed-rule .answer")
    expect(answer).to_contain_text(re.compile(r"It would have fired \d+ times in the last 30 days"))
    noisy = int(re.search(r"fired (\d+) times", answer.inner_text())[1])
    expect(page.locator("canvas[data-chart=rehearsed]")).to_have_attribute("role", "img")
    assert (
        page.evaluate("Chart.getChart(document.querySelector('canvas[data-chart=rehearsed]')).data.datasets.length")
        == 1
    )

    page.get_by_label("Threshold (%)").fill("45")
    page.get_by_role("button", name="Rehearse").click()
    expect(answer).to_contain_text(re.compile(r"It would have fired (once|\d+ times)"))
    quiet = re.search(r"fired (\d+) times", answer.inner_text())
    assert int(quiet[1] if quiet else 1) < noisy
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Error rate above 45% in 10 minutes")
    page.get_by_role("link", name="Rehearse the last 30 days").click()
    expect(page.locator("#rehearsed-rule .answer")).to_contain_text("It would have fired")

    page.get_by_role("link", name="Change").click()
    page.get_by_label("Threshold (%)").fill("5")
    page.get_by_role("button", name="Rehearse").click()
    expect(page.get_by_text("As it is", exact=True)).to_be_visible()
    expect(page.get_by_text("As it would be", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save the change").click()
    expect(page.locator(".answer")).to_contain_text("Error rate above 5% in 10 minutes")
    # Chromium says of each refused form that its answer was 422.
    assert [text for text in complaints if "422" not in text] == []


def test_it_works_without_scripts(live_server, browser, team, outages, open_signed_in) -> None:
    with browser.new_context(locale="en-GB", java_script_enabled=False) as context:
        page = context.new_page()
        open_signed_in(page, f"{live_server.url}/t/{team.slug}/alerts/rules/new/?workflow=checkout")
        page.get_by_label("Metric").select_option("last_success")
        page.get_by_role("button", name="Use", exact=True).click()
        expect(page.get_by_label("Threshold (s)")).to_have_value("86400")
        page.get_by_label("Metric").select_option("error_rate")
        page.get_by_role("button", name="Use", exact=True).click()
        page.get_by_role("button", name="Rehearse").click()
        page.get_by_role("link", name="Open it on a page of its own").click()
        expect(page.locator(".answer")).to_contain_text("last 30 days")
        page.get_by_role("link", name="Change or save it").click()
        page.get_by_role("button", name="Save the rule").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Error rate above 5%")
