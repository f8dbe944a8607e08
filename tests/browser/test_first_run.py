"""From an empty installation to the replay of the first execution, by mouse and by keyboard; the sample; the tail."""

import re
import subprocess
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as kept
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import Failure, LogReport
from ingestion.services import sample_jobs
from ingestion.sources import forget_sources
from monitoring.models import Workflow
from monitoring.statuses import Status
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.factories import report, send

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSPHRASE = "a long enough phrase"
LOOKS = [(1440, "light"), (390, "dark")]


@pytest.fixture
def base(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the installation answers, as its snippets say."""
    monkeypatch.setattr(kept, "BASE_URL", live_server.url)
    forget_sources()
    return live_server.url


def dress(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")


def paste(text: str, *, is_refused: bool = False) -> None:
    """What somebody copied, in a terminal."""
    done = subprocess.run(["sh", "-c", text], check=False, capture_output=True, timeout=30)
    assert (done.returncode != 0) == is_refused


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_from_signing_up_to_the_replay_by_mouse(
    page: Page, base: str, complaints: list[str], width: int, scheme: str, tmp_path: Path
) -> None:
    dress(page, width, scheme)
    page.goto(f"{base}/sign-up/")
    page.get_by_label("E-mail").fill("new@harbour.test")
    page.get_by_label("Password", exact=False).first.fill(PASSPHRASE)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Name your team")
    accessible(page)
    page.get_by_label("Name of the team").fill("Harbour")
    page.get_by_role("button", name="Make the team").click()
    page.wait_for_url("**/t/harbour/start/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Send your first execution")
    accessible(page)
    page.screenshot(path=tmp_path / f"start-{width}-{scheme}.png", full_page=True)
    page.get_by_role("link", name="OpenTelemetry JS").click()
    expect(page.get_by_role("heading", name="OpenTelemetry for Node.js")).to_be_visible()
    expect(page.get_by_role("heading", name="curl or any HTTP client")).to_be_hidden()
    page.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("it is shown this once, here and in the snippets below")).to_be_visible()
    # Still the same tab, and the key is in no address.
    expect(page.get_by_role("heading", name="OpenTelemetry for Node.js")).to_be_visible()
    key = page.locator("#first-key").inner_text()
    assert key not in page.url
    accessible(page)
    page.screenshot(path=tmp_path / f"key-{width}-{scheme}.png", full_page=True)
    page.get_by_role("link", name="curl", exact=True).click()
    command = page.locator("#curl-0").inner_text()
    assert key in command
    paste(
        command.replace('"status": "succeeded"', '"status": "succeeded", "started_at": "yesterday"', 1), is_refused=True
    )
    expect(page.get_by_text("field started_at")).to_be_visible()
    accessible(page)
    page.screenshot(path=tmp_path / f"refused-{width}-{scheme}.png", full_page=True)
    paste(command)
    page.wait_for_url("**/executions/*/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("first-1")
    assert complaints == []


def press_to(page: Page, wanted: Locator, most: int = 120) -> None:
    """Tab by tab to an element, as somebody without a mouse gets there."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{wanted} is not reached by the keyboard")


