"""The administration in a browser: its pages at every width, and a team seen as one of its members."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team, User
from tests.browser.accessibility import accessible, sideways
from tests.config.administration.filling import fill
from tests.people import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = (
    *("", "given-up/", "accounts/team/", "accounts/user/", "accounts/apikey/", "accounts/impersonation/"),
    *("accounts/installationevent/", "ingestion/delivery/?team={team}", "monitoring/retentionrun/?team={team}"),
    *("accounts/team/{team}/change/", "accounts/team/{team}/act/suspend/", "accounts/user/{user}/change/"),
)


def fits(page: Page) -> None:
    """Nothing is wider than the window."""
    assert sideways(page) <= 0, page.url


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_pages_fit_and_a_team_is_seen_as_its_member(
    page: Page,
    live_server: LiveServer,
    team: Team,
    member: User,
    complaints: list[str],
    width: int,
    scheme: str,
    tmp_path: Path,
) -> None:
    root = User.objects.create_superuser("root@host.test", PASSWORD)
    fill(team, root, 3, "n")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("E-mail").fill("root@host.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Queues")).to_be_visible()
    for number, address in enumerate(PAGES):
        page.goto(f"{live_server.url}/admin/{address.format(team=team.id, user=member.id)}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.screenshot(path=tmp_path / f"{number:02}-{width}.png", full_page=True)
        fits(page)
        if address.count("/") == 2 and "{" not in address:
            accessible(page)
    page.goto(f"{live_server.url}/admin/accounts/team/{team.id}/change/")
    page.get_by_role("row", name=member.email).get_by_role("link", name="See the team as this member").click()
    page.get_by_label("Reason").fill("Ticket 12")
    page.screenshot(path=tmp_path / f"begin-{width}.png", full_page=True)
    page.get_by_role("button", name="Begin").click()
    bar = page.get_by_role("region", name="Seen as a member")
    expect(bar).to_contain_text("read only")
    accessible(page)
    page.screenshot(path=tmp_path / f"seen-{width}.png", full_page=True)
    page.goto(f"{live_server.url}/t/{team.slug}/settings/team/")
    expect(bar).to_be_visible()
    bar.get_by_role("button", name="End").click()
    expect(page.get_by_text("you no longer see Harbour as member@harbour.test")).to_be_visible()
    assert complaints == []
