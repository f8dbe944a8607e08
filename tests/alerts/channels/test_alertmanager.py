"""Alertmanager: alerts by their labels, sent again while they are open."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.encryption import encrypt
from accounts.retrying import Verdict
from accounts.tenancy import team_context
from alerts.analysis.notices import NoticeKind
from alerts.channels import CHANNELS
from alerts.channels.alertmanager import ENDS_AFTER, REPEAT_EVERY
from alerts.models import Channel, ChannelDue, ChannelMessage, Incident, IncidentStatus
from alerts.services.delivery import send_due
from tests.alerts.telling import NOW, channel, incident, notice, send, told_by
from tests.receivers import Answer, Received

LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def alertmanager(received: Received, number: int) -> Answer:
    """Checks alerts as Alertmanager does, and answers as it does: 200 without a body."""
    assert received.path == "/am/api/v2/alerts"
    assert received.headers["content-type"] == "application/json"
    for one in json.loads(received.body):
        assert one["labels"]["alertname"]
        assert all(LABEL.fullmatch(name) and value for name, value in one["labels"].items())
        assert all(LABEL.fullmatch(name) for name in one["annotations"])
        assert datetime.fromisoformat(one["startsAt"]) <= datetime.fromisoformat(one["endsAt"])
    return Answer(200, b"")


@pytest.fixture
def am(receiver):
    receiver.answer = alertmanager
    return receiver


def tell(url: str, kind: NoticeKind = NoticeKind.OPENED, reference=None, secrets=None, **fields):
    return told_by("alertmanager", notice(kind, **fields), {"url": f"{url}/am"}, secrets or {}, reference)


def alerts(received: Received) -> list[dict]:
    return json.loads(received.body)


def test_an_open_alert_ends_later_and_a_resolved_one_has_ended(am) -> None:
    made = tell(am.url)
    tell(am.url, NoticeKind.ACKNOWLEDGED, made.reference)
    tell(am.url, NoticeKind.RESOLVED, made.reference, resolved_at=NOW, what="Another figure", rule="Renamed")
    opened, acknowledged, resolved = (alerts(got)[0] for got in am.got)
    assert datetime.fromisoformat(opened["endsAt"]) == NOW + ENDS_AFTER
    assert opened["labels"] == acknowledged["labels"] == resolved["labels"], "labels identify it"
    assert opened["labels"]["incident"] == "incident-1"
    assert datetime.fromisoformat(resolved["endsAt"]) == NOW
    assert resolved["annotations"]["summary"] == "Resolved: Another figure"


def test_digests_and_tests_are_not_repeated(am) -> None:
    assert tell(am.url, NoticeKind.DIGEST).reference is None
    assert tell(am.url, NoticeKind.TEST).reference is None


@pytest.mark.parametrize(("user", "secrets"), [("", {"token": "abc"}), ("me", {"password": "pa:ss"})])
def test_who_stands_in_front_of_it_is_told_who_we_are(am, user, secrets) -> None:
    settings = {"url": f"{am.url}/am/api/v2/alerts", "user": user}
    assert told_by("alertmanager", notice(), settings, secrets).result.verdict is Verdict.TAKEN
    expected = "Bearer abc" if not user else "Basic bWU6cGE6c3M="
    assert am.got[0].headers["authorization"] == expected


@pytest.mark.parametrize(
    ("settings", "secrets", "field"),
    [
        ({}, {}, "url"),
        ({"url": "https://x.example", "user": "me"}, {}, "user"),
        ({"url": "https://x.example", "user": "me"}, {"password": "x", "token": "y"}, "token"),
        ({"url": "https://x.example"}, {"token": "y\n"}, "token"),
    ],
)
def test_settings_that_cannot_work(settings, secrets, field) -> None:
    assert field in CHANNELS["alertmanager"].check(settings, secrets)


pytestmark = pytest.mark.django_db


def open_alert(team, am) -> tuple[Channel, Incident]:
    with team_context(team.id):
        one = channel(team, kind="alertmanager", settings={"url": f"{am.url}/am"}, secrets=encrypt("{}"))
        about = incident(team)
    send(team, one, about=about)
    assert send_due() == 1
    return one, about


def let_pass(team, length: timedelta) -> None:
    with team_context(team.id):
        for one in ChannelMessage.objects.all():
            ChannelMessage.objects.filter(id=one.id).update(updated_at=one.updated_at - length)
    due = ChannelDue.objects.get()
    if due.repeat_at:
        ChannelDue.objects.update(repeat_at=due.repeat_at - length)


def test_an_open_alert_is_sent_again_every_five_minutes(team, am) -> None:
    open_alert(team, am)
    assert send_due() == 0
    for number in (2, 3):
        let_pass(team, REPEAT_EVERY)
        assert send_due() == 1
        assert send_due() == 0
        assert len(am.got) == number
    first, again = alerts(am.got[0])[0], alerts(am.got[-1])[0]
    assert again["labels"] == first["labels"]
    assert datetime.fromisoformat(again["endsAt"]) > timezone.now() + ENDS_AFTER - timedelta(minutes=1)


def test_all_open_alerts_go_in_one_request(team, am) -> None:
    one, _ = open_alert(team, am)
    with team_context(team.id):
        others = [incident(team) for _ in range(3)]
    for about in others:
        send(team, one, notice(key=str(about.id)), about)
    send_due()
    let_pass(team, REPEAT_EVERY)
    assert send_due() == 1
    assert len(alerts(am.got[-1])) == 4


def test_it_is_not_sent_again_once_it_is_resolved(team, am) -> None:
    open_alert(team, am)
    with team_context(team.id):
        Incident.objects.update(status=IncidentStatus.RESOLVED, resolved_at=timezone.now())
    let_pass(team, REPEAT_EVERY)
    assert send_due() == 0
    assert ChannelDue.objects.get().repeat_at is None


def test_a_repeat_that_fails_is_made_up_for(team, am) -> None:
    open_alert(team, am)
    let_pass(team, REPEAT_EVERY)
    am.answer = lambda received, number: Answer(503)
    assert send_due() == 1
    with team_context(team.id):
        assert Channel.objects.get().last_error == "It answered 503: {}"
    am.answer = alertmanager
    ChannelDue.objects.update(next_at=timezone.now())
    assert send_due() == 1
    with team_context(team.id):
        assert Channel.objects.get().last_error == ""