def test_from_signing_up_to_the_replay_by_keyboard_alone(page: Page, base: str, complaints: list[str]) -> None:
    page.goto(f"{base}/sign-up/")
    press_to(page, page.get_by_label("E-mail"))
    page.keyboard.type("new@harbour.test")
    press_to(page, page.locator("input[type=password]").first)
    page.keyboard.type(PASSPHRASE)
    page.keyboard.press("Enter")
    press_to(page, page.get_by_label("Name of the team"))
    page.keyboard.type("Harbour")
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/harbour/start/")
    press_to(page, page.get_by_role("button", name="Make a key"))
    page.keyboard.press("Enter")
    expect(page.locator("#first-key")).to_be_visible()
    press_to(page, page.get_by_role("link", name="cron", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cron or any scheduler")).to_be_visible()
    press_to(page, page.get_by_role("link", name="curl", exact=True))
    page.keyboard.press("Enter")
    press_to(page, page.locator("#curl-0"))
    pause = page.get_by_role("button", name="Pause")
    press_to(page, pause)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Paused: not looking")).to_be_visible()
    paste(page.locator("#curl-0").inner_text())
    page.wait_for_timeout(2_500)
    assert page.url.endswith("/start/#curl")
    page.keyboard.press("Enter")
    page.wait_for_url("**/executions/*/")
    assert complaints == []


def worked(page: Page, begun: Callable[[], None]) -> None:
    """What a click asked for is done by the worker, while the page looks."""
    begun()
    expect(page.get_by_role("progressbar")).to_be_visible()
    worker = threading.Thread(target=_work)
    worker.start()
    worker.join(120)


def _work() -> None:
    from django.db import connection

    try:
        while sample_jobs.work_due(timezone.now(), seconds=60):
            pass
    finally:
        connection.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_sample_comes_and_goes_by_one_click(
    page: Page,
    base: str,
    team: Team,
    complaints: list[str],
    width: int,
    scheme: str,
    open_signed_in: SignIn,
    tmp_path: Path,
) -> None:
    dress(page, width, scheme)
    open_signed_in(page, f"{base}/t/{team.slug}/start/")
    worked(page, page.get_by_role("button", name="Load sample data").click)
    expect(page.get_by_text("It is in this team.")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("region", name="Sample data").first).to_be_visible()
    accessible(page)
    page.screenshot(path=tmp_path / f"sample-{width}-{scheme}.png", full_page=True)
    page.get_by_role("link", name="Look around").click()
    expect(page.get_by_text("airline-support (sample)").first).to_be_visible()
    expect(page.get_by_text("This team holds sample data.")).to_be_visible()
    accessible(page)
    page.get_by_role("region", name="Sample data").get_by_role("link").click()
    page.get_by_role("button", name="Remove sample data").click()
    worked(page, page.get_by_role("dialog").get_by_role("button", name="Remove the sample").click)
    expect(page.get_by_role("button", name="Load sample data")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("This team holds sample data.")).to_be_hidden()
    with team_context(team.id):
        assert not Workflow.objects.exists()
    assert complaints == []


def ran(team: Team, name: str, status: Status = Status.FAILED) -> None:
    now = timezone.now()
    line = LogReport(at=now - timedelta(seconds=1), level="warning", message=f"line of {name}")
    told = {"started_at": now - timedelta(seconds=9), "finished_at": now - timedelta(seconds=2)}
    with team_context(team.id):
        about = report(id=name, workflow="Lead", status=status, error=Failure(message="boom"), logs=[line], **told)
        send(team, about, now=now)


def exported_and_narrowed(page: Page, rows: Locator) -> None:
    """The eight rows as a file, then one line of them, which leads to its replay."""
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert len(Path(download.value.path()).read_text().splitlines()) == 9
    page.get_by_label("Show").select_option("lines")
    page.get_by_label("Text", exact=True).fill("of two")
    page.get_by_role("button", name="Follow this").click()
    expect(rows).to_have_count(1)
    assert re.search(r"\?show=lines&q=of\+two$", page.url)
    rows.first.get_by_role("link", name="two").click()
    page.wait_for_url("**/executions/*/")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_tail_follows_and_moves_nothing_while_somebody_reads(
    page: Page,
    base: str,
    team: Team,
    complaints: list[str],
    width: int,
    scheme: str,
    open_signed_in: SignIn,
    tmp_path: Path,
) -> None:
    dress(page, width, scheme)
    ran(team, "one")
    open_signed_in(page, f"{base}/t/{team.slug}/tail/")
    rows, show = page.locator("[data-tail-rows] tr"), page.locator("[data-tail-show]")
    expect(page.locator("[data-tail-text]")).to_have_text("Following")
    expect(rows).to_have_count(2)
    accessible(page)
    page.mouse.move(2, 2)
    ran(team, "two")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("two")
    page.screenshot(path=tmp_path / f"tail-{width}-{scheme}.png", full_page=True)
    # Under the pointer, and while a row has the focus, nothing moves.
    rows.first.hover()
    ran(team, "three")
    expect(show).to_have_text("2 new, show")
    expect(rows).to_have_count(4)
    accessible(page)
    page.keyboard.press("j")
    page.mouse.move(2, 2)
    page.wait_for_timeout(2_500)
    expect(rows).to_have_count(4)
    show.click()
    expect(rows).to_have_count(6)
    expect(show).to_be_hidden()
    page.get_by_role("button", name="Pause").click()
    ran(team, "four")
    page.wait_for_timeout(2_500)
    expect(rows).to_have_count(6)
    page.mouse.move(2, 2)
    page.get_by_role("button", name="Resume").click()
    expect(rows).to_have_count(8)
    exported_and_narrowed(page, rows)
    assert complaints == []


def test_without_scripts_all_of_it_is_read_again(
    browser: object, base: str, team: Team, owner: object, owner_client: object
) -> None:
    context = browser.new_context(locale="en-GB", java_script_enabled=False)  # type: ignore[attr-defined]
    cookie = owner_client.cookies["sessionid"]  # type: ignore[attr-defined]
    context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": base}])
    page = context.new_page()
    page.goto(f"{base}/t/{team.slug}/start/")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("link", name="Python logger").click()
    expect(page.get_by_role("heading", name="Python logging")).to_be_visible()
    expect(page.get_by_role("heading", name="curl or any HTTP client")).to_be_hidden()
    assert page.locator("#first-key").inner_text() in page.locator("#python-logging-1").inner_text()
    ran(team, "one")
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("link", name="Open the replay of it")).to_be_visible()
    page.goto(f"{base}/t/{team.slug}/tail/")
    expect(page.locator("[data-tail-rows] tr")).to_have_count(2)
    ran(team, "two")
    page.get_by_role("link", name="Read again").click()
    expect(page.locator("[data-tail-rows] tr")).to_have_count(4)
    context.close()
