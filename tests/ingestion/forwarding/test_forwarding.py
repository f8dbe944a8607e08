"""From a report to a receiver: through the outbox, with faults on the way."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from accounts.models import Team
from accounts.retrying import MOST_TRIES
from accounts.tenancy import team_context
from ingestion import tasks
from ingestion.forwarding import outbox, sending
from ingestion.forwarding.outbox import forget_destinations, tidy, trim, waiting
from ingestion.intake import take_in
from ingestion.kinds import SourceKind
from ingestion.models import Destination, DestinationKind, OutboxEntry, OutboxItem, OutboxSchedule
from ingestion.records import Decoded, ExecutionReport, LooseLine, Rejection
from ingestion.services.destinations import Wanted, add_destination, delete_destination, switch_destination
from ingestion.sources import SourceInfo
from monitoring.models import Execution
from monitoring.statuses import Status
from tests.factories import NOW, report
from tests.receivers import Answer, TestReceiver, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> Iterator[None]:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)
    forget_destinations()
    yield
    forget_destinations()


@pytest.fixture
def receiver() -> Iterator[TestReceiver]:
    with receiving() as found:
        yield found


def destination(team: Team, url: str, **fields: Any) -> Destination:
    told = {"kind": DestinationKind.ELASTIC, "name": "Sink", "url": url, **fields}
    with team_context(team.id):
        return add_destination(team.id, Wanted(**told), timezone.now())


def bring(team: Team, *reports: ExecutionReport, lines: int = 0, **more: Any) -> None:
    """Takes reports in as a request does."""
    source = SourceInfo(team_id=team.id, id=uuid4(), kind=SourceKind.REST)
    loose = [(100 + number, LooseLine(message=f"line {number}", at=NOW)) for number in range(lines)]
    decoded = Decoded(reports=list(enumerate(reports)), lines=loose, **more)
    take_in(source, decoded, now=timezone.now(), byte_count=0)


def ready() -> None:
    """The pause of every destination is over."""
    OutboxSchedule.objects.update(next_at=timezone.now())


def state(team: Team) -> tuple[int, int, Destination]:
    """How many entries and items there are, and the only destination."""
    with team_context(team.id):
        return OutboxEntry.objects.count(), OutboxItem.objects.count(), Destination.objects.get()


def ids(received: Any) -> list[str]:
    lines = [msgspec.json.decode(line) for line in received.body.splitlines()]
    return [line["doc"]["id"] for line in lines if "doc" in line and "id" in line["doc"]]


def test_what_is_accepted_is_sent_on(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url, headers={"Authorization": "ApiKey secret"})
    bring(team, report(id="a"), report(id="b"))
    assert state(team)[:2] == (1, 1)
    assert sending.send_due() == 1
    (got,) = receiver.got
    assert (got.path, got.headers["authorization"], ids(got)) == ("/_bulk", "ApiKey secret", ["a", "b"])
    entries, items, found = state(team)
    assert (entries, items, found.sent_count, found.dropped_count, found.last_error) == (0, 0, 1, 0, "")
    assert found.last_success_at is not None
    assert sending.send_due() == 0


def test_several_requests_go_together_and_one_item_serves_all_destinations(team: Team, receiver: TestReceiver) -> None:
    first, second = destination(team, receiver.url), destination(team, receiver.url + "/other")
    for number in range(3):
        bring(team, report(id=str(number)))
    with team_context(team.id):
        assert (OutboxEntry.objects.count(), OutboxItem.objects.count()) == (6, 3)
        assert waiting(team.id)[first.id].requests == waiting(team.id)[second.id].requests == 3
    sending.send_due()
    assert sorted(got.path for got in receiver.got) == ["/_bulk", "/other/_bulk"]
    assert all(ids(got) == ["0", "1", "2"] for got in receiver.got)
    with team_context(team.id):
        assert (OutboxEntry.objects.count(), OutboxItem.objects.count()) == (0, 0)


def test_without_a_destination_nothing_is_kept(team: Team) -> None:
    bring(team, report())
    assert OutboxEntry.objects.count() == 0
    with CaptureQueriesContext(connection) as queries:
        bring(team, report())
    assert not [query for query in queries if "destination" in query["sql"] or "outbox" in query["sql"]]


def test_what_changed_nothing_is_not_sent_again(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    same = report(id="same")
    bring(team, same)
    bring(team, same)
    assert state(team)[0] == 1


def test_what_was_rejected_is_not_sent_on(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    bring(team, report(id="good"), lines=1, rejected=[Rejection(index=7, field="x", reason="y")])
    sending.send_due()
    assert ids(receiver.got[0]) == ["good"]
    assert b"line 0" in receiver.got[0].body


def test_a_failed_transaction_leaves_nothing_behind(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    with team_context(team.id):
        bring(team, report())
        assert OutboxItem.objects.count() == 1
        transaction.set_rollback(True)
    assert state(team)[:2] == (0, 0)


def test_the_answer_to_the_sender_does_not_wait(team: Team, api_key: str) -> None:
    destination(team, "http://10.255.255.1/")
    body = msgspec.json.encode({"id": "a", "workflow": "w", "status": "success"})
    answer = Client(headers={"authorization": f"Bearer {api_key}"}).post(
        "/api/v1/executions", body, content_type="application/json"
    )
    assert answer.status_code in {200, 202}
    assert state(team)[0] == 1
    assert "inside this network" not in state(team)[2].last_error


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_fault_is_tried_again(team: Team, receiver: TestReceiver, status: int) -> None:
    destination(team, receiver.url)
    bring(team, report(id="a"))
    receiver.answer = lambda told, number: Answer(status if number < 2 else 200, b"busy")
    for _ in range(3):
        sending.send_due()
        ready()
    entries, _, found = state(team)
    assert (len(receiver.got), entries, found.sent_count, found.dropped_count) == (3, 0, 1, 0)


def test_pauses_grow_and_retry_after_is_honoured(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    bring(team, report())
    receiver.answer = lambda told, number: Answer(503, b"", {"Retry-After": "900"} if number == 2 else {})
    pauses = []
    for _ in range(3):
        sending.send_due()
        schedule = OutboxSchedule.objects.get()
        assert schedule.claimed_until is None
        pauses.append((schedule.next_at - timezone.now()).total_seconds())
        ready()
    assert 0 < pauses[0] <= 2 < pauses[2]
    assert 1.5 < pauses[1] <= 4
    assert 895 < pauses[2] <= 900
    assert state(team)[2].last_error == "It answered 503"


def test_nobody_there_is_a_passing_fault(team: Team) -> None:
    destination(team, "http://127.0.0.1:9/")
    bring(team, report())
    sending.send_due()
    entries, _, found = state(team)
    assert entries == 1
    assert "No connection" in found.last_error
    assert OutboxSchedule.objects.get().failures == 1


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_a_refusal_is_given_up_after_a_few_tries(team: Team, receiver: TestReceiver, status: int) -> None:
    destination(team, receiver.url)
    bring(team, report())
    receiver.answer = lambda told, number: Answer(status, b'{"error": "bad token"}')
    for _ in range(MOST_TRIES + 1):
        sending.send_due()
        ready()
    entries, items, found = state(team)
    assert (len(receiver.got), entries, items, found.dropped_count) == (MOST_TRIES, 0, 0, 1)
    assert f"It answered {status}" in found.last_error
    assert "bad token" in found.last_error


@pytest.mark.parametrize("status", [400, 413])
def test_one_bad_request_holds_up_no_other(team: Team, receiver: TestReceiver, status: int) -> None:
    destination(team, receiver.url)
    for number in range(9):
        bring(team, report(id=f"id-{number}"))
    receiver.answer = lambda told, number: Answer(status if b"id-4" in told.body else 200)
    sending.send_due()
    entries, _, found = state(team)
    assert (entries, found.sent_count) == (1, 8)
    for _ in range(MOST_TRIES):
        ready()
        sending.send_due()
    entries, items, found = state(team)
    assert (entries, items, found.sent_count, found.dropped_count) == (0, 0, 8, 1)


def test_elasticsearch_refuses_single_items_in_a_success(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    bring(team, report(id="a"))
    error = {"type": "mapper_parsing_exception", "reason": "no"}
    told = {"errors": True, "items": [{"update": {"status": 400, "error": error}}]}
    receiver.answer = lambda _, number: Answer(200, msgspec.json.encode(told))
    sending.send_due()
    entries, _, found = state(team)
    assert (entries, found.last_error) == (1, "mapper_parsing_exception: no")


def test_a_claim_of_a_killed_worker_runs_out(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    bring(team, report())
    now = timezone.now()
    assert len(sending.claim(now, 8)) == 1
    assert sending.claim(now, 8) == []
    assert len(sending.claim(now + sending.CLAIM + timedelta(seconds=1), 8)) == 1


def test_a_visit_that_goes_on_keeps_its_claim(
    team: Team, receiver: TestReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also longer than a claim lasts: nobody else comes meanwhile, and what was sent is sent once."""
    monkeypatch.setattr(sending, "RENEWAL_SECONDS", 0.0)
    destination(team, receiver.url)
    bring(team, report())
    until: list[Any] = []

    def answer(_received: Any, _number: int) -> Answer:
        time.sleep(1.3)
        return Answer()

    receiver.answer = answer
    original = sending.renew

    def renew(shipments: Any, now: datetime) -> None:
        original(shipments, now)
        until.append((now, OutboxSchedule.objects.get().claimed_until))

    monkeypatch.setattr(sending, "renew", renew)
    assert sending.send_due() == 1
    assert until[0][1] == until[0][0] + sending.CLAIM
    assert OutboxSchedule.objects.get().claimed_until is None
    assert len(receiver.got) == 1


