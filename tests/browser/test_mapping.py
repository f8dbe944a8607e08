"""The mapping page in a browser: it is tried while it is typed, and fits a phone."""

import json
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.kinds import SourceKind
from ingestion.models import Source
from ingestion.services.deliveries import receive
from ingestion.services.sources import create_source
from ingestion.sources import info_of
from tests.browser.accessibility import sideways
from tests.browser.conftest import SignIn

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
EVENT = {
    "type": "job.finished",
    "pipeline": "Invoices to ledger",
    "jobs": [
        {"no": 4711, "state": "error", "began": "2026-11-04T10:00:00Z", "why": "429 Too Many Requests"},
        {"no": 4712, "state": "ok", "began": "2026-11-04T10:01:00Z"},
    ],
}


@pytest.fixture
def source(team: Team) -> Source:
    """A webhook source without a mapping, to which one delivery came."""
    with team_context(team.id):
        source = create_source(team=team, kind=SourceKind.GENERIC, name="Back office").source
    body = json.dumps(EVENT).encode()
    receive(info_of(source), headers={}, body=body, content_type="application/json", now=timezone.now())
    return source


def address(live_server: Any, source: Source, part: str) -> str:
    return f"{live_server.url}/t/{source.team.slug}/sources/{source.id}/{part}"


def test_a_mapping_is_tried_while_it_is_typed_and_saved(
    page: Page, live_server: Any, source: Source, open_signed_in: SignIn, complaints: list[str]
) -> None:
    open_signed_in(page, address(live_server, source, "mapping/"))
    tried = page.locator("#tried")
    page.get_by_label("items", exact=True).fill("jobs")
    page.get_by_label("id", exact=True).fill("no")
    expect(tried).to_contain_text("2 items")
    page.get_by_label("workflow", exact=True).fill("_body.pipeline")
    page.get_by_label("status", exact=True).fill("state")
    page.get_by_label("error.message", exact=True).fill("why")
    expect(tried).to_contain_text('"429 Too Many Requests"')
    page.get_by_label("started_at", exact=True).fill("why[")
    expect(tried).to_contain_text("is not a JMESPath expression")
    page.get_by_label("started_at", exact=True).fill("began")
    expect(tried).to_contain_text('"2026-11-04T10:00:00Z"')
    page.get_by_role("button", name="Save mapping").click()
    expect(page.get_by_role("button", name="Process the 1 kept again")).to_be_visible()
    page.goto(address(live_server, source, "deliveries/"))
    page.get_by_role("link", name="job.finished").click()
    page.get_by_role("button", name="Process again").click()
    expect(page.get_by_role("link", name="4711")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize("part", ["mapping/?recipe=temporal", "deliveries/"])
def test_nothing_scrolls_sideways_on_a_phone(
    page: Page, live_server: Any, source: Source, open_signed_in: SignIn, part: str
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_signed_in(page, address(live_server, source, part))
    assert sideways(page) <= 0
