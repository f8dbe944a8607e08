"""The pages of channels and deliveries in a browser: adding one, tests that arrive and fail, every width."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from alerts.analysis.notices import NoticeKind
from alerts.models import AlertDelivery
from alerts.services.delivery import send_due
from tests.alerts.telling import channel, notice, send
from tests.browser.accessibility import accessible
from tests.browser.conftest import SignIn
from tests.receivers import Answer, receiving

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, team: Team, settings: Any) -> str:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)
    return f"{live_server.url}/t/{team.slug}/alerts/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark"), (320, "light")])
def test_a_channel_from_first_to_last(
    page: Page, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_signed_in(page, f"{address}channels/")
    page.get_by_role("link", name="Add a channel").click()
    accessible(page)
    page.get_by_role("link", name="Webhook One signed").click()
    with receiving() as receiver:
        page.get_by_label("Address that takes webhooks").fill(receiver.url)
        accessible(page)
        page.get_by_role("button", name="Add the channel").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Copy the signing secret now")
        accessible(page)
        page.get_by_role("link", name="I have copied it").click()
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("The test arrived")).to_be_visible()
        receiver.answer = lambda received, number: Answer(410, b"this hook was removed")
        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_text("The test did not arrive.")).to_be_visible()
    accessible(page)
    page.get_by_role("link", name="Test: the channel Webhook works").first.click()
    expect(page.get_by_text("the same on each try")).to_be_visible()
    accessible(page)
    page.goto(f"{address}channels/")
    accessible(page)
    page.get_by_role("link", name="Webhook").click()
    page.get_by_role("button", name="Remove the channel").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove the channel").click()
    expect(page.get_by_role("heading", name="Add the first channel")).to_be_visible()
    assert complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_what_was_given_up_is_sent_again(
    page: Page, team: Team, address: str, complaints: list[str], width: int, scheme: str, open_signed_in: SignIn
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    with team_context(team.id):
        one = channel(team, "Night shift", settings={"addresses": ["night@example.test"]}, kind="email")
    for kind in (NoticeKind.OPENED, NoticeKind.ACKNOWLEDGED, NoticeKind.RESOLVED):
        send(team, one, notice(kind, by="owner@harbour.test"))
    send_due(5.0)
    with team_context(team.id):
        AlertDelivery.objects.filter(kind="opened").update(status="failed", tries=4)
    open_signed_in(page, f"{address}deliveries/")
    expect(page.get_by_text("1 given up: nobody was told of it there")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Send 1 again").click()
    expect(page.get_by_text("1 is sent again within seconds.")).to_be_visible()
    page.goto(f"{address}channels/new/email/")
    accessible(page)
    assert complaints == []
