"""Pages of deliveries: history, filters, dead letters, sending again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from alerts.analysis.notices import NoticeKind
from alerts.models import AlertDelivery, AlertDeliveryDue
from tests.alerts.telling import channel, incident, kept, notice, send
from tests.alerts.views.test_channels import read, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(team) -> str:
    return f"/t/{team.slug}/alerts/deliveries/"


@pytest.fixture
def two(team):
    with team_context(team.id):
        return channel(team, "one"), channel(team, "two")


def give_up(team, *ids) -> None:
    with team_context(team.id):
        AlertDelivery.objects.filter(id__in=ids).update(status="failed", tries=4, last_error="It answered 404")
    AlertDeliveryDue.objects.filter(delivery_id__in=ids).delete()


def test_what_was_sent_is_listed_and_filtered(team, base, two, owner_client: Client) -> None:
    assert "Nothing sent yet" in read(owner_client, base)
    with team_context(team.id):
        about = incident(team)
    opened = send(team, two[0], notice(what="First thing"), about)
    send(team, two[1], notice(NoticeKind.DIGEST, what="Second thing"))
    give_up(team, opened)
    for query, shown, hidden in (
        ("", ["First thing", "Second thing"], []),
        (f"?channel={two[0].id}", ["First thing"], ["Second thing"]),
        ("?status=waiting", ["Second thing"], ["First thing"]),
        ("?kind=digest", ["Second thing"], ["First thing"]),
        (f"?incident={about.id}", ["First thing"], ["Second thing"]),
        ("?channel=nonsense", ["Nothing matches"], ["First thing", "Second thing"]),
        ("?status=lost&kind=x", ["Nothing matches"], ["First thing", "Second thing"]),
    ):
        found = read(owner_client, base + query)
        assert all(text in found for text in shown), query
        assert not any(text in found for text in hidden), query


def test_a_delivery_has_a_page_with_the_whole_notice(team, base, two, owner_client: Client) -> None:
    id = send(team, two[0], notice(what="<script>alert(1)</script>", lines=("one more line",)))
    give_up(team, id)
    response = owner_client.get(f"{base}{id}/")
    said = response.content.decode()
    assert "<script>alert" not in said
    for text in ("31 of 250 runs in 5 minutes", "one more line", "It answered 404", "Given up", id.hex):
        assert text in said
    assert owner_client.get(f"{base}{uuid4()}/").status_code == 404


def test_the_link_that_acknowledges_is_shown_to_nobody(team, base, two, owner_client: Client, api_key: str) -> None:
    id = send(team, two[0], notice(acknowledge_url="https://steadyrun.example/acknowledge/secret/"))
    assert "acknowledge/secret" not in owner_client.get(f"{base}{id}/").content.decode()
    told = Client(headers={"authorization": f"Bearer {api_key}"}).get(f"/api/v1/alert-deliveries/{id}/")
    assert told.json()["notice"]["what"] == "Error rate 12.4% of checkout"
    assert "acknowledge/secret" not in told.content.decode()
    with team_context(team.id):
        assert "acknowledge/secret" in AlertDelivery.objects.get(id=id).notice["acknowledge_url"]


def test_one_that_was_given_up_is_sent_again(team, base, two, owner_client: Client) -> None:
    id = send(team, two[0])
    assert "waits to be sent already" in text_of(owner_client.post(f"{base}{id}/again/", follow=True))
    give_up(team, id)
    assert "sent again within seconds" in text_of(owner_client.post(f"{base}{id}/again/", follow=True))
    assert (kept(team, id).status, kept(team, id).tries) == ("waiting", 0)
    assert AlertDeliveryDue.objects.filter(delivery_id=id).exists()


def test_all_that_the_filters_find_are_sent_again(team, base, two, owner_client: Client) -> None:
    ids = [send(team, one) for one in (two[0], two[0], two[1])]
    give_up(team, *ids)
    assert "3 given up: nobody was told of them there" in read(owner_client, base)
    said = text_of(owner_client.post(f"{base}again/", {"channel": str(two[0].id)}, follow=True))
    assert "2 are sent again within seconds" in said
    assert [kept(team, id).status for id in ids] == ["waiting", "waiting", "failed"]


def test_pages_go_on_and_csv_has_all(team, base, two, owner_client: Client) -> None:
    for number in range(60):
        send(team, two[0], notice(what=f"Thing {number:02}"))
    first = owner_client.get(base).content.decode()
    assert first.count('class="strong"') == 50
    assert "Thing 59" in first
    following = first.split('rel="next"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    second = owner_client.get(base + following).content.decode()
    assert second.count('class="strong"') == 10
    assert "Thing 00" in second
    assert owner_client.get(f"{base}?after=nonsense").status_code == 200
    lines = b"".join(owner_client.get(base, {"format": "csv"})).decode().splitlines()
    assert len(lines) == 61
    assert "Critical: Thing 59" in lines[1]


def test_who_may_look_and_who_may_send_again(team, base, two, client, stranger_client, member_client, member) -> None:
    id = send(team, two[0])
    for page in (base, f"{base}{id}/"):
        assert client.get(page).status_code == 302
        assert stranger_client.get(page).status_code == 404
        assert member_client.post(page).status_code == 405
    Membership.objects.filter(user=member).update(role=Role.VIEWER)
    give_up(team, id)
    assert "Send again" not in read(member_client, base)
    assert member_client.get(f"{base}{id}/").status_code == 200
    for page in (f"{base}again/", f"{base}{id}/again/"):
        assert member_client.post(page).status_code == 404
        assert stranger_client.post(page).status_code == 404
        assert client.post(page).status_code == 302
        assert member_client.get(page).status_code in (404, 405)


def test_it_takes_as_many_queries_with_twenty_rows(team, base, two, owner_client, django_assert_num_queries) -> None:
    send(team, two[0])
    owner_client.get(base)
    with CaptureQueriesContext(connection) as first:
        owner_client.get(base)
    for _ in range(19):
        send(team, two[1])
    with django_assert_num_queries(len(first)):
        owner_client.get(base)


def test_what_cannot_be_read_any_more_is_still_listed(team, base, two, owner_client) -> None:
    id = send(team, two[0])
    with team_context(team.id):
        AlertDelivery.objects.update(notice={}, created_at=timezone.now() - timedelta(days=1))
    assert "Opened" in read(owner_client, base)
    assert "What was kept of it cannot be read." in read(owner_client, f"{base}{id}/")
