"""Webhooks over HTTP: what is stored, kept, refused, and answered when it comes again."""

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.kinds import SourceKind
from ingestion.models import Delivery, Source, SourceHour, SourceLine, SourceRejection
from ingestion.services import deliveries
from ingestion.sources import add_source, forget_sources, info_of
from monitoring.models import Execution, RetentionRun, Step
from tests.ingestion.adapters.webhooks import events

pytestmark = pytest.mark.django_db
SECRET = "It's a Secret to Everybody"
WHSEC = "whsec_" + base64.b64encode(b"k" * 24).decode()
MAPPING = {"id": "job", "workflow": "'nightly'", "status": "result", "error.message": "why"}


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    forget_sources()


def make(team: Team, kind: SourceKind, **fields: Any) -> Source:
    with team_context(team.id):
        return add_source(team_id=team.id, kind=kind, name="Hook", **fields)


def change(source: Source, **fields: Any) -> None:
    with team_context(source.team_id):
        Source.objects.filter(id=source.id).update(**fields)
    forget_sources()


def post(source: Source, event: Any, content_type: str = "application/json", **headers: str) -> Any:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().post(f"/hooks/{source.address}", body, content_type=content_type, headers=told)


def kept(source: Source) -> list[Delivery]:
    with team_context(source.team_id):
        return list(Delivery.objects.filter(source_id=source.id).order_by("received_at"))


def hours(source: Source) -> dict[str, int]:
    ledger.fold()
    names = ("stored_count", "duplicate_count", "rejected_count", "ignored_count", "refused_count")
    with team_context(source.team_id):
        found = SourceHour.objects.filter(source_id=source.id).aggregate(*map(Sum, names))
    return {name.partition("_")[0]: found[f"{name}__sum"] or 0 for name in names}


def executions(team: Team) -> list[tuple[str, int, int]]:
    with team_context(team.id):
        return list(Execution.objects.order_by("external_id").values_list("external_id", "attempt", "step_count"))


def signed(body: bytes, number: str = "1", at: datetime | None = None) -> dict[str, str]:
    moment = at or timezone.now()
    return {
        "webhook_id": f"msg_{number}",
        "webhook_timestamp": str(int(moment.timestamp())),
        "webhook_signature": Webhook(WHSEC).sign(f"msg_{number}", moment, body.decode()),
    }


def test_a_run_of_github_becomes_one_execution_with_steps(team: Team) -> None:
    source = make(team, SourceKind.GITHUB)
    for number, event in enumerate(events.github_story()):
        name = "workflow_job" if "workflow_job" in event else "workflow_run"
        answer = post(source, event, x_github_event=name, x_github_delivery=str(number))
        assert (answer.status_code, answer.json()["outcome"]) == (200, "stored")
    assert executions(team) == [("gha-30433642-1", 1, 3)]
    assert [one.executions for one in kept(source)] == [["gha-30433642-1"]] * 6
    assert kept(source)[0].event == "workflow_run requested"


def test_a_rerun_is_a_new_attempt_with_the_same_origin(team: Team) -> None:
    source = make(team, SourceKind.GITHUB)
    post(source, events.github_run())
    post(source, events.github_run(run_attempt=2, conclusion="success"))
    with team_context(team.id):
        first, second = Execution.objects.order_by("attempt")
        assert (first.attempt, second.attempt, second.origin_id) == (1, 2, first.id)


def test_the_same_delivery_is_done_once_and_accepted_is_stored_and_duplicate(team: Team) -> None:
    source = make(team, SourceKind.GITHUB)
    for _ in range(3):
        answer = post(source, events.github_run(), x_github_delivery="72d3162e")
        assert answer.status_code == 200
    assert answer.json()["outcome"] == "duplicate"
    assert len(kept(source)) == 1
    assert hours(source) == {"stored": 1, "duplicate": 2, "rejected": 0, "ignored": 0, "refused": 0}


def test_the_same_body_without_an_id_is_the_same_delivery(team: Team) -> None:
    source = make(team, SourceKind.N8N)
    assert [post(source, events.n8n_failure()).json()["outcome"] for _ in range(2)] == ["stored", "duplicate"]
    assert len(kept(source)) == 1


def test_an_event_that_says_nothing_is_answered_with_200(team: Team) -> None:
    source = make(team, SourceKind.GITHUB)
    answer = post(source, {"zen": "Keep it logically awesome."}, x_github_event="ping")
    assert (answer.status_code, answer.json()["outcome"], answer.json()["ignored"]) == (200, "ignored", 1)
    assert hours(source)["ignored"] == 1


