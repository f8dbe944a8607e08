"""The log of the installation pushed to a SIEM: signed, in order, none missed, tried again."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.audit import record_for_installation
from accounts.models import InstallationEvent, InstallationPlace, InstallationStream, Team
from accounts.services import installation_sending
from accounts.services.installation_sending import KEPT, REACH, send_due
from accounts.signing import new_secret
from accounts.tasks import send_audit_events
from config.administration.installation import read_facts
from tests.receivers import Answer, TestReceiver, receiving

pytestmark = pytest.mark.django_db
SECRET = new_secret()


@pytest.fixture
def siem(settings: Any) -> Iterator[TestReceiver]:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)
    with receiving() as receiver:
        settings.AUDIT_STREAM = {"url": f"{receiver.url}/audit", "secret": SECRET, "format": "lines"}
        yield receiver


def happen(*names: str, **told: Any) -> None:
    for name in names:
        record_for_installation("user.changed", ("user", "", name), **told)


def push() -> int:
    InstallationStream.objects.update(due_at=timezone.now())
    return send_due(timezone.now(), seconds=5)


def lines(receiver: TestReceiver) -> list[dict[str, Any]]:
    return [json.loads(line) for got in receiver.got for line in got.body.splitlines()]


def fact() -> tuple[str, bool]:
    (found,) = [one for one in read_facts(timezone.now()) if one.label == "Log of the installation"]
    return found.value, found.is_bad


def test_what_happens_from_then_on_is_pushed_signed_and_numbered(siem: TestReceiver, team: Team) -> None:
    happen("before")
    assert push() == 0
    happen("one", "two", about_team=team.id)
    happen("three")
    assert fact() == ("pushed to 127.0.0.1; nothing was sent yet", False)
    assert push() == 1
    found = lines(siem)
    assert [(one["position"], one["target_name"]) for one in found] == [(1, "one"), (2, "two"), (3, "three")]
    assert [one["about_team"] for one in found] == [str(team.id), str(team.id), None]
    assert found[0]["action"] == "user.changed"
    (got,) = siem.got
    assert got.headers["content-type"] == "application/x-ndjson"
    assert got.headers["webhook-id"] == "audit_installation_1_3"
    at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    signature = Webhook(SECRET).sign(got.headers["webhook-id"], at, got.body.decode())
    assert got.headers["webhook-signature"] == signature
    assert "pushed to 127.0.0.1, last at " in fact()[0]
    assert push() == 0
    happen("four")
    push()
    assert lines(siem)[-1]["position"] == 4


def test_as_an_array_a_library_verifies_it(siem: TestReceiver, settings: Any) -> None:
    settings.AUDIT_STREAM = {**settings.AUDIT_STREAM, "format": "array"}
    push()
    happen("one")
    push()
    told = Webhook(SECRET).verify(siem.got[0].body, siem.got[0].headers)
    assert [one["target_name"] for one in told] == ["one"]


def test_what_is_not_taken_is_sent_again(siem: TestReceiver) -> None:
    push()
    happen("one")
    siem.answer = lambda received, number: Answer(503 if number == 0 else 200)
    assert push() == 1
    stream = InstallationStream.objects.get()
    assert (stream.tries, stream.sent_place, stream.due_at > timezone.now()) == (1, 0, True)
    value, is_bad = fact()
    assert is_bad
    assert "503" in value
    happen("two")
    assert push() == 1
    assert [one["target_name"] for one in lines(siem)] == ["one", "one", "two"]
    stream.refresh_from_db()
    assert (stream.tries, stream.last_error, stream.sent_place) == (0, "", 2)


def test_requests_are_bounded(siem: TestReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation_sending, "MAX_LINES", 2)
    push()
    happen("one", "two", "three", "four", "five")
    assert push() == 3
    assert [len(got.body.splitlines()) for got in siem.got] == [2, 2, 1]
    monkeypatch.setattr(installation_sending, "MAX_BYTES", 10)
    happen("six", "seven")
    assert push() == 2
    assert [one["position"] for one in lines(siem)] == list(range(1, 8))


@pytest.mark.django_db(transaction=True)
def test_an_event_of_a_transaction_that_ends_later_is_not_skipped(siem: TestReceiver) -> None:
    began, go = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                happen("slow")
                began.set()
                go.wait(60)
        finally:
            connection.close()

    push()
    thread = threading.Thread(target=slow)
    thread.start()
    assert began.wait(60)
    happen("quick")
    push()
    go.set()
    thread.join()
    push()
    assert [(one["position"], one["target_name"]) for one in lines(siem)] == [(1, "quick"), (2, "slow")]


def test_one_worker_sends_at_a_time(siem: TestReceiver) -> None:
    push()
    happen("one")
    InstallationStream.objects.update(due_at=timezone.now() + timedelta(seconds=30))
    assert send_due(timezone.now(), seconds=5) == 0
    assert siem.got == []


def test_numbers_of_long_ago_are_forgotten_and_their_events_not_sent_again(siem: TestReceiver) -> None:
    push()
    long_ago = timezone.now() - REACH - KEPT
    InstallationStream.objects.update(since=long_ago - timedelta(days=1))
    told = {"actor_kind": "system", "actor_name": "Steadyrun", "action": "user.changed", "via": "task"}
    old = InstallationEvent.objects.create(at=long_ago, target_name="old", **told)
    InstallationPlace.objects.create(id=old.id, place=1, at=long_ago)
    InstallationStream.objects.update(sent_place=1)
    happen("new")
    push()
    assert [one["target_name"] for one in lines(siem)] == ["new"]
    assert [one.place for one in InstallationPlace.objects.all()] == [2]


def test_nothing_is_sent_without_an_address_or_when_it_is_switched_off(siem: TestReceiver, settings: Any) -> None:
    push()
    happen("one")
    settings.OUTGOING_OFF = frozenset({"audit"})
    push()
    assert siem.got == []
    assert "switched Audit stream off" in InstallationStream.objects.get().last_error
    settings.OUTGOING_OFF = frozenset()
    settings.AUDIT_STREAM = {**settings.AUDIT_STREAM, "url": ""}
    assert push() == 0
    assert fact() == ("pushed nowhere: AUDIT_STREAM_URL is not set", False)
    assert siem.got == []


def test_an_address_inside_the_network_is_not_called(siem: TestReceiver, settings: Any) -> None:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ()
    push()
    happen("one")
    push()
    assert siem.got == []
    assert "inside this network" in InstallationStream.objects.get().last_error


def test_the_task_sends_it(siem: TestReceiver) -> None:
    push()
    happen("one")
    InstallationStream.objects.update(due_at=timezone.now())
    send_audit_events()
    assert [one["target_name"] for one in lines(siem)] == ["one"]
