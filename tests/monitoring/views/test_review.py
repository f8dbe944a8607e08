"""The page of the weekly review: whose it is, which week, what it shows and exports."""

import csv
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.mail import MailServer
from accounts.models import Membership, Team
from accounts.permissions import Role
from monitoring.models import ReviewMail
from tests.factories import store
from tests.monitoring.reviewing import AFTER, MONDAY, NAME, runs, store_events, store_weeks
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AFTER)


@pytest.fixture
def page(team: Team) -> str:
    return f"/t/{team.slug}/review/{NAME}/"


def test_the_week_that_is_over_last_is_shown(owner_client: Client, team: Team, page: str) -> None:
    response = owner_client.get(f"/t/{team.slug}/review/")
    assert response.status_code == 302
    assert response["Location"] == page
    text = read(owner_client, page)
    assert "Weekly review, week 32, 3 to 9 Aug 2026" in text
    assert "No run was reported" in text
    assert f"/t/{team.slug}/review/2026-W31/" in text
    assert f"/t/{team.slug}/review/2026-W33/" in text


def test_the_present_week_is_so_far(owner_client: Client, team: Team) -> None:
    text = read(owner_client, f"/t/{team.slug}/review/2026-W33/")
    assert "so far" in text
    assert "Week after" not in text


@pytest.mark.parametrize("week", ["2026-W34", "2026-W60", "latest", "2026-W32%00"])
def test_a_week_that_is_none_or_has_not_begun(owner_client: Client, team: Team, week: str) -> None:
    assert owner_client.get(f"/t/{team.slug}/review/{week}/").status_code == 404


def test_it_says_what_got_worse_what_came_back_and_what_it_cost(owner_client: Client, team: Team, page: str) -> None:
    store_weeks(team)
    store_events(team)
    text = read(owner_client, page)
    assert "1 workflow got worse" in text
    assert "−18.0 points" in text
    assert "90.5%" in text
    assert "1 failure group came back, 0 improvements reopened." in text
    assert "$4.84" in text
    assert "$1.26" in text
    assert "Skip invoices without a company" in text


def test_a_role_is_chosen_and_one_that_is_not_allowed_is_refused(
    member_client: Client, team: Team, page: str, member
) -> None:
    store_weeks(team)
    assert 'data-section="cost"' not in read(member_client, page)
    assert 'data-section="cost"' in read(member_client, f"{page}?role=finance")
    response = member_client.get(f"{page}?role=boss")
    assert response.status_code == 422
    assert "The role must be one of: owner, developer" in response.content.decode()
    Membership.objects.filter(user=member).update(role=Role.FINANCE)
    response = member_client.get(f"{page}?role=owner")
    assert response.status_code == 422
    assert "company" not in response.content.decode()


def test_each_table_is_exported_with_its_values(owner_client: Client, team: Team, page: str) -> None:
    store_weeks(team)
    response = owner_client.get(page, {"format": "csv", "table": "worse"})
    rows = list(csv.reader(StringIO(b"".join(response.streaming_content).decode())))
    assert rows[0][:4] == ["Workflow", "Verdict", "Runs", "Success rate"]
    assert rows[1][0] == "Lead"
    assert float(rows[1][3]) == 0.8
    assert owner_client.get(page, {"format": "csv", "table": "nothing"}).status_code == 404


def test_strangers_anonymous_and_wrong_methods(stranger_client: Client, owner_client: Client, page: str) -> None:
    assert stranger_client.get(page).status_code == 404
    assert Client().get(page).status_code == 302
    assert owner_client.post(page).status_code == 405


def test_the_number_of_queries_stays(owner_client: Client, team: Team, page: str) -> None:
    counts = []
    store_weeks(team)
    store_events(team)
    for number in (1, 20):
        for extra in range(number):
            store(team, *runs(f"More {extra}", MONDAY, 2, 1, release="1"), now=AFTER)
        with CaptureQueriesContext(connection) as queries:
            read(owner_client, page)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_member_chooses_and_asks_for_one_now(member_client: Client, member, team: Team, page: str, settings) -> None:
    assert "no mail server" in read(member_client, page)
    assert "no mail server" in member_client.post(f"{page}send/", follow=True).content.decode()
    settings.MAIL_SERVER = MailServer("127.0.0.1", 25)
    assert "It is not sent to you." in read(member_client, page)
    choice = f"/t/{team.slug}/review/mail/"
    member_client.post(choice, {"wants": "yes"})
    assert "It is sent to <bdi>member@harbour.test</bdi>" in read(member_client, page)
    assert "wants must be yes or no" in member_client.post(choice, {"wants": "?"}, follow=True).content.decode()
    assert "It is on its way to member@harbour.test" in member_client.post(f"{page}send/", follow=True).content.decode()
    assert "less than a minute ago" in member_client.post(f"{page}send/", follow=True).content.decode()
    assert ReviewMail.objects.get().user == member
    assert member_client.post(f"/t/{team.slug}/review/2026-W60/send/").status_code == 404


def test_strangers_send_and_choose_nothing(stranger_client: Client, team: Team, page: str) -> None:
    for address in (f"{page}send/", f"/t/{team.slug}/review/mail/"):
        assert stranger_client.post(address, {"wants": "yes"}).status_code == 404
        assert Client().post(address).status_code == 302
        assert stranger_client.get(address).status_code in (404, 405)
    assert not ReviewMail.objects.exists()