def test_alerts_without_workflow_become_lines_of_the_source(team: Team) -> None:
    source = make(team, SourceKind.ALERTMANAGER)
    assert post(source, events.alerts()).json()["outcome"] == "stored"
    with team_context(team.id):
        assert SourceLine.objects.get().message == "firing: JobFailing: orders fail"


def test_signed_deliveries_pass_and_others_are_refused(team: Team) -> None:
    source = make(team, SourceKind.STANDARD_WEBHOOKS, secret=f"{WHSEC}\n")
    body = json.dumps(events.envelope()).encode()
    assert post(source, body, **signed(body)).status_code == 200
    unsigned = post(source, body)
    assert (unsigned.status_code, unsigned["Content-Type"]) == (401, "application/problem+json")
    assert "webhook-id is missing" in unsigned.json()["detail"]
    assert post(source, body + b" ", **signed(body, "2")).status_code == 401
    stale = post(source, body, **signed(body, "3", timezone.now() - timedelta(minutes=6)))
    assert (stale.status_code, "too old" in stale.json()["detail"]) == (400, True)
    assert len(kept(source)) == 1
    assert hours(source)["refused"] == 3
    with team_context(team.id):
        assert SourceRejection.objects.filter(field="(signature)").count() == 2


def test_a_signed_delivery_that_is_replayed_does_nothing_again(team: Team) -> None:
    source = make(team, SourceKind.STANDARD_WEBHOOKS, secret=WHSEC)
    body = json.dumps(events.envelope()).encode()
    headers = signed(body)
    assert [post(source, body, **headers).json()["outcome"] for _ in range(2)] == ["stored", "duplicate"]


def test_github_signs_the_body_as_it_is_sent(team: Team) -> None:
    source = make(team, SourceKind.GITHUB, secret=SECRET)
    body = json.dumps(events.github_run()).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert post(source, body, x_hub_signature_256=f"sha256={signature}").status_code == 200
    assert post(source, events.github_run(id=2), x_hub_signature_256=f"sha256={signature}").status_code == 401


def test_addresses_that_take_nothing(team: Team) -> None:
    ping = make(team, SourceKind.PING)
    off = make(team, SourceKind.GITHUB, is_active=False)
    assert Client().post("/hooks/none", b"{}", content_type="application/json").status_code == 404
    assert post(ping, {}).status_code == 404
    assert post(off, events.github_run()).status_code == 410
    assert Client().get(f"/hooks/{off.address}").status_code == 405


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        (b"", 400, "empty"),
        (b"{", 400, "not valid JSON"),
        (b'{"a": "\\u0000"}', 400, "NUL"),
        (b"[" * 3_000, 400, "nested too deeply"),
        (b'"' + b"x" * (5 * 1024 * 1024) + b'"', 413, "5,242,880 bytes"),
        (b"[" + b"[]," * 300_000 + b"[]]", 413, "200,000 values"),
    ],
)
def test_bodies_that_cannot_be_read_are_final(team: Team, body: bytes, status: int, part: str) -> None:
    source = make(team, SourceKind.DIFY)
    answer = post(source, body)
    assert (answer.status_code, part in answer.json()["detail"]) == (status, True)
    assert kept(source) == []


def test_a_delivery_that_is_refused_is_kept_with_its_reasons(team: Team) -> None:
    source = make(team, SourceKind.AIRFLOW)
    answer = post(source, {"dag_id": "d", "state": "failed"})
    assert answer.status_code == 422
    assert answer.json()["rejected"] == [{"index": 0, "field": "dag_run_id", "reason": "is missing"}]
    (delivery,) = kept(source)
    assert (delivery.outcome, delivery.reasons) == ("rejected", [{"field": "dag_run_id", "reason": "is missing"}])


def test_secrets_are_taken_out_before_anything_is_kept(team: Team) -> None:
    source = make(team, SourceKind.AIRFLOW, secret=SECRET)
    told = events.airflow_run(conf={"api_key": "abc123", "note": "Bearer abcdefghijklmnop", "region": "eu"})
    assert post(source, told, authorization=f"Bearer {SECRET}", cookie="a=b").status_code == 200
    (delivery,) = kept(source)
    assert delivery.headers["authorization"] == delivery.headers["cookie"] == "[redacted]"
    assert deliveries.body_of(delivery)["conf"] == {
        "api_key": "[redacted]",
        "note": "Bearer [redacted]",
        "region": "eu",
    }
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute("SELECT split_part(jsonb_array_elements_text(facets), chr(31), 2) FROM execution")
        assert {row[0] for row in cursor.fetchall()} == {"[redacted]", "Bearer [redacted]", "eu"}


