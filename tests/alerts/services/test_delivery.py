"""Sending what the outbox holds: once where all is well, at least once where not, each channel by itself, in order."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.encryption import encrypt
from accounts.retrying import KEPT, MOST_TRIES
from accounts.tenancy import team_context
from alerts.analysis.notices import NoticeKind
from alerts.channels.webhook import new_secret
from alerts.models import AlertDelivery, AlertDeliveryDue, Channel, ChannelDue, ChannelMessage, IncidentEventKind
from alerts.services import claims
from alerts.services.delivery import send_due
from alerts.services.outbox import Outgoing, queue_all, requeue
from alerts.services.settling import remove_old
from monitoring.models import RetentionRun
from tests.alerts.telling import channel, event, hurry, incident, kept, notice, send
from tests.receivers import Answer, TestReceiver, receiving

pytestmark = pytest.mark.django_db


def hook(team, url: str, name: str = "On call", **fields: object) -> Channel:
    with team_context(team.id):
        secrets = encrypt(json.dumps({"secret": new_secret()}))
        return channel(team, name, settings={"url": url}, secrets=secrets, **fields)


def new_incident(team):
    with team_context(team.id):
        return incident(team)


def story(team, one: Channel, about, *kinds: IncidentEventKind) -> list:
    with team_context(team.id):
        told = [
            Outgoing([one.id], notice(NoticeKind(kind.value), key=str(about.id)), about.id, event(about, kind).id)
            for kind in kinds
        ]
        return queue_all(team.id, told, timezone.now())


def types(receiver: TestReceiver) -> list[str]:
    return [json.loads(got.body)["type"].removeprefix("incident.") for got in receiver.got]


STORY = (IncidentEventKind.OPENED, IncidentEventKind.ACKNOWLEDGED, IncidentEventKind.RESOLVED)


def test_what_is_due_is_sent_once_and_noted(team, receiver) -> None:
    one = hook(team, receiver.url)
    id = send(team, one)
    assert send_due() == 1
    assert send_due() == 0
    found = kept(team, id)
    assert (found.status, found.tries, found.answer_status, found.last_error) == ("sent", 1, 200, "")
    assert found.sent_at is not None
    assert not AlertDeliveryDue.objects.exists()
    with team_context(team.id):
        assert Channel.objects.get().last_success_at is not None


def test_notices_of_an_incident_keep_their_order_through_faults(team, receiver) -> None:
    receiver.answer = lambda received, number: Answer(503 if number in (0, 2) else 200)
    one, about = hook(team, receiver.url), new_incident(team)
    story(team, one, about, *STORY)
    for _ in range(5):
        hurry()
        send_due()
    assert types(receiver) == ["opened", "opened", "acknowledged", "acknowledged", "resolved"]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 3


def test_one_unfit_notice_holds_up_its_incident_only(team, receiver) -> None:
    bad, good = new_incident(team), new_incident(team)
    receiver.answer = lambda received, number: Answer(400 if str(bad.id).encode() in received.body else 200)
    one = hook(team, receiver.url)
    story(team, one, bad, *STORY[:2])
    story(team, one, good, *STORY)
    assert send_due() == 4
    assert types(receiver) == ["opened", *(kind.value for kind in STORY)]


def test_what_is_held_back_is_not_sent_before_its_time(team, receiver) -> None:
    one, about = hook(team, receiver.url), new_incident(team)
    story(team, one, about, IncidentEventKind.OPENED)
    AlertDeliveryDue.objects.update(due_at=timezone.now() + timedelta(hours=7))
    story(team, one, about, IncidentEventKind.RESOLVED)
    assert send_due() == 0, "resolved may not come before opened"
    hurry()
    assert send_due() == 2
    assert types(receiver) == ["opened", "resolved"]


def test_a_passing_fault_rests_the_channel_with_the_same_id_later(team, receiver) -> None:
    receiver.answer = lambda received, number: Answer(500 if number == 0 else 200, b"broken")
    one = hook(team, receiver.url)
    ids = [send(team, one), send(team, one)]
    assert send_due() == 1, "the second one waits, too: the receiver is down"
    found = kept(team, ids[0])
    assert (found.status, found.tries, found.answer_status) == ("waiting", 1, 500)
    assert found.last_error == "It answered 500: broken"
    hurry()
    assert send_due() == 2
    assert {kept(team, id).status for id in ids} == {"sent"}
    first = receiver.got[0].headers["webhook-id"]
    assert [got.headers["webhook-id"] for got in receiver.got].count(first) == 2


def test_retry_after_is_kept_to(team, receiver) -> None:
    receiver.answer = lambda received, number: Answer(429, b"", {"Retry-After": "900"})
    one = hook(team, receiver.url)
    send(team, one)
    send_due()
    left = ChannelDue.objects.get().next_at - timezone.now()
    assert timedelta(seconds=880) < left <= timedelta(seconds=900)


def test_after_a_day_of_faults_it_is_a_dead_letter_and_can_be_sent_again(team, receiver) -> None:
    receiver.answer = lambda received, number: Answer(503)
    one = hook(team, receiver.url)
    ids = [send(team, one) for _ in range(30)]
    AlertDeliveryDue.objects.update(since=timezone.now() - KEPT - timedelta(minutes=1))
    assert send_due() == 1
    assert {kept(team, id).status for id in ids} == {"failed"}
    assert {kept(team, id).last_error for id in ids} == {"It answered 503: {}"}
    assert not AlertDeliveryDue.objects.exists()
    receiver.answer = lambda received, number: Answer(200)
    hurry()
    with team_context(team.id):
        assert requeue(team.id, list(AlertDelivery.objects.all()), timezone.now()) == 30
        assert requeue(team.id, list(AlertDelivery.objects.all()), timezone.now()) == 0
    assert send_due() == 30
    assert {kept(team, id).status for id in ids} == {"sent"}
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 30


def test_what_is_refused_for_good_is_given_up_after_few_tries(team, receiver) -> None:
    receiver.answer = lambda received, number: Answer(404, b"no such hook")
    one = hook(team, receiver.url)
    id = send(team, one)
    for _ in range(MOST_TRIES):
        hurry()
        assert send_due() == 1
    assert send_due() == 0
    found = kept(team, id)
    assert (found.status, found.tries, found.last_error) == ("failed", MOST_TRIES, "It answered 404: no such hook")


def test_a_worker_killed_between_send_and_note_makes_one_duplicate_with_the_same_id(
    team, receiver, monkeypatch
) -> None:
    one = hook(team, receiver.url)
    id = send(team, one)

    def killed(*told: object, **more: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("alerts.services.delivery.record", killed)
        with pytest.raises(SystemExit):
            send_due()
    assert len(receiver.got) == 1
    assert send_due() == 0, "its claim still runs"
    ChannelDue.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert send_due() == 1
    assert send_due() == 0
    assert len(receiver.got) == 2
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert kept(team, id).status == "sent"


def test_a_worker_that_lost_its_claim_does_not_go_on(team, receiver) -> None:
    one = hook(team, receiver.url)
    send(team, one)
    now = timezone.now()
    (held,) = claims.claim(now, limit=1, failing=False)
    assert claims.claim(now, limit=1, failing=False) == []
    later = now + claims.CLAIM + timedelta(seconds=1)
    (taken,) = claims.claim(later, limit=1, failing=False)
    assert claims.next_turn(held, later) is None
    claims.release(held, later)
    assert ChannelDue.objects.get().claimed_until == taken.until


def test_a_channel_that_never_answers_holds_up_no_other(team, receiver, monkeypatch) -> None:
    monkeypatch.setattr("alerts.services.sending.SECONDS", 3.0)
    let_go = threading.Event()
    arrived: list[float] = []
    began = time.monotonic()

    def note(received: object, number: int) -> Answer:
        arrived.append(time.monotonic() - began)
        return Answer(200)

    receiver.answer = note
    with receiving() as silent:
        silent.answer = lambda received, number: Answer(204 if let_go.wait(10) else 500)
        for number in range(4):
            send(team, hook(team, silent.url, f"dead {number}"))
        one = hook(team, receiver.url)
        for _ in range(3):
            send(team, one)
        began = time.monotonic()
        assert send_due(1.0) == 7
        let_go.set()
    assert len(arrived) == 3
    assert max(arrived) < 2.5, "before any of the silent ones was given up"
    with team_context(team.id):
        reasons = set(Channel.objects.filter(name__startswith="dead").values_list("last_error", flat=True))
    assert reasons == {"No answer within 3 s."}


def test_channels_that_fail_leave_places_for_those_that_work(team, receiver) -> None:
    now = timezone.now()
    failing = [hook(team, "http://127.0.0.1:9/", f"failing {number}") for number in range(12)]
    working = [hook(team, receiver.url, f"working {number}") for number in range(6)]
    for one in [*failing, *working]:
        send(team, one)
    ChannelDue.objects.filter(channel_id__in=[one.id for one in failing]).update(failures=3)
    later = now + timedelta(minutes=1)
    assert len(claims.claim(later, limit=8, failing=False)) == 6
    assert len(claims.claim(later, limit=2, failing=True)) == 2


def test_a_thousand_for_one_channel_do_not_starve_another_and_go_as_fast_as_it_takes_them(team, receiver) -> None:
    with receiving() as busy:
        busy.answer = lambda received, number: Answer(429, b"", {"Retry-After": "30"}) if number == 20 else Answer(200)
        one, other = hook(team, busy.url, "busy"), hook(team, receiver.url, "other")
        with team_context(team.id):
            about = incident(team)
            told = [Outgoing([one.id], notice(), about.id, event(about).id) for _ in range(1_000)]
            queue_all(team.id, told, timezone.now())
        send(team, other)
        send_due(15.0)
        assert len(busy.got) == 21
    assert len(receiver.got) == 1
    assert AlertDeliveryDue.objects.filter(channel_id=one.id).count() == 980


def test_a_channel_that_is_switched_off_keeps_what_waits_for_a_day(team, receiver) -> None:
    one = hook(team, receiver.url)
    ids = [send(team, one), send(team, one)]
    with team_context(team.id):
        Channel.objects.update(is_active=False)
    assert send_due() == 0
    assert kept(team, ids[0]).last_error == "The channel is switched off."
    with team_context(team.id):
        Channel.objects.update(is_active=True)
    hurry()
    assert send_due() == 2


def test_what_cannot_be_read_any_more_stops_nothing(team, receiver) -> None:
    one = hook(team, receiver.url)
    broken, good = send(team, one), send(team, one)
    with team_context(team.id):
        AlertDelivery.objects.filter(id=broken).update(notice={"kind": "nonsense"})
    assert send_due() == 1
    assert kept(team, good).status == "sent"
    assert kept(team, broken).last_error == "What was kept of it cannot be read."


def test_secrets_of_another_key_are_told_and_tried_again_later(team, receiver, settings) -> None:
    one = hook(team, receiver.url)
    id = send(team, one)
    settings.SECRET_KEY = "another one that is long enough for this"
    assert send_due() == 0
    assert "Enter them again" in kept(team, id).last_error


def test_a_removed_incident_or_channel_leaves_nothing_behind(team, receiver) -> None:
    one, about = hook(team, receiver.url), new_incident(team)
    send(team, one, about=about)
    with team_context(team.id):
        about.delete()
    assert send_due() == 0
    assert not AlertDeliveryDue.objects.exists()


def test_deliveries_are_kept_for_a_month_and_while_they_wait(team, receiver) -> None:
    one = hook(team, receiver.url)
    ids = [send(team, one), send(team, one)]
    with team_context(team.id):
        AlertDelivery.objects.update(created_at=timezone.now() - timedelta(days=31))
        AlertDelivery.objects.filter(id=ids[0]).update(status="sent")
        remove_old(team.id, timezone.now())
        assert list(AlertDelivery.objects.values_list("id", flat=True)) == [ids[1]]
        assert list(RetentionRun.objects.values_list("kind", "limit_days", "row_count")) == [("deliveries", 30, 1)]


def test_the_message_of_an_incident_goes_with_it(team, receiver) -> None:
    one, about = hook(team, receiver.url), new_incident(team)
    send(team, one, about=about)
    send_due()
    with team_context(team.id):
        assert not ChannelMessage.objects.exists(), "a webhook has no message that could be changed"
