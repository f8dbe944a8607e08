"""The weekly review in a browser: roles, weeks, exports, paper, phones, and stopping the e-mail."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Membership, Team, User
from monitoring.services.review_letter import unsubscribe_url
from monitoring.weeks import week_of
from tests.browser.accessibility import accessible, sideways
from tests.browser.conftest import SignIn
from tests.factories import store
from tests.monitoring.reviewing import runs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team) -> str:
    """The review of the last whole week, in which `Lead` got worse."""
    now = timezone.now()
    week = week_of(now).previous
    told = [*runs("Lead", week.start - timedelta(days=7), 100, 2), *runs("Lead", week.start, 100, 20)]
    store(team, *told, now=now)
    return f"{live_server.url}/t/{team.slug}/review/"


def test_a_member_reads_another_roles_review_and_goes_back_a_week(
    page: Page, address: str, complaints: list[str], open_signed_in: SignIn
) -> None:
    open_signed_in(page, address)
    expect(page.get_by_role("heading", name="1 workflow got worse")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Finance").click()
    expect(page.get_by_role("heading", name="What it cost by workflow")).to_be_visible()
    expect(page.get_by_role("heading", name="Failure groups")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert download.value.suggested_filename.endswith("-cost.csv")
    page.get_by_role("link", name="Week before").click()
    expect(page.get_by_role("heading", name="It cost $2.08")).to_be_visible()
    assert complaints == []


def test_it_prints_without_navigation_and_fits_a_phone(page: Page, address: str, open_signed_in: SignIn) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_signed_in(page, address)
    assert sideways(page) <= 0
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.get_by_role("navigation", name="Weeks")).to_be_hidden()
    expect(page.get_by_role("heading", name="By e-mail")).to_be_hidden()
    expect(page.get_by_text("Made ")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).colorScheme || 'light'") != "dark"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_link_of_an_e_mail_stops_it(page: Page, live_server: LiveServer, team: Team, owner: User, settings) -> None:
    settings.BASE_URL = live_server.url
    member = Membership.objects.get(team=team, user=owner)
    page.goto(unsubscribe_url(member.id))
    page.get_by_role("button", name="Stop these e-mails").click()
    expect(page.get_by_text("is not e-mailed to you any more")).to_be_visible()
    member.refresh_from_db()
    assert not member.gets_review
