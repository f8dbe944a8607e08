"""Channels: what can be saved, secrets at rest, tests, removing."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.encryption import decrypt
from accounts.models import MemberGroup
from accounts.retrying import Verdict
from accounts.tenancy import team_context
from alerts.channels import CHANNELS
from alerts.channels.webhook import SECRET_START
from alerts.models import (
    AlertDelivery,
    AlertDeliveryDue,
    Channel,
    ChannelDue,
    ChannelKind,
    ChannelMessage,
    Route,
    RouteStep,
)
from alerts.services.channels import (
    ChannelRefused,
    Wanted,
    change_secret,
    kept_names,
    remove_channel,
    save_channel,
    switch_channel,
    try_channel,
)
from alerts.services.delivery import send_due
from tests.alerts.telling import channel, event, incident, kept, send
from tests.receivers import Answer

pytestmark = pytest.mark.django_db
TELEGRAM = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


def save(team, kind: str, settings: dict, secrets: dict | None = None, one: Channel | None = None, **more: object):
    wanted = Wanted(kind, str(more.pop("name", "On call")), settings, secrets or {}, **more)
    with team_context(team.id):
        return save_channel(team.id, wanted, timezone.now(), one)


def secrets(one: Channel) -> dict:
    return json.loads(decrypt(bytes(one.secrets)))


def test_the_registry_and_the_table_name_the_same_kinds() -> None:
    assert set(CHANNELS) == set(ChannelKind.values)
    assert {one.label for one in CHANNELS.values()} == set(ChannelKind.labels)


def test_secrets_are_encrypted_and_only_their_names_are_told(team) -> None:
    one, _ = save(team, "telegram", {"chat_id": "1"}, {"token": TELEGRAM})
    assert TELEGRAM.encode() not in bytes(one.secrets)
    assert secrets(one) == {"token": TELEGRAM}
    assert kept_names(one) == ["token"]
    assert one.settings == {"chat_id": "1"}


def test_a_secret_stays_until_another_is_entered(team) -> None:
    one, _ = save(team, "telegram", {"chat_id": "1"}, {"token": TELEGRAM})
    save(team, "telegram", {"chat_id": "2"}, {}, one)
    assert secrets(one) == {"token": TELEGRAM}
    save(team, "telegram", {"chat_id": "2"}, {"token": TELEGRAM[:-1] + "x"}, one)
    assert secrets(one) == {"token": TELEGRAM[:-1] + "x"}


def test_an_address_on_another_host_clears_the_secrets(team, loopback) -> None:
    url = "http://127.0.0.1:1/am"
    one, _ = save(team, "alertmanager", {"url": url}, {"token": "secret-token"})
    save(team, "alertmanager", {"url": url + "/other"}, {}, one)
    assert secrets(one) == {"token": "secret-token"}
    save(team, "alertmanager", {"url": "http://127.0.0.1:2/am"}, {}, one)
    assert one.secrets is None


def test_a_webhook_that_moves_to_another_host_gets_a_new_secret(team, loopback) -> None:
    one, made = save(team, "webhook", {"url": "http://127.0.0.1:1/a"})
    assert made.startswith(SECRET_START)
    assert save(team, "webhook", {"url": "http://127.0.0.1:1/b"}, {}, one)[1] == ""
    moved = save(team, "webhook", {"url": "http://127.0.0.1:2/b"}, {}, one)[1]
    assert moved.startswith(SECRET_START)
    assert moved != made
    with team_context(team.id):
        changed = change_secret(one)
    assert secrets(one) == {"secret": changed}


def test_a_secret_can_be_taken_away(team, loopback) -> None:
    url = "http://127.0.0.1:1/hook"
    one, _ = save(team, "slack", {}, {"webhook_url": url})
    with pytest.raises(ChannelRefused) as refused:
        save(team, "slack", {"channel": "#a"}, {"token": "xoxb-1"}, one)
    assert "webhook_url" in refused.value.reasons
    save(team, "slack", {"channel": "#a"}, {"token": "xoxb-1"}, one, cleared={"webhook_url"})
    assert secrets(one) == {"token": "xoxb-1"}


@pytest.mark.parametrize(
    ("kind", "settings", "told", "field"),
    [
        ("webhook", {"url": "http://10.0.0.8/"}, {}, "url"),
        ("webhook", {"url": "ftp://x.example/"}, {}, "url"),
        ("webhook", {"url": ""}, {}, "url"),
        ("discord", {}, {"webhook_url": "http://169.254.169.254/latest"}, "webhook_url"),
        ("pagerduty", {"region": "us"}, {"routing_key": "a" * 65}, "routing_key"),
        ("opsgenie", {"region": "us"}, {"api_key": "a\x00b"}, "api_key"),
        ("email", {"members": ["00000000-0000-0000-0000-000000000001"]}, {}, "members"),
        ("email", {"addresses": ["nobody"]}, {}, "addresses"),
        ("email", {}, {}, "addresses"),
    ],
)
def test_what_cannot_be_saved_says_why_by_field(team, kind, settings, told, field) -> None:
    with pytest.raises(ChannelRefused) as refused:
        save(team, kind, settings, told)
    assert field in refused.value.reasons
    with team_context(team.id):
        assert not Channel.objects.exists()


@pytest.mark.parametrize("name", ["", " ", "x" * 121, "Taken"])
def test_names_that_cannot_be(team, name) -> None:
    save(team, "email", {"addresses": ["a@x.test"]}, name="Taken")
    with pytest.raises(ChannelRefused) as refused:
        save(team, "email", {"addresses": ["a@x.test"]}, name=name)
    assert "name" in refused.value.reasons


def test_groups_of_another_team_are_refused(team, other_team) -> None:
    with team_context(other_team.team.id):
        theirs = MemberGroup.objects.create(team=other_team.team, name="Theirs")
    with pytest.raises(ChannelRefused) as refused:
        save(team, "email", {"groups": [str(theirs.id)]})
    assert "groups" in refused.value.reasons


def test_a_test_is_sent_at_once_with_one_try_and_is_kept(team, receiver) -> None:
    one, _ = save(team, "webhook", {"url": receiver.url})
    with team_context(team.id):
        assert try_channel(one, timezone.now()).result.verdict is Verdict.TAKEN
    receiver.answer = lambda received, number: Answer(500, b"broken")
    with team_context(team.id):
        assert try_channel(one, timezone.now()).result.reason == "It answered 500: broken"
        statuses = list(AlertDelivery.objects.order_by("created_at").values_list("kind", "status", "tries"))
        assert statuses == [("test", "sent", 1), ("test", "failed", 1)]
        assert Channel.objects.get().last_error == "It answered 500: broken"
    assert not AlertDeliveryDue.objects.exists()
    assert json.loads(receiver.got[0].body)["type"] == "test"


def test_saving_tries_at_once_what_waits_for_another_try_and_leaves_what_is_held_back(team, receiver) -> None:
    receiver.answer = lambda received, number: Answer(503)
    one, _ = save(team, "webhook", {"url": receiver.url})
    id = send(team, one)
    held = send(team, one)
    later = timezone.now() + timedelta(hours=7)
    AlertDeliveryDue.objects.filter(delivery_id=held).update(due_at=later, since=later)
    send_due()
    receiver.answer = lambda received, number: Answer(200)
    assert send_due() == 0
    save(team, "webhook", {"url": receiver.url + "/new"}, {}, one)
    assert send_due() == 1
    assert (kept(team, id).status, kept(team, held).status) == ("sent", "waiting")


def test_another_place_forgets_messages_of_the_old_one(team, receiver, monkeypatch) -> None:
    monkeypatch.setattr("alerts.channels.telegram.BASE", receiver.url)
    said = {"ok": True, "result": {"message_id": 42, "chat": {"id": 1}}}
    receiver.answer = lambda received, number: Answer(200, json.dumps(said).encode())
    one, _ = save(team, "telegram", {"chat_id": "1"}, {"token": TELEGRAM})
    with team_context(team.id):
        about = incident(team)
    send(team, one, about=about)
    send_due()
    with team_context(team.id):
        assert ChannelMessage.objects.get().reference == {"chat_id": 1, "message_id": 42}
    save(team, "telegram", {"chat_id": "1"}, {}, one, name="Renamed")
    with team_context(team.id):
        assert ChannelMessage.objects.exists()
    save(team, "telegram", {"chat_id": "2"}, {}, one)
    with team_context(team.id):
        assert not ChannelMessage.objects.exists()


def test_switching_on_sends_what_waits(team, receiver) -> None:
    one, _ = save(team, "webhook", {"url": receiver.url})
    send(team, one)
    with team_context(team.id):
        switch_channel(one, timezone.now(), is_active=False)
    assert send_due() == 0
    with team_context(team.id):
        switch_channel(one, timezone.now(), is_active=True)
    assert send_due() == 1


def test_removing_takes_deliveries_routes_steps_and_what_waits_along(team) -> None:
    with team_context(team.id):
        one, other = channel(team, "one"), channel(team, "other")
        route = Route.objects.create(team=team, name="All", position=1)
        for step in (one, other):
            RouteStep.objects.create(team=team, route=route, channel=step)
        about = incident(team)
        event(about)
    send(team, one, about=about)
    send(team, other, about=about)
    with team_context(team.id):
        remove_channel(one)
        assert [step.channel_id for step in RouteStep.objects.all()] == [other.id]
        assert AlertDelivery.objects.count() == 1
    assert AlertDeliveryDue.objects.count() == ChannelDue.objects.count() == 1
