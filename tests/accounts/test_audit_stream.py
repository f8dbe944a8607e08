"""Following the audit log: no event is missed, in whatever order transactions end; it is pushed signed and in order."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.audit import record
from accounts.models import AuditEvent, AuditPlace, AuditStream, AuditStreamDue, Team
from accounts.reads.audit_stream import Cursor, backlog_of, read_cursor
from accounts.services.audit_places import place_events
from accounts.services.audit_sending import CLAIM, send_due
from accounts.services.audit_stream import save_stream
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from monitoring.store.clearing import remove_events
from tests.factories import ApiKeyFactory
from tests.receivers import Answer, TestReceiver, receiving

pytestmark = pytest.mark.django_db
PAGE = "/t/harbour/settings/audit-stream/"
STREAM = "/api/v1/audit-events/stream/"


def happen(team: Team, *numbers: int, at: Any = None) -> None:
    with team_context(team.id):
        for number in numbers:
            record("budget.changed", ("budget", number, f"Budget {number}"), at=at)


def follow(key: str, after: str = "", limit: int = 1_000) -> tuple[list[dict[str, Any]], str]:
    answer = Client().get(f"{STREAM}?limit={limit}&after={after}", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return [json.loads(line) for line in body.splitlines()], answer["X-Next-After"]


def numbers(lines: list[dict[str, Any]]) -> list[str]:
    return [one["target_id"] for one in lines]


@pytest.fixture
def key(team: Team) -> str:
    return ApiKeyFactory(team=team).text  # type: ignore[attr-defined, no-any-return]


@pytest.mark.django_db(transaction=True)
def test_an_event_of_a_transaction_that_ends_later_is_not_skipped(team: Team, key: str) -> None:
    began, go = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with team_context(team.id):
                record("slow", ("budget", "slow", ""))
                began.set()
                go.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert began.wait(60)
    happen(team, 1)
    lines, after = follow(key)
    assert numbers(lines) == ["1"]
    go.set()
    thread.join()
    happen(team, 2)
    lines, after = follow(key, after)
    assert [(one["position"], one["target_id"]) for one in lines] == [(2, "slow"), (3, "2")]
    assert lines[0]["at"] < "9999"
    assert follow(key, after) == ([], after)


def test_positions_have_no_gaps_and_pages_miss_nothing(team: Team, key: str, other_team: NewTeam) -> None:
    happen(other_team.team, 99)
    happen(team, *range(7))
    told, after = [], ""
    for _ in range(4):
        lines, after = follow(key, after, limit=2)
        told += lines
    assert [one["position"] for one in told] == list(range(1, 8))
    assert numbers(told) == [str(number) for number in range(7)]


def test_a_cursor_of_a_copy_that_was_lost_goes_on_by_its_time(team: Team, key: str) -> None:
    happen(team, 1, 2)
    lines, after = follow(key)
    cursor = read_cursor(after)
    assert cursor is not None
    # A backup of before the second event was restored, and other events came since.
    with team_context(team.id):
        AuditPlace.objects.filter(place=2).delete()
        lost = AuditEvent.objects.get(target_id="2")
    lost_cursor = Cursor(1, cursor.at, lost.id).text()
    happen(team, 3)
    assert numbers(follow(key, lost_cursor)[0]) == ["3"]
    old = Cursor(None, cursor.at, cursor.id)
    assert read_cursor(old.text()) is not None
    assert len(lines) == 2


@pytest.mark.parametrize("text", ["x", "MSAy", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5IDIwMjYtMDEtMDFUMDA6MDA6MDArMDA6MDAgeA"])
def test_what_is_no_cursor_is_refused(key: str, text: str) -> None:
    answer = Client().get(f"{STREAM}?after={text}", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 400


def test_numbers_go_on_after_retention_removed_all_events(team: Team, key: str) -> None:
    now = timezone.now()
    happen(team, 1, 2, at=now - timedelta(days=400))
    _, after = follow(key)
    assert remove_events(team.id, now - timedelta(days=365)) == 2
    happen(team, 3)
    lines, _ = follow(key, after)
    assert [(one["position"], one["target_id"]) for one in lines] == [(3, "3")]


@pytest.fixture
def receiver(settings: Any) -> Iterator[TestReceiver]:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)
    with receiving() as found:
        yield found


def push(team: Team, receiver: TestReceiver, **more: Any) -> str:
    with team_context(team.id):
        return save_stream(team_id=team.id, url=f"{receiver.url}/siem", is_active=True, now=timezone.now(), **more)[1]


def send(seconds: float = 0) -> int:
    return send_due(timezone.now() + timedelta(seconds=seconds), seconds=20)


def stream(team: Team) -> AuditStream:
    with team_context(team.id):
        return AuditStream.objects.get()


def lines_of(receiver: TestReceiver) -> list[dict[str, Any]]:
    return [json.loads(line) for got in receiver.got for line in got.body.decode().splitlines()]


def test_events_are_pushed_signed_in_order_and_once(team: Team, receiver: TestReceiver) -> None:
    happen(team, 0)
    secret = push(team, receiver)
    happen(team, 1, 2)
    assert send() == 1
    (got,) = receiver.got
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    assert got.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert got.headers["content-type"] == "application/x-ndjson"
    told = lines_of(receiver)
    assert [(one["position"], one["target_id"]) for one in told] == [(2, "1"), (3, "2")]
    assert send(10) == 0
    happen(team, 3)
    assert send(20) == 1
    assert [one["position"] for one in lines_of(receiver)] == [2, 3, 4]


def test_an_array_is_what_the_libraries_of_standard_webhooks_read(team: Team, receiver: TestReceiver) -> None:
    secret = push(team, receiver, format="array")
    happen(team, 1, 2)
    assert send() == 1
    (got,) = receiver.got
    assert numbers(Webhook(secret).verify(got.body, got.headers)) == ["1", "2"]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body + b" ", got.headers)
    assert got.headers["content-type"] == "application/json"


def test_the_whole_log_is_pushed_where_that_is_wanted(team: Team, receiver: TestReceiver) -> None:
    happen(team, 0, at=timezone.now() - timedelta(days=100))
    push(team, receiver, from_start=True)
    send()
    assert numbers(lines_of(receiver)) == ["0"]


def test_what_fails_waits_is_shown_and_arrives_in_order(
    team: Team, receiver: TestReceiver, owner_client: Client
) -> None:
    push(team, receiver)
    happen(team, 1)
    receiver.answer = lambda received, number: Answer(403 if number == 0 else 503 if number == 1 else 200)
    assert send() == 1
    assert (stream(team).tries, stream(team).last_error) == (1, "It answered 403: {}")
    happen(team, 2)
    with team_context(team.id):
        place_events(team.id)
        assert backlog_of(stream(team)).count == 2
    page = " ".join(owner_client.get(PAGE).content.decode().split())
    assert "2 events wait" in page
    assert "It answered 403" in page
    assert send() == 0
    assert send(1_000) == 1
    assert send(2_000) == 1
    assert (stream(team).tries, stream(team).last_error, stream(team).sent_place) == (0, "", 2)
    assert numbers(lines_of(receiver)) == ["1", "1", "2", "1", "2"]


def test_a_killed_worker_loses_nothing(team: Team, receiver: TestReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    push(team, receiver)
    happen(team, 1)

    def killed(*told: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("accounts.services.audit_sending._settle", killed)
        with pytest.raises(KeyboardInterrupt):
            send()
    assert send() == 0
    assert send(CLAIM.total_seconds() + 1) == 1
    assert numbers(lines_of(receiver)) == ["1", "1"]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1


def test_nothing_leaves_while_the_operator_or_the_team_switched_it_off(
    team: Team, receiver: TestReceiver, settings: Any
) -> None:
    push(team, receiver)
    happen(team, 1)
    settings.OUTGOING_OFF = frozenset({"audit"})
    send()
    assert "switched Audit stream off" in stream(team).last_error
    settings.OUTGOING_OFF = frozenset()
    with team_context(team.id):
        save_stream(team_id=team.id, url=f"{receiver.url}/siem", is_active=False, now=timezone.now())
    assert send(10) == 0
    assert receiver.got == []
    push(team, receiver)
    assert send(20) == 1


def test_an_address_inside_the_network_is_refused(team: Team, owner_client: Client) -> None:
    answer = owner_client.post(PAGE, {"url": "http://127.0.0.1:1/", "is_active": "on"})
    assert answer.status_code == 422
    assert "an address inside this network" in answer.content.decode()
    assert not AuditStreamDue.objects.exists()


def test_the_page_sets_tries_renews_and_removes(team: Team, owner_client: Client, receiver: TestReceiver) -> None:
    answer = owner_client.post(PAGE, {"url": f"{receiver.url}/siem", "is_active": "on"})
    assert "whsec_" in answer.content.decode()
    assert "whsec_" not in owner_client.get(PAGE).content.decode()
    assert owner_client.post(f"{PAGE}test/", follow=True).status_code == 200
    assert lines_of(receiver)[0]["action"] == "audit_stream.test"
    assert "whsec_" in owner_client.post(f"{PAGE}secret/").content.decode()
    assert owner_client.post(f"{PAGE}remove/").status_code == 302
    assert owner_client.post(f"{PAGE}remove/").status_code == 404
    with team_context(team.id):
        told = list(AuditEvent.objects.order_by("at").values_list("action", "after__secret"))
    assert told[0] == ("audit_stream.added", "(set)")
    assert ("audit_stream.changed", "(changed)") in told
    assert told[-1][0] == "audit_stream.removed"


def test_only_who_sees_the_log_may_push_it(
    member_client: Client, stranger_client: Client, owner_client: Client, team: Team
) -> None:
    assert owner_client.get(PAGE).status_code == 200
    assert member_client.get(PAGE).status_code == 404
    assert stranger_client.get(PAGE).status_code == 404


def test_the_api_sets_and_removes_it(team: Team, key: str, receiver: TestReceiver) -> None:
    about: dict[str, Any] = {"headers": {"authorization": f"Bearer {key}"}, "content_type": "application/json"}
    address = "/api/v1/audit-stream/"
    assert Client().get(address, headers=about["headers"]).status_code == 404
    told = {"url": f"{receiver.url}/siem"}
    made = Client().put(address, json.dumps(told), **about)
    assert (made.status_code, made.json()["secret"][:6]) == (201, "whsec_")
    again = Client().put(address, json.dumps({**told, "is_active": False}), **about)
    assert (again.status_code, again.json()["is_active"], "secret" in again.json()) == (200, False, False)
    assert Client().post(f"{address}secret/", **about).json()["secret"] != made.json()["secret"]
    refused = Client().put(address, json.dumps({"url": "ftp://x"}), **about)
    assert refused.json()["errors"][0]["field"] == "url"
    assert Client().delete(address, **about).status_code == 204
    reader = ApiKeyFactory(team=team, scopes=["audit"])
    headers = {"authorization": f"Bearer {reader.text}"}  # type: ignore[attr-defined]
    assert Client().get(address, headers=headers).status_code == 403
