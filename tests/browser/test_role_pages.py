"""The role pages in a browser: each in both themes and on a phone, by keyboard, exports, and one page of paper."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import Failure
from monitoring.identity import workflow_id
from monitoring.models import Workflow
from monitoring.services.improvements import Wanted, plan_improvement
from monitoring.statuses import Status
from tests.alerts.opening import breach, opened, rule
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.factories import report, step, store
from tests.monitoring.released import store_release

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "Leads that came by the form of the partner's site, checked, enriched and handed to sales, second version, "
LONG += "with what the partner of the partner added by hand, and without what nobody in sales ever read"


@pytest.fixture
def pages(live_server: LiveServer, team: Team) -> str:
    """A release that got worse, six workflows that fail, a run that takes long, six open improvements, an incident."""
    now = timezone.now()
    store_release(team, "v1", 100, 1, ago=timedelta(days=3), now=now)
    store_release(team, "v2", 100, 30, now=now)
    names = [LONG, *(f"workflow {number}" for number in range(5))]
    lost = Failure(
        type="KeyError", message="the company is missing in what the partner's form sent, so nothing can be scored"
    )
    told = []
    for name in names:
        for number in range(60):
            end = now - timedelta(hours=number + 1)
            status = Status.FAILED if number < 20 else Status.SUCCEEDED
            error = lost if number < 20 else None
            times = {"started_at": end - timedelta(seconds=30), "finished_at": end}
            parts = [step(id="s", node="score", status=status, error=error, started_at=end, ended_at=end)]
            told.append(report(workflow=name, status=status, error=error, steps=parts, **times))
    began = {"started_at": now - timedelta(minutes=5), "finished_at": None}
    store(team, *told, report(id="long one", workflow=LONG, status=Status.RUNNING, **began), now=now)
    with team_context(team.id):
        Workflow.objects.update(objective_success_rate=0.95, objective_p95_ms=60_000)
        Workflow.objects.filter(name=LONG).update(schedule="*/10 * * * *", schedule_zone="UTC")
        for name in names:
            what = {"kind": "node_design", "metric": "failure_rate", "expected_change": -0.5}
            wanted = Wanted(workflow_id=workflow_id(team.id, name), title=f"Ask again: {name}", **what)
            plan_improvement(team_id=team.id, wanted=wanted, by="a key", now=now)
        about = Workflow.objects.get(name=LONG)
        opened(team, breach(rule(team), about, since=now - timedelta(minutes=9)), now=now - timedelta(minutes=5))
    return f"{live_server.url}/t/{team.slug}/"


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark"), (320, "light")]
)
def test_each_page_is_accessible_and_fits(
    page: Page, pages: str, complaints: list[str], open_signed_in: SignIn, width: int, scheme: str
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, f"{pages}development/")
    expect(page.get_by_role("heading", name="Release v2 of nightly is worse than v1.")).to_be_visible()
    accessible(page)
    page.goto(f"{pages}executive/")
    expect(page.get_by_role("heading", name="No: 7 of 7 workflows are not stable.")).to_be_visible()
    accessible(page)
    page.goto(f"{pages}operations/")
    expect(page.get_by_role("cell", name=re.compile("its usual p95"))).to_be_visible()
    accessible(page)
    assert complaints == []


def test_the_executive_page_prints_on_one_page(page: Page, pages: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, f"{pages}executive/")
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print or save PDF")).to_be_hidden()
    expect(page.get_by_text("Made ")).to_be_visible()
    for size in ("A4", "Letter"):
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=size))) == 1, size


def test_the_pages_work_by_keyboard_alone(
    page: Page, pages: str, complaints: list[str], open_signed_in: SignIn
) -> None:
    open_signed_in(page, f"{pages}workflows/")
    for keys, address in (("d", "development"), ("v", "executive"), ("o", "operations")):
        page.keyboard.press("g")
        page.keyboard.press(keys)
        page.wait_for_url(f"**/{address}/")
    pause = page.get_by_role("button", name="Pause")
    pause.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Resume")).to_have_attribute("aria-pressed", "true")
    page.locator("body").press("j")
    expect(page.locator("[data-row]:focus")).to_have_count(1)
    page.goto(f"{pages}development/")
    page.locator("body").press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/releases/compare/**")
    assert complaints == []


def test_a_workflow_is_chosen_and_its_table_exported(page: Page, pages: str, open_signed_in: SignIn) -> None:
    open_signed_in(page, f"{pages}development/")
    page.get_by_text("Add filter").click()
    page.get_by_label("Workflow").select_option("nightly")
    page.get_by_role("button", name="Apply filters").click()
    page.wait_for_url("**workflow=nightly**")
    card = page.get_by_role("region", name="Failing nodes")
    expect(card.get_by_role("row")).to_have_count(3)
    with page.expect_download() as download:
        card.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename == "development-failing.csv"
    page.get_by_role("link", name="Clear filters").click()
    expect(card.get_by_role("row")).not_to_have_count(3)
