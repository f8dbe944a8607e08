"""From a failure to a release that is proved to help, and back: through the browser, on seeded runs.

Failures appear, a finding, an improvement, its release, recovery, "helped"; then it returns in a later release.
"""

import os
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.models import FailureGroup, ImprovementDue
from monitoring.services.findings import build_all
from monitoring.services.proofs import measure_due
from monitoring.windows import HOUR, floor_to
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn
from tests.monitoring.services.improving import report_all, runs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOUND = "Failures are concentrated in input type import"
TITLE = f"Fix: {FOUND}"
SHOTS = os.environ.get("IMPROVEMENT_SHOTS", "")


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                page.screenshot(path=f"{SHOTS}/{name}-{width}-{scheme}.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light")


def measure() -> None:
    """What the worker does every few seconds."""
    now = timezone.now()
    ImprovementDue.objects.update(due_at=now)
    measure_due(now, seconds=30)


def fits(page: Page) -> bool:
    page.set_viewport_size({"width": 390, "height": 844})
    found = sideways(page) <= 0
    page.set_viewport_size({"width": 1440, "height": 900})
    return found


def test_from_failure_to_helped_and_back(
    page: Page, live_server: Any, team: Team, open_signed_in: SignIn, complaints: list[str]
) -> None:
    now = timezone.now()
    live_at = floor_to(now, HOUR) - timedelta(hours=30)
    base = f"{live_server.url}/t/{team.slug}"
    page.set_viewport_size({"width": 1440, "height": 900})
    report_all(team, runs(live_at - timedelta(days=9), 9 * 24, "41", failing=1, per_hour=5), now)
    open_signed_in(page, f"{base}/improvements/")
    expect(page.get_by_text("No improvement yet")).to_be_visible()
    shoot(page, "empty")
    plan_it(page, team, base, live_at)
    # Its release goes live; at first it is too early to tell.
    report_all(team, runs(live_at, 5, "42", failing=0, per_hour=5), now)
    release_it(page)
    # Recovery: it closes itself.
    report_all(team, runs(live_at + 5 * HOUR, 18, "42", failing=0, per_hour=5), now)
    see_it_helped(page)
    # The failure returns in a later release: the improvement reopens and names it.
    report_all(team, runs(live_at + 25 * HOUR, 2, "43", failing=1, per_hour=5), now)
    see_it_reopened(page, base)
    assert complaints == []


def plan_it(page: Page, team: Team, base: str, live_at: datetime) -> None:
    """The failures are seen, and an improvement is planned from the finding about them."""
    with team_context(team.id):
        group = FailureGroup.objects.get()
    build_all(timezone.now(), team_id=team.id)
    page.goto(f"{base}/groups/{group.id}/")
    expect(page.get_by_text("No change planned yet")).to_be_visible()
    expect(page.get_by_role("link", name="Plan an improvement")).to_be_visible()
    page.goto(f"{base}/findings/")
    page.get_by_role("link", name=FOUND).first.click()
    page.get_by_role("link", name="Plan an improvement").click()
    expect(page.get_by_label("Title")).to_have_value(TITLE)
    expect(page.get_by_text("Failures in the last 7 days")).to_be_visible()
    page.get_by_label("What will be changed").fill("Skip leads without a company instead of failing.")
    page.get_by_label("By how much").fill("80")
    page.get_by_label("Links, one a line").fill("https://git.example/leads/pull/42")
    shoot(page, "form")
    assert fits(page)
    page.get_by_role("button", name="Plan the improvement").click()
    expect(page.get_by_text("Not released yet.")).to_be_visible()


def release_it(page: Page) -> None:
    """Set released by hand, measured, and too early to tell."""
    page.get_by_label("Release that carries it").fill("42")
    page.get_by_role("button", name="Set released").click()
    expect(page.get_by_text("It is measured within seconds.")).to_be_visible()
    measure()
    page.reload()
    expect(page.get_by_text("Cannot tell yet", exact=True)).to_be_visible()
    expect(page.get_by_text("more runs needed. At the present volume about")).to_be_visible()
    shoot(page, "early")


def see_it_helped(page: Page) -> None:
    """It closed itself, with its figures; somebody comments."""
    measure()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    proof = page.get_by_role("region", name="Before and after")
    expect(proof.get_by_text("Helped", exact=True)).to_be_visible()
    expect(proof).to_contain_text("20.0%")
    expect(proof).to_contain_text("−20.0 points")
    page.get_by_label("Comment", exact=True).fill("Thanks to all who looked at it.")
    page.get_by_role("button", name="Add comment").click()
    expect(page.get_by_text("Thanks to all who looked at it.")).to_be_visible()
    shoot(page, "helped")
    assert fits(page)


def see_it_reopened(page: Page, base: str) -> None:
    """It names the release that brought the failure back, and the rail of the workflow leads to it."""
    measure()
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("Back in release 43")
    expect(page.get_by_text("reopened it: the failure group is back in release 43")).to_be_visible()
    shoot(page, "reopened")
    page.goto(f"{base}/workflows/lead-qualification/")
    page.get_by_role("link", name="Improve 1 reopened").click()
    expect(page.get_by_role("heading", name="Improvements", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Reopened 1")).to_be_visible()
    shoot(page, "list")
    assert fits(page)


def test_the_issue_tracker_is_set_up(
    page: Page, live_server: Any, team: Team, open_signed_in: SignIn, complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    open_signed_in(page, f"{live_server.url}/t/{team.slug}/improvements/tracker/")
    page.get_by_label("Address that takes webhooks").fill("https://issues.example/hook")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Copy this now: it is shown once")).to_be_visible()
    expect(page.get_by_role("group", name="secret")).to_contain_text("whsec_")
    shoot(page, "tracker")
    assert fits(page)
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Remove the issue tracker").click()
    expect(page.get_by_text("Improvements are not pushed anywhere yet")).to_be_visible()
    assert complaints == []
