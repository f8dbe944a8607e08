"""Failed executions are diagnosed once they are quiet, again when more comes, and never lost or doubled."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import Failure
from monitoring import ports, tasks
from monitoring.identity import execution_id
from monitoring.models import Classification, Diagnosis, DueDiagnosis, HealthyReference
from monitoring.ports import OpenIncident
from monitoring.services import diagnosis
from monitoring.services.diagnosis import AGAIN, diagnose_due
from monitoring.statuses import Status
from monitoring.store.failures import DIAGNOSED, QUIET
from monitoring.store.labels import forget_names
from monitoring.store.partitions import forget_partitions
from monitoring.store.retention import QUEUE_KEPT, drop_expired
from tests.factories import NOW, report, send, step, store
from tests.monitoring.healthy import failing, fill, healthy, visit

DUE = NOW + QUIET


def diagnosed(team: Team, name: str = "bad") -> Diagnosis | None:
    with team_context(team.id):
        return Diagnosis.objects.filter(id=execution_id(team.id, name)).first()


@pytest.mark.django_db
def test_a_failed_execution_is_diagnosed_after_ten_quiet_seconds(team: Team) -> None:
    fill(team)
    assert diagnose_due(DUE - timedelta(seconds=1), seconds=60) == 0
    assert diagnose_due(DUE, seconds=60) == 1
    found = diagnosed(team)
    assert (found.verdict, found.kind) == ("diverged", "empty output")
    assert (found.first_node, found.symptom_node, found.cause_node) == ("parse", "score", "parse")
    assert (found.cause, found.facts["error_kind"]) == ("process design", "error in code or expression")
    assert found.suggestion["scores"]["process design"] > found.suggestion["scores"]["latency"]
    assert "12 succeeded executions" in found.basis
    assert diagnose_due(DUE, seconds=60) == 0
    assert not DueDiagnosis.objects.exists()


@pytest.mark.django_db
def test_what_ended_well_is_not_queued_and_costs_no_statement(team: Team) -> None:
    send(team, healthy(0), failing())
    DueDiagnosis.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        send(team, healthy(1))
    assert not [query for query in queries if "due_diagnosis" in query["sql"]]
    assert not DueDiagnosis.objects.exists()


@pytest.mark.django_db
def test_later_parts_put_the_diagnosis_off_and_have_it_made_again(team: Team) -> None:
    fill(team)
    later = NOW + timedelta(seconds=5)
    send(team, failing(steps=[step(id="late", node="late", status=Status.FAILED)]), now=later)
    assert diagnose_due(DUE, seconds=60) == 0
    assert diagnose_due(later + QUIET, seconds=60) == 1
    first = diagnosed(team)
    much_later = NOW + timedelta(minutes=10)
    send(team, failing(error=Failure(message="connection refused")), now=much_later)
    assert diagnose_due(much_later + QUIET, seconds=60) == 1
    assert diagnosed(team).computed_at > first.computed_at


@pytest.mark.django_db
def test_the_same_report_again_queues_nothing(team: Team) -> None:
    send(team, failing())
    diagnose_due(DUE, seconds=60)
    send(team, failing())
    assert not DueDiagnosis.objects.exists()


@pytest.mark.django_db
def test_history_that_is_imported_is_not_queued(team: Team) -> None:
    old = NOW - DIAGNOSED - timedelta(hours=1)
    send(team, report(status=Status.FAILED, started_at=old, finished_at=old))
    assert not DueDiagnosis.objects.exists()


@pytest.mark.django_db
def test_one_that_goes_wrong_does_not_keep_the_others(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    send(team, failing("a"), failing("b"))
    real, broken = diagnosis.examine, execution_id(team.id, "a")

    def examine(team_id, replay, now, **told):
        if replay.execution.id == broken:
            raise ValueError("odd")
        return real(team_id, replay, now, **told)

    monkeypatch.setattr(diagnosis, "examine", examine)
    assert diagnose_due(DUE, seconds=60) == 1
    assert diagnosed(team, "b")
    assert diagnosed(team, "a") is None
    monkeypatch.setattr(diagnosis, "examine", real)
    assert diagnose_due(DUE, seconds=60) == 0
    assert diagnose_due(DUE + AGAIN, seconds=60) == 1


@pytest.mark.django_db
def test_a_lost_task_loses_nothing(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    send(team, failing())

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(diagnosis, "diagnose", killed)
        with pytest.raises(KeyboardInterrupt):
            diagnose_due(DUE, seconds=60)
    assert diagnose_due(DUE, seconds=60) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_the_work(team: Team) -> None:
    send(team, *(failing(f"bad-{number}") for number in range(8)))
    barrier = Barrier(2)

    def work(_number: int) -> int:
        barrier.wait(timeout=10)
        try:
            return diagnose_due(DUE, seconds=60)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(work, range(2)))
    left = diagnose_due(DUE, seconds=60)
    forget_names()
    forget_partitions()
    assert sum(counts) + left == 8
    assert not DueDiagnosis.objects.exists()
    with team_context(team.id):
        assert Diagnosis.objects.count() == 8


@pytest.mark.django_db
def test_a_reference_is_made_again_when_it_is_old_and_more_has_succeeded(team: Team) -> None:
    fill(team, 35)
    diagnose_due(DUE, seconds=60)
    with team_context(team.id):
        first = HealthyReference.objects.get()
    later = NOW + timedelta(hours=2)
    send(team, healthy(99, ago=timedelta(minutes=-100)), failing("next", error=Failure(message="other")), now=later)
    diagnose_due(later + QUIET, seconds=60)
    with team_context(team.id):
        again = HealthyReference.objects.get()
    assert (first.runs, again.runs) == (35, 36)
    assert again.built_at > first.built_at


@pytest.mark.django_db
def test_facts_count_the_same_input_and_who_else_fails_at_that_minute(team: Team) -> None:
    def calling(workflow: str, name: str, status: Status, **fields: object):
        begin = NOW - timedelta(minutes=2)
        lost = Failure(message="503 Service Unavailable")
        at_crm = step(
            id="call", node="call", external_system="crm.example", status=status, started_at=begin, error=lost
        )
        told = {"id": name, "workflow": workflow, "status": status, "started_at": begin, "steps": [at_crm]}
        return report(**{**told, **fields})

    now = NOW
    same = [calling("Lead", f"same-{n}", Status.FAILED, input={"a": 1}) for n in range(3)]
    store(
        team, *same, calling("Other", "o", Status.FAILED), calling("Lead", "d", Status.FAILED, input={"a": 2}), now=now
    )
    diagnose_due(DUE, seconds=60)
    facts = diagnosed(team, "same-1").facts
    assert facts["same_input"] == {"failed": 3, "succeeded": 0}
    assert facts["others"] == {"calling": 1, "failing": 1}
    assert (facts["calls"], facts["error_kind"]) == ("crm.example", "server error")
    assert diagnosed(team, "same-1").cause == "external dependency"


@pytest.mark.django_db
def test_an_execution_that_waited_between_its_steps_is_a_case_of_latency(team: Team) -> None:
    start = NOW - timedelta(minutes=3)
    late = Failure(message="deadline exceeded")
    steps = [visit("receive", start, 0), visit("parse", start, 1), visit("enrich", start, 2)]
    steps.append(visit("score", start, 92, status=Status.FAILED, error=late, output=None))
    send(team, *(healthy(number) for number in range(12)), failing(steps=steps))
    diagnose_due(DUE, seconds=60)
    found = diagnosed(team)
    assert found.facts["waiting"]["side"] == "above"
    assert found.facts["waiting"]["words"].startswith("1.5 min, above the usual")
    (said,) = [one for one in found.suggestion["evidence"] if one["signal"] == "waited longer than usual"]
    assert (said["cause"], said["weight"]) == ("latency", 1.5)
    assert found.cause == "latency"


@pytest.mark.django_db
def test_open_incidents_of_what_a_step_calls_speak_for_the_dependency(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = NOW - timedelta(minutes=2)
    lost = Failure(message="something odd")
    calls = step(node="call", external_system="crm.example", started_at=at, status=Status.FAILED, error=lost)
    told = [
        OpenIncident("CRM is slow", "Billing", at - timedelta(minutes=9), "/1/"),
        OpenIncident("Lead fails", "Lead", at - timedelta(minutes=8), "/2/"),
        OpenIncident("CRM is away", "", at + timedelta(minutes=40), "/3/"),
    ]
    monkeypatch.setattr(ports, "_open_incidents", [])
    ports.provide_open_incidents(lambda _team, kind, name: told if (kind, name) == ("system", "crm.example") else [])
    send(team, failing(steps=[calls]))
    diagnose_due(DUE, seconds=60)
    found = diagnosed(team)
    assert found.facts["open_incidents"] == ["CRM is slow, since 12 Aug, 11:49 UTC"]
    assert found.cause == "external dependency"
    monkeypatch.setattr(ports, "_open_incidents", [])
    send(team, failing("quiet", steps=[calls]))
    diagnose_due(DUE, seconds=60)
    assert (diagnosed(team, "quiet").facts["open_incidents"], diagnosed(team, "quiet").cause) == ([], "undecided")


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"steps": []}, {"workflow": None}, {"steps": [step(id="a", started_at=None)]}])
def test_odd_executions_are_diagnosed_too(team: Team, fields: dict[str, object]) -> None:
    send(team, failing("odd", **fields))
    assert diagnose_due(DUE, seconds=60) == 1
    assert diagnosed(team, "odd").basis


@pytest.mark.django_db
def test_retention_removes_diagnoses_and_what_nobody_got_to(team: Team) -> None:
    fill(team)
    diagnose_due(DUE, seconds=60)
    send(team, failing("left"))
    drop_expired(NOW + QUEUE_KEPT + timedelta(hours=1))
    assert not DueDiagnosis.objects.exists()
    assert diagnosed(team) is not None
    drop_expired(NOW + timedelta(days=400))
    assert diagnosed(team) is None
    with team_context(team.id):
        assert not HealthyReference.objects.exists()
        assert not Classification.objects.exists()


@pytest.mark.django_db
def test_the_beat_diagnoses(team: Team) -> None:
    send(team, failing(), now=NOW)
    tasks.diagnose_due.run()
    assert diagnosed(team) is not None
