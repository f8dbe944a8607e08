"""The pages of personal data, audit stream, a key and usage in a browser: at every width, without complaints."""

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.audit import record
from accounts.models import ApiKey, KeyDay, Team
from accounts.tenancy import team_context
from ingestion.services.personal_data_runs import work_due
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.factories import report, store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDTHS = pytest.mark.parametrize("width", [1440, 390])


def shown(page: Page, width: int) -> None:
    """Light at the desk, dark on a phone."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if width < 500 else "light")


def settled(page: Page) -> None:
    """The page asks for news by itself, and loads anew once there are none to come."""
    expect(page.locator("[data-poll]")).to_have_count(0, timeout=30_000)
    page.wait_for_load_state()


@WIDTHS
def test_somebody_is_looked_for_exported_and_deleted(
    page: Page,
    live_server: LiveServer,
    team: Team,
    complaints: list[str],
    width: int,
    open_signed_in: SignIn,
    tmp_path: Path,
    settings: object,
) -> None:
    settings.EXPORTS_FOLDER = tmp_path / "exports"  # type: ignore[attr-defined]
    store(team, report(id="a", input={"who": "ada@mail.example"}), report(id="b", input={"who": "bob"}))
    shown(page, width)
    open_signed_in(page, f"{live_server.url}/t/{team.slug}/settings/personal-data/")
    accessible(page)
    page.get_by_label("Value, such as").fill("ada@mail.example")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_text("Waiting")).to_be_visible()
    work_due(timezone.now(), seconds=30)
    settled(page)
    expect(page.get_by_text("1 execution, 0 webhook deliveries")).to_be_visible()
    accessible(page)
    page.screenshot(path=tmp_path / f"personal-data-{width}.png", full_page=True)
    page.get_by_role("button", name="Export").click()
    work_due(timezone.now(), seconds=30)
    settled(page)
    expect(page.get_by_role("link", name="ZIP,")).to_be_visible()
    page.get_by_label("Type 1 to delete").fill("1")
    page.get_by_role("button", name="Delete for good").click()
    work_due(timezone.now(), seconds=30)
    settled(page)
    expect(page.get_by_role("link", name="Deletion")).to_be_visible()
    accessible(page)
    assert complaints == []


@WIDTHS
def test_the_audit_log_is_pushed_and_keys_are_limited(
    page: Page,
    live_server: LiveServer,
    team: Team,
    complaints: list[str],
    width: int,
    open_signed_in: SignIn,
    tmp_path: Path,
) -> None:
    key = ApiKey.objects.get(team=team)
    with team_context(team.id):
        record("budget.changed", ("budget", 1, "Budget"))
        KeyDay.objects.create(key_id=key.id, day=timezone.now().date(), read_count=1_234, refused_count=7)
    shown(page, width)
    open_signed_in(page, f"{live_server.url}/t/{team.slug}/settings/audit/")
    page.get_by_role("link", name="Push to a SIEM").click()
    page.get_by_label("Address that takes webhooks").fill("https://siem.example/in")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Copy this now")).to_be_visible()
    accessible(page)
    page.screenshot(path=tmp_path / f"audit-stream-{width}.png", full_page=True)
    page.goto(f"{live_server.url}/t/{team.slug}/settings/keys/{key.id}/")
    page.get_by_label("Requests a second").fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Limits saved.")).to_be_visible()
    accessible(page)
    page.screenshot(path=tmp_path / f"key-{width}.png", full_page=True)
    page.goto(f"{live_server.url}/t/{team.slug}/settings/usage/")
    expect(page.get_by_role("heading", name="By key")).to_be_visible()
    accessible(page)
    page.screenshot(path=tmp_path / f"usage-{width}.png", full_page=True)
    assert complaints == []