def test_first_delivery_waits_for_a_mapping_and_is_processed_again_with_it(team: Team) -> None:
    source = make(team, SourceKind.GENERIC)
    body = {"job": 7, "result": "error", "why": "disk full"}
    answer = post(source, body)
    assert (answer.status_code, "no mapping yet" in answer.json()["note"]) == (202, True)
    change(source, mapping=MAPPING)
    now = timezone.now()
    with team_context(team.id):
        info = info_of(Source.objects.get(id=source.id))
    (delivery,) = kept(source)
    assert deliveries.process_again(info, [delivery], now) == {"stored": 1}
    assert deliveries.process_again(info, kept(source), now) == {"stored": 1}
    assert executions(team) == [("7", 1, 0)]
    (delivery,) = kept(source)
    assert (delivery.outcome, delivery.reasons, delivery.executions) == ("stored", [], ["7"])
    assert hours(source) == {"stored": 1, "duplicate": 1, "rejected": 1, "ignored": 0, "refused": 0}


def test_a_rejected_delivery_is_done_when_its_sender_sends_it_again(team: Team) -> None:
    source = make(team, SourceKind.GENERIC, mapping={**MAPPING, "id": "nothing"})
    body = {"job": 7, "result": "ok"}
    assert post(source, body, idempotency_key="k").status_code == 422
    change(source, mapping=MAPPING)
    assert post(source, body, idempotency_key="k").json()["outcome"] == "stored"
    assert [one.outcome for one in kept(source)] == ["stored"]


def test_all_are_processed_again_in_batches(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "BATCH", 2)
    source = make(team, SourceKind.GENERIC)
    for number in range(5):
        post(source, {"job": number, "result": "ok"})
    change(source, mapping=MAPPING)
    with team_context(team.id):
        info = info_of(Source.objects.get(id=source.id))
    now = timezone.now()
    assert [sum(batch.values()) for batch in deliveries.process_all_again(info, now, now)] == [2, 2, 1]
    assert len(executions(team)) == 5


def test_a_mapping_that_cannot_be_used_any_more_is_told(team: Team) -> None:
    source = make(team, SourceKind.GENERIC, mapping={"id": "nope(a)"})
    answer = post(source, {"a": 1})
    assert (answer.status_code, answer.json()["rejected"][0]["field"]) == (422, "id")


def test_old_deliveries_are_removed_and_a_flood_is_bounded(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "MAX_KEPT", 2)
    source = make(team, SourceKind.N8N)
    for number in range(4):
        post(source, events.n8n_failure(id=str(number)))
    now = timezone.now()
    first = kept(source)[0]
    with team_context(team.id):
        Delivery.objects.filter(id=first.id).update(received_at=now - timedelta(days=8))
    assert deliveries.remove_old(team.id, now) == 2
    post(source, events.n8n_failure(id="4"))
    assert deliveries.remove_old(team.id, now + timedelta(seconds=1)) == 1
    with team_context(team.id):
        told = RetentionRun.objects.get()
    assert (told.kind, told.limit_days, told.row_count) == ("deliveries", 7, 3)
    assert [one.executions for one in kept(source)] == [["n8n-3"], ["n8n-4"]]


def test_another_team_sees_nothing_of_it(team: Team, other_team: NewTeam) -> None:
    source = make(team, SourceKind.N8N)
    post(source, events.n8n_failure())
    with team_context(other_team.team.id):
        assert not Delivery.objects.exists()
        assert not Step.objects.exists()


def test_a_storage_that_is_away_asks_to_come_again(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingestion.acceptance import StorageUnavailable

    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise StorageUnavailable("the database is not available")

    source = make(team, SourceKind.N8N)
    monkeypatch.setattr(deliveries, "take_in", fail)
    answer = post(source, events.n8n_failure())
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert kept(source) == []
    monkeypatch.undo()
    assert post(source, events.n8n_failure()).json()["outcome"] == "stored"


def test_events_are_stored_whole_in_one_request(team: Team) -> None:
    source = make(team, SourceKind.DIFY, workflow="Support bot")
    assert post(source, events.dify_story()).json()["stored"] >= 1
    assert executions(team) == [("dify-run-1", 1, 2)]
