"""Incidents in a browser: from Operations to an incident, acknowledged and noted; without a script, and on phones."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from alerts.models import Incident, Silence
from ingestion.records import Failure
from monitoring.models import Workflow
from monitoring.statuses import Status
from tests.alerts.opening import breach, opened, route, rule, workflow
from tests.alerts.telling import channel
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.factories import report, step, store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SYSTEM = "api.payments.example"
ERROR = Failure(message="payment refused")


def failing(team: Team, name: str, runs: int = 6) -> None:
    """Runs of a workflow in the last two hours; the last ones failed at the external system."""
    now = timezone.now()
    told = []
    for number in range(40):
        end = now - timedelta(minutes=3 * number + 1)
        bad = number < runs
        status = Status.FAILED if bad else Status.SUCCEEDED
        call = step(
            id=f"{name}-{number}",
            node="charge_card",
            status=status,
            external_system=SYSTEM,
            error=ERROR if bad else None,
            started_at=end - timedelta(seconds=20),
            ended_at=end,
        )
        times = {"started_at": end - timedelta(seconds=30), "finished_at": end}
        told.append(report(workflow=name, status=status, error=ERROR if bad else None, steps=[call], **times))
    store(team, *told, now=now)


@pytest.fixture
def pages(live_server: LiveServer, team: Team) -> str:
    """A team whose payments fail in three workflows, with one that is slow besides, a route and a silence."""
    for name in ("checkout", "refund", "invoice"):
        failing(team, name)
    store(team, report(workflow="nightly", status=Status.RUNNING, started_at=timezone.now(), finished_at=None))
    with team_context(team.id):
        now = timezone.now()
        mail, hook = channel(team, "E-mail to owners"), channel(team, "On-call phone")
        quiet = {"zone": "Europe/Berlin", "from": "22:00", "to": "22:05", "days": [0], "severities": ["info"]}
        route(team, (mail, 0), (hook, 15), name="Payments", matchers={"workflow": ["checkout"]}, quiet_hours=quiet)
        route(team, (mail, 0), name="Everything")
        rate = rule(team, name="High error rate", text="Look at the status page of the bank first.")
        slow = rule(team, "duration_p95", name="Slow", severity="warning", threshold=30_000)
        since = now - timedelta(minutes=12)
        about = [*Workflow.objects.filter(name__in=("checkout", "refund", "invoice")).order_by("name")]
        opened(team, *(breach(rate, one, since=since) for one in about), now=now - timedelta(minutes=9))
        late = breach(slow, workflow(team, "leads"), since=since, value=48_200.0, limit=30_000.0)
        opened(team, late, now=now - timedelta(minutes=6))
        times = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=5)}
        Silence.objects.create(team=team, reason="New bank", matchers={"workflow": ["refund"]}, **times)
    return f"{live_server.url}/t/{team.slug}/"


def test_from_operations_to_an_incident_that_is_acknowledged(
    page: Page, pages: str, complaints: list[str], open_signed_in: SignIn
) -> None:
    open_signed_in(page, f"{pages}operations/")
    expect(page.get_by_role("heading", name="2 incidents nobody has acknowledged")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Open the worst one").click()
    expect(page.get_by_role("heading", level=1, name=f"{SYSTEM} fails: 3 workflows")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged. Nobody else is told of it.")).to_be_visible()
    page.get_by_label("Note").fill("The bank knows.")
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("The bank knows.")).to_be_visible()
    page.get_by_role("link", name="Error rate 12.4% of checkout").click()
    expect(page.locator("canvas")).to_be_visible()
    page.get_by_role("link", name="See what the failures share").click()
    expect(page).to_have_url(re.compile("/workflows/checkout/failures/"))
    assert complaints == []


def test_new_incidents_are_told_by_the_status_line(
    page: Page, team: Team, pages: str, complaints: list[str], open_signed_in: SignIn
) -> None:
    open_signed_in(page, f"{pages}operations/")
    with team_context(team.id):
        opened(team, breach(rule(team), workflow(team, "another")), now=timezone.now() + timedelta(seconds=1))
    expect(page.locator("[data-live-text]")).to_contain_text("1 new incident", timeout=15_000)
    page.locator("[data-live-show]").click()
    expect(page.get_by_role("heading", name="3 incidents nobody has acknowledged")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("width", [320, 390])
def test_pages_fit_a_phone_without_a_script(browser: Browser, pages: str, open_signed_in: SignIn, width: int) -> None:
    context = browser.new_context(locale="en-GB", viewport={"width": width, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    open_signed_in(page, f"{pages}incidents/")
    with team_context(Team.objects.get(slug="harbour").id):
        lead = Incident.objects.get(rule__isnull=True)
    names = (
        *("operations/", "incidents/", f"incidents/{lead.id}/", "alerts/routes/", "alerts/routes/new/"),
        *("alerts/silences/", "settings/groups/"),
    )
    for name in names:
        page.goto(f"{pages}{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        wide = page.locator("html").bounding_box()
        assert wide is not None
        assert wide["width"] <= width, name
    page.goto(f"{pages}incidents/{lead.id}/")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("looks after it")).to_be_visible()
    context.close()
