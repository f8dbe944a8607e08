"""Pages of channels: made, changed, tried, removed, and who may."""

import re

import pytest
from django.test import Client

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from alerts.channels import CHANNELS
from alerts.models import Channel
from tests.alerts.telling import channel, send
from tests.receivers import Answer

pytestmark = pytest.mark.django_db
TELEGRAM = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


@pytest.fixture
def base(team) -> str:
    return f"/t/{team.slug}/alerts/channels/"


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def read(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return text_of(response)


def only(team) -> Channel:
    with team_context(team.id):
        return Channel.objects.get()


def test_every_kind_can_be_chosen_and_has_a_form(base, owner_client) -> None:
    assert "Nobody is told of incidents yet" in read(owner_client, base)
    chosen = read(owner_client, f"{base}new/")
    for kind in CHANNELS.values():
        assert kind.label in chosen
        form = owner_client.get(f"{base}new/{kind.kind}/").content.decode()
        for field in kind.fields:
            assert f'name="{field.name}"' in form or field.name == "groups"
    assert owner_client.get(f"{base}new/pigeon/").status_code == 404


def test_a_webhook_is_added_with_a_secret_shown_once(team, base, owner_client, receiver) -> None:
    told = {"name": "Hook", "url": f"{receiver.url}/hook", "is_active": "on"}
    page = owner_client.post(f"{base}new/webhook/", told).content.decode()
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page)
    assert secret is not None
    one = only(team)
    for address in (base, f"{base}{one.id}/"):
        assert secret.group() not in owner_client.get(address).content.decode()
    assert "set; leave it empty to keep it" in read(owner_client, f"{base}{one.id}/")
    changed = owner_client.post(f"{base}{one.id}/secret/").content.decode()
    assert "whsec_" in changed
    assert secret.group() not in changed


def test_a_channel_is_tried_and_its_page_says_what_happened(team, base, owner_client, receiver) -> None:
    owner_client.post(f"{base}new/webhook/", {"name": "Hook", "url": receiver.url, "is_active": "on"})
    page = f"{base}{only(team).id}/"
    said = text_of(owner_client.post(f"{page}test/", follow=True))
    assert "The test arrived: it was answered with 200." in said
    assert "Test: the channel Hook works" in said
    receiver.answer = lambda received, number: Answer(403, b"who are you")
    said = text_of(owner_client.post(f"{page}test/", follow=True))
    assert "The test did not arrive. It answered 403: who are you" in said
    assert "Failing" in read(owner_client, base)
    assert "1 of 1 failing: not everybody is told" in read(owner_client, base)


def test_what_is_refused_keeps_what_was_entered_but_no_secret(base, owner_client) -> None:
    told = {"name": "Chat", "chat_id": "my chat", "token": TELEGRAM, "is_active": "on"}
    response = owner_client.post(f"{base}new/telegram/", told)
    assert response.status_code == 422
    assert "Chat must be a number, or @ and a name." in text_of(response)
    assert 'value="my chat"' in response.content.decode()
    assert TELEGRAM not in response.content.decode()


def test_settings_are_changed_and_secrets_kept(team, base, owner_client) -> None:
    owner_client.post(f"{base}new/telegram/", {"name": "Chat", "chat_id": "1", "token": TELEGRAM, "is_active": "on"})
    one = only(team)
    response = owner_client.post(f"{base}{one.id}/", {"name": "Night", "chat_id": "2"}, follow=True)
    assert "Saved." in text_of(response)
    changed = only(team)
    assert (changed.name, changed.settings, changed.is_active) == ("Night", {"chat_id": "2"}, False)
    assert bytes(changed.secrets) != b""
    assert TELEGRAM not in response.content.decode()
    assert owner_client.post(f"{base}{one.id}/", {"name": "", "chat_id": "2"}).status_code == 422
    assert only(team).name == "Night"


def test_members_are_chosen_for_email(team, base, owner_client, owner, member, stranger) -> None:
    form = owner_client.get(f"{base}new/email/").content.decode()
    assert "member@harbour.test" in form
    assert "stranger@mountain.test" not in form
    told = {"name": "Mail", "members": [str(owner.id), str(member.id)], "addresses": "a@x.test\nb@x.test"}
    owner_client.post(f"{base}new/email/", {**told, "is_active": "on"})
    one = only(team)
    assert one.settings["addresses"] == ["a@x.test", "b@x.test"]
    assert "2 members, 2 addresses" in read(owner_client, base)
    page = owner_client.get(f"{base}{one.id}/").content.decode()
    assert len(re.findall(r'name="members"[^>]*checked', page)) == 2


