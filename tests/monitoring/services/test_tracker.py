"""The issue tracker: signed deliveries, retries, links that it tells, and its page."""

import json
import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.retrying import MOST_TRIES
from accounts.tenancy import team_context
from ingestion.records import Failure
from monitoring.models import DeliveryStatus, FailureGroup, Improvement, Tracker, TrackerDelivery, TrackerDue
from monitoring.models.tracker import TrackerEvent
from monitoring.services.improvements import Wanted, comment, plan_improvement, release_improvement
from monitoring.services.tracker import save_tracker
from monitoring.services.tracker_sending import CLAIM, send_due
from monitoring.statuses import Status
from tests.factories import report, step, store
from tests.monitoring.views.test_replay import read
from tests.receivers import Answer, TestReceiver, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _allow_loopback(settings) -> None:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


@pytest.fixture
def secret(team, receiver) -> str:
    with team_context(team.id):
        events = list(TrackerEvent.values)
        return save_tracker(
            team_id=team.id, url=f"{receiver.url}/hook", events=events, is_active=True, now=timezone.now()
        )[1]


def plan(team, owner) -> UUID:
    at = timezone.now() - timedelta(hours=1)
    lost = Failure(type="KeyError", message="company")
    failed = [step(id="s", status=Status.FAILED, error=lost, started_at=at, ended_at=at)]
    store(team, report(id="bad", status=Status.FAILED, steps=failed, started_at=at, finished_at=at), now=timezone.now())
    with team_context(team.id):
        group = FailureGroup.objects.get()
        told = Wanted(
            group.workflow_id, "tool_invocation", "Check the arguments", "group_rate", failure_group_id=group.id
        )
        return plan_improvement(team_id=team.id, wanted=told, by=owner, now=timezone.now()).id


def send(seconds: float = 0) -> int:
    return send_due(timezone.now() + timedelta(seconds=seconds), seconds=20)


def only(team) -> TrackerDelivery:
    with team_context(team.id):
        return TrackerDelivery.objects.get()


def test_each_thing_that_happens_is_pushed_signed_and_in_order(team, owner, receiver: TestReceiver, secret) -> None:
    one = plan(team, owner)
    with team_context(team.id):
        about = {"team_id": team.id, "improvement_id": one, "by": owner}
        release_improvement(**about, release="7", now=timezone.now())
        comment(**about, text="Look at this", now=timezone.now())
    assert send() == 3
    told = [json.loads(got.body) for got in receiver.got]
    assert [one["type"] for one in told] == list(TrackerEvent.values)
    assert told[0]["data"]["title"] == "Check the arguments"
    assert told[0]["data"]["url"].endswith(f"/improvements/{one}/")
    assert told[1]["data"]["release"] == "7"
    assert told[1]["data"]["event"]["detail"] == {"from": "planned", "to": "released", "release": "7"}
    assert told[2]["data"]["event"]["text"] == "Look at this"
    assert told[2]["data"]["event"]["by"] == "owner@harbour.test"
    for got in receiver.got:
        Webhook(secret).verify(got.body, got.headers)
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 3
    assert not TrackerDue.objects.exists()


@pytest.mark.parametrize(
    ("answer", "link"),
    [
        (Answer(201, b'{"url": "https://issues.example/7"}'), "https://issues.example/7"),
        (Answer(201, b"", {"Location": "https://issues.example/8"}), "https://issues.example/8"),
        (Answer(200, b'{"url": "javascript:alert(1)"}'), ""),
        (Answer(200, b'["https://issues.example/7"]'), ""),
        (Answer(200, b"ok"), ""),
    ],
)
def test_the_link_that_it_tells_is_kept_once(team, owner, receiver, secret, answer, link) -> None:
    receiver.answer = lambda received, number: answer
    one = plan(team, owner)
    send()
    with team_context(team.id):
        kept = Improvement.objects.get(id=one)
        assert kept.tracker_url == link
        comment(team_id=team.id, improvement_id=one, text="More", by=owner, now=timezone.now())
    receiver.answer = lambda received, number: Answer(200, b'{"url": "https://issues.example/other"}')
    send()
    with team_context(team.id):
        assert Improvement.objects.get(id=one).tracker_url == link or not link


def test_a_passing_fault_is_tried_again_with_the_same_id(team, owner, receiver, secret) -> None:
    receiver.answer = lambda received, number: Answer(503 if number == 0 else 200)
    plan(team, owner)
    assert send() == 1
    kept = only(team)
    assert (kept.status, kept.tries, kept.answer_status) == (DeliveryStatus.WAITING, 1, 503)
    assert "It answered 503" in kept.last_error
    assert send() == 0
    assert send(5) == 1
    assert only(team).status == DeliveryStatus.SENT
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1