def test_the_outbox_is_bounded_and_the_oldest_go(team: Team, receiver: TestReceiver, settings: Any) -> None:
    made = destination(team, receiver.url)
    for number in range(5):
        bring(team, report(id=str(number)))
    settings.OUTBOX_MAX_REQUESTS = 2
    assert trim(team.id, made.id, timezone.now()) == 3
    tidy(timezone.now() + timedelta(minutes=10))
    entries, items, found = state(team)
    assert (entries, items, found.dropped_count) == (2, 2, 3)
    assert found.last_error.startswith("The outbox was full")
    sending.send_due()
    assert ids(receiver.got[0]) == ["3", "4"]


def test_bytes_are_bounded_too(team: Team, receiver: TestReceiver, settings: Any) -> None:
    made = destination(team, receiver.url)
    for number in range(3):
        bring(team, report(id=str(number)))
    settings.OUTBOX_MAX_BYTES = max(OutboxEntry.objects.values_list("byte_count", flat=True)) + 1
    assert trim(team.id, made.id, timezone.now()) == 2


def test_after_a_day_it_is_given_up(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    bring(team, report())
    tidy(timezone.now() + timedelta(hours=25))
    entries, items, found = state(team)
    assert (entries, items, found.dropped_count) == (0, 0, 1)
    assert found.last_error.startswith("No try succeeded within 24 hours")


def test_switched_off_takes_nothing_and_deleting_removes_what_waits(team: Team, receiver: TestReceiver) -> None:
    made = destination(team, receiver.url)
    bring(team, report())
    with team_context(team.id):
        switch_destination(made, timezone.now(), is_active=False)
    bring(team, report())
    assert sending.send_due() == 0
    assert state(team)[0] == 1
    with team_context(team.id):
        switch_destination(made, timezone.now(), is_active=True)
    assert sending.send_due() == 1
    bring(team, report())
    with team_context(team.id):
        delete_destination(made)
        assert (OutboxEntry.objects.count(), OutboxItem.objects.count()) == (0, 0)
    assert OutboxSchedule.objects.count() == 0


def test_headers_that_cannot_be_read_are_said(team: Team, receiver: TestReceiver, settings: Any) -> None:
    destination(team, receiver.url, headers={"X": "y"})
    bring(team, report())
    settings.SECRET_KEY = "another"
    sending.send_due()
    entries, _, found = state(team)
    assert (entries, receiver.got) == (1, [])
    assert "another SECRET_KEY" in found.last_error


def test_secrets_are_not_kept_readable(team: Team, receiver: TestReceiver) -> None:
    made = destination(team, receiver.url, headers={"Authorization": "Bearer very-secret"})
    assert b"very-secret" not in bytes(made.headers or b"")
    assert "very-secret" not in repr(sending.claim(timezone.now(), 1))


def test_a_slow_destination_holds_up_no_other(
    team: Team, receiver: TestReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real = sending.post

    def slowly(to: Any, message: Any) -> Any:
        if "slow" in to.url:
            time.sleep(0.5)
        order.append(to.url)
        return real(to, message)

    monkeypatch.setattr(sending, "post", slowly)
    destination(team, receiver.url + "/slow")
    destination(team, receiver.url + "/quick")
    bring(team, report())
    assert sending.send_due() == 2
    assert [url.rpartition("/")[2] for url in order] == ["quick", "slow"]


def test_otlp_arrives_as_spans(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url, kind=DestinationKind.OTLP)
    bring(team, report(id="ab" * 16), lines=1)
    sending.send_due()
    by_path = {got.path: got for got in receiver.got}
    assert set(by_path) == {"/v1/traces", "/v1/logs"}
    request = ExportTraceServiceRequest.FromString(by_path["/v1/traces"].body)
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert span.trace_id.hex() == "ab" * 16
    assert by_path["/v1/traces"].headers["content-type"] == "application/x-protobuf"


def test_accepted_records_are_the_ones_that_are_stored(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    at = datetime.now(UTC)
    bring(team, report(id="x", status=Status.FAILED, started_at=at, finished_at=at))
    sending.send_due()
    with team_context(team.id):
        (key,) = Execution.objects.values_list("id", flat=True)
    assert str(key).encode() in receiver.got[0].body


def test_an_item_that_cannot_be_read_holds_up_no_other(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    bring(team, report(id="broken"))
    with team_context(team.id):
        OutboxItem.objects.update(payload=b"no zstd")
    bring(team, report(id="good"))
    for _ in range(MOST_TRIES):
        sending.send_due()
        ready()
    entries, items, found = state(team)
    assert (entries, items, found.sent_count, found.dropped_count) == (0, 0, 1, 1)
    assert "cannot be read" in found.last_error
    assert ids(receiver.got[0]) == ["good"]


def test_a_mistake_of_ours_is_tried_again(team: Team, receiver: TestReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    destination(team, receiver.url)
    bring(team, report())
    with monkeypatch.context() as patch:
        patch.setattr(sending, "ship", lambda shipment: 1 / 0)
        assert sending.send_due() == 1
    assert state(team)[0] == 1
    assert "ZeroDivisionError" in state(team)[2].last_error
    ready()
    sending.send_due()
    assert state(team)[0] == 0


def test_the_tasks_do_it(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url, kind=DestinationKind.OTLP, pushes_metrics=True)
    bring(team, report())
    tasks.send_outbox()
    tasks.push_metrics()
    tasks.tidy_outbox()
    assert {got.path for got in receiver.got} == {"/v1/traces", "/v1/metrics"}


def test_the_entry_of_an_item_that_is_gone_goes(team: Team, receiver: TestReceiver) -> None:
    destination(team, receiver.url)
    bring(team, report())
    with team_context(team.id):
        OutboxItem.objects.all().delete()
    sending.send_due()
    assert (state(team)[0], receiver.got) == (0, [])


def test_entries_of_a_destination_that_is_gone_go(team: Team, receiver: TestReceiver) -> None:
    made = destination(team, receiver.url)
    bring(team, report())
    with team_context(team.id):
        Destination.objects.filter(id=made.id).delete()
    tidy(timezone.now() + timedelta(minutes=10))
    assert OutboxEntry.objects.count() == 0
    with team_context(team.id):
        assert OutboxItem.objects.count() == 0


def test_teams_are_found_without_reading_their_rows() -> None:
    assert {field.name for field in OutboxSchedule._meta.concrete_fields} == {
        "destination_id", "team", "next_at", "claimed_until", "failures", "push_at",
    }  # fmt: skip
    assert timedelta(hours=24) == outbox.KEPT