def test_it_is_switched_off_and_removed(team, base, owner_client, receiver) -> None:
    owner_client.post(f"{base}new/webhook/", {"name": "Hook", "url": receiver.url, "is_active": "on"})
    page = f"{base}{only(team).id}/"
    assert "Switched off" in text_of(owner_client.post(f"{page}switch/", follow=True))
    assert "Switched on" in text_of(owner_client.post(f"{page}switch/", follow=True))
    assert "Hook was removed." in text_of(owner_client.post(f"{page}remove/", follow=True))
    assert "Nobody is told of incidents yet" in read(owner_client, base)


def test_the_list_as_csv(team, base, owner_client) -> None:
    with team_context(team.id):
        one = channel(team, "=Formula", settings={"url": "https://hooks.example/secret/path"})
    send(team, one)
    lines = b"".join(owner_client.get(base, {"format": "csv"})).decode().splitlines()
    assert lines[0].startswith("channel,kind,place,state,last_success_at,waiting,given_up")
    assert lines[1].startswith("'=Formula,webhook,hooks.example,new,,1,0")
    assert "secret/path" not in lines[1]


@pytest.mark.parametrize("part", ["", "new/", "new/email/"])
def test_who_may_see_and_add(base, part, client, stranger_client, member_client, member) -> None:
    assert client.get(f"{base}{part}").status_code == 302
    assert stranger_client.get(f"{base}{part}").status_code == 404
    assert member_client.get(f"{base}{part}").status_code == 200
    Membership.objects.filter(user=member).update(role=Role.VIEWER)
    assert member_client.get(f"{base}{part}").status_code == (404 if part else 200)


@pytest.mark.parametrize("part", ["", "test/", "switch/", "secret/", "remove/"])
def test_who_may_change(team, base, part, client, stranger_client, member_client, member, owner_client) -> None:
    with team_context(team.id):
        one = channel(team, settings={"url": "https://hooks.example/"})
    page = f"{base}{one.id}/{part}"
    assert client.post(page).status_code == 302
    assert stranger_client.post(page).status_code == 404
    assert owner_client.put(page).status_code == 405
    if part:
        assert owner_client.get(page).status_code == 405
    Membership.objects.filter(user=member).update(role=Role.FINANCE)
    assert member_client.post(page).status_code == 404
    assert owner_client.get(f"{base}{team.id}/").status_code == 404


def test_a_viewer_sees_no_ways_to_change(team, base, member_client, member) -> None:
    with team_context(team.id):
        channel(team)
    Membership.objects.filter(user=member).update(role=Role.VIEWER)
    page = member_client.get(base).content.decode()
    assert "On call" in page
    assert "channels/new/" not in page


def test_the_list_takes_as_many_queries_with_twenty_rows(team, base, owner_client, django_assert_num_queries) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with team_context(team.id):
        channel(team, "0")
    owner_client.get(base)
    with CaptureQueriesContext(
        connection,
    ) as first:
        owner_client.get(base)
    with team_context(team.id):
        for number in range(1, 20):
            channel(team, str(number))
    with django_assert_num_queries(len(first)):
        owner_client.get(base)


def test_the_list_names_kind_and_place_once(base, owner_client) -> None:
    told = {"name": "Pager", "region": "us", "routing_key": "a" * 32, "is_active": "on"}
    assert owner_client.post(f"{base}new/pagerduty/", told).status_code == 302
    text = read(owner_client, base)
    assert "PagerDuty, US" in text
    assert "PagerDuty, PagerDuty" not in text


def test_a_refusal_ends_with_one_stop(base, owner_client) -> None:
    refused = owner_client.post(f"{base}new/webhook/", {"name": "Hook", "url": "http://10.0.0.1/"})
    assert refused.status_code == 422
    assert "STEADYRUN_ALLOW_PRIVATE_DESTINATIONS." in text_of(refused)
    assert ".." not in text_of(refused).partition("STEADYRUN_ALLOW_PRIVATE_DESTINATIONS")[2][:4]