def test_what_is_refused_for_good_is_given_up_and_can_be_sent_again(
    team, owner, owner_client, receiver, secret
) -> None:
    receiver.answer = lambda received, number: Answer(404)
    plan(team, owner)
    for _ in range(MOST_TRIES):
        assert send(4000) == 1
        TrackerDue.objects.update(due_at=timezone.now())
    assert send(4000) == 0
    assert only(team).status == DeliveryStatus.FAILED
    page = f"/t/{team.slug}/improvements/tracker/"
    assert "Given up" in read(owner_client, page)
    receiver.answer = lambda received, number: Answer(200)
    owner_client.post(f"{page}{only(team).id}/again/")
    assert send() == 1
    assert only(team).status == DeliveryStatus.SENT


def test_a_killed_worker_loses_nothing(team, owner, receiver, secret, monkeypatch) -> None:
    plan(team, owner)

    def killed(*told: object, **more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("monitoring.services.tracker_sending.send", killed)
        with pytest.raises(SystemExit):
            send()
    assert send() == 0
    assert send(CLAIM.total_seconds() + 1) == 1
    assert len(receiver.got) == 1


def test_nothing_is_queued_for_what_nobody_wants_to_know(team, owner, receiver, secret) -> None:
    with team_context(team.id):
        Tracker.objects.update(events=[TrackerEvent.COMMENTED.value])
    plan(team, owner)
    assert send() == 0


def test_the_page_makes_changes_tries_and_removes_it(team, owner_client: Client, receiver) -> None:
    page = f"/t/{team.slug}/improvements/tracker/"
    assert "not pushed anywhere yet" in read(owner_client, page)
    told = {"url": f"{receiver.url}/hook", "events": list(TrackerEvent.values), "is_active": "on"}
    text = owner_client.post(page, told).content.decode()
    shown = text[text.index("whsec_") :].split("<")[0]
    with team_context(team.id):
        assert shown.encode() not in bytes(Tracker.objects.get().secret)
    assert shown not in read(owner_client, page)
    text = owner_client.post(f"{page}test/", follow=True).content.decode()
    assert "The test arrived: it was answered with 200." in text
    Webhook(shown).verify(receiver.got[0].body, receiver.got[0].headers)
    assert "whsec_" in owner_client.post(f"{page}secret/").content.decode()
    receiver.answer = lambda received, number: Answer(500, b"broken")
    assert "It answered 500: broken" in owner_client.post(f"{page}test/", follow=True).content.decode()
    lines = b"".join(owner_client.get(page, {"format": "csv"})).decode().splitlines()
    assert len(lines) == 3
    assert "whsec_" not in owner_client.post(page, {**told, "url": f"{receiver.url}/other"}).content.decode()
    moved = {**told, "url": "https://issues.example/hook"}
    assert "whsec_" in owner_client.post(page, moved).content.decode()
    owner_client.post(f"{page}remove/")
    assert "not pushed anywhere yet" in read(owner_client, page)


def test_a_delivery_is_sent_again_by_a_button_that_says_which(team, owner_client, receiver, secret) -> None:
    page = f"/t/{team.slug}/improvements/tracker/"
    owner_client.post(f"{page}test/")
    found = re.findall(
        r'<button [^>]*aria-label="Send test of ([^"<>]+) again">Send again</button>', read(owner_client, page)
    )
    assert [" UTC" in words for words in found] == [True]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"url": "ftp://x", "events": ["improvement.created"]}, "must begin with https:// or http://"),
        ({"url": "http://10.0.0.8/", "events": ["improvement.created"]}, "an address inside this network"),
        ({"url": "https://issues.example/", "events": []}, "at least one event"),
        ({"url": "https://issues.example/", "events": ["all"]}, "at least one event"),
    ],
)
def test_settings_that_cannot_be_saved_say_why(team, owner_client, told, reason) -> None:
    response = owner_client.post(f"/t/{team.slug}/improvements/tracker/", told)
    assert response.status_code == 422
    assert reason in response.content.decode()


def test_only_who_manages_keys_sets_it_up(client: Client, team, stranger_client, member_client, secret) -> None:
    page = f"/t/{team.slug}/improvements/tracker/"
    assert stranger_client.get(page).status_code == 404
    assert client.get(page).status_code == 302
    assert member_client.get(f"{page}test/").status_code == 405
    assert stranger_client.post(f"{page}remove/").status_code == 404
    assert member_client.post(f"{page}{team.id}/again/").status_code == 404
