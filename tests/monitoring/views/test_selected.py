"""What is done with several executions at once."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.records import Failure, LogReport
from monitoring.models import Classification, Execution, LegalHold, LogLine, Payload, Step
from monitoring.models.execution import RetentionClass
from monitoring.statuses import Status
from monitoring.store.holds import hold
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
PAGE = "/t/harbour/executions/selected/"


@pytest.fixture
def ids(team: Team) -> list[str]:
    """Four executions; the last one succeeded."""
    failed = {"status": Status.FAILED, "error": Failure(message="=disk full")}
    store(
        team,
        *[
            report(id=f"run-{n}", steps=[step(id="s", output=[n])], logs=[LogReport(message="m")], **failed)
            for n in range(3)
        ],
        report(id="run-3", steps=[step(id="s")]),
    )
    with team_context(team.id):
        return [str(id) for id in Execution.objects.order_by("external_id").values_list("id", flat=True)]


def test_the_list_offers_to_choose(team: Team, ids: list[str], member_client: Client) -> None:
    text = member_client.get("/t/harbour/executions/", {"from": "2026-08-12", "to": "2026-08-13"}).content.decode()
    assert text.count('name="execution"') == 4
    assert "Choose run-0" in text
    assert 'value="classify"' in text
    assert 'value="hold"' not in text


def test_the_page_shows_just_these_and_is_a_link(team: Team, ids: list[str], member_client: Client) -> None:
    page = member_client.get(PAGE, {"execution": [*ids[:2], "nonsense", str(uuid.uuid4())]})
    assert [row.external_id for row in page.context_data["rows"]] == ["run-0", "run-1"]
    assert "1 of those that were named do not exist any more" in page.content.decode()


def test_nothing_chosen_leads_back(team: Team, member_client: Client) -> None:
    assert "No execution is chosen" in member_client.get(PAGE, {"do": "classify"}).content.decode()


def test_chosen_ones_are_exported(team: Team, ids: list[str], member_client: Client) -> None:
    lines = b"".join(member_client.get(PAGE, {"execution": ids[:2], "format": "csv"}).streaming_content).decode()
    assert [line.split(",")[0] for line in lines.splitlines()] == ["Execution", "run-0", "run-1"]
    assert "'=disk full" in lines
    body = member_client.get(PAGE, {"execution": ids[2:], "format": "json"}).json()
    assert [row["external_id"] for row in body["results"]] == ["run-2", "run-3"]


def test_two_are_compared_and_three_are_not(team: Team, ids: list[str], member_client: Client) -> None:
    two = member_client.get(PAGE, {"execution": ids[:2], "do": "compare"})
    assert "/compare/" in two["Location"]
    three = member_client.get(PAGE, {"execution": ids[:3], "do": "compare"}, follow=True)
    assert "Choose two executions to compare; 3 are chosen." in three.content.decode()


def test_those_that_failed_are_classified_once(team: Team, ids: list[str], member: User, member_client: Client) -> None:
    told = {"execution": ids, "do": "classify", "cause": "external dependency", "note": "disk"}
    first = member_client.post(PAGE, told, follow=True)
    assert "Decided about 3 executions: external dependency. 1 execution did not fail" in first.content.decode()
    second = member_client.post(PAGE, told, follow=True)
    assert "Decided about 0 executions: external dependency. 3 executions had this decision" in second.content.decode()
    with team_context(team.id):
        rows = list(Classification.objects.all())
        event = AuditEvent.objects.get(action="classification.added")
    assert {str(row.execution_id) for row in rows} == set(ids[:3])
    assert {(row.cause, row.note, row.decided_by_id) for row in rows} == {("external dependency", "disk", member.id)}
    assert set(event.after["executions"]) == set(ids[:3])


@pytest.mark.parametrize("told", [{"cause": "bad luck"}, {"cause": "latency", "note": "x" * 2001}])
def test_a_decision_that_cannot_be_saved_says_why(
    team: Team, ids: list[str], member_client: Client, told: dict[str, str]
) -> None:
    answer = member_client.post(PAGE, {"execution": ids, "do": "classify", **told}, follow=True)
    assert "Not done. The" in answer.content.decode()


def test_chosen_ones_are_held_with_all_their_records(team: Team, ids: list[str], owner_client: Client) -> None:
    hold(team.id, uuid.UUID(ids[0]), reason="Court", by="somebody", now=NOW)
    told = {"execution": ids, "do": "hold", "reason": "Audit of May"}
    answer = owner_client.post(PAGE, told, follow=True).content.decode()
    assert "Held 3 executions: retention leaves them alone. 1 execution were held already." in answer
    assert "Held 0 executions" in owner_client.post(PAGE, told, follow=True).content.decode()
    with team_context(team.id):
        assert set(LegalHold.objects.values_list("reason", "held_by")) == {
            ("Court", "somebody"),
            ("Audit of May", "owner@harbour.test"),
        }
        for model in (Execution, Step, Payload, LogLine):
            assert set(model.objects.values_list("retention_class", flat=True)) == {RetentionClass.HELD}
        event = AuditEvent.objects.get(action="legal_hold.added", target_kind="executions")
    assert (event.after["reason"], len(event.after["executions"])) == ("Audit of May", 3)


def test_a_hold_needs_a_reason_and_the_permission(
    team: Team, ids: list[str], member_client: Client, owner_client: Client
) -> None:
    assert member_client.post(PAGE, {"execution": ids, "do": "hold", "reason": "x"}).status_code == 404
    answer = owner_client.post(PAGE, {"execution": ids, "do": "hold", "reason": " "}, follow=True)
    assert "Not done. Tell a reason" in answer.content.decode()
    with team_context(team.id):
        assert not LegalHold.objects.exists()


def test_who_only_reads_changes_nothing(team: Team, ids: list[str], member: User, member_client: Client) -> None:
    Membership.objects.filter(user=member).update(role=Role.VIEWER)
    page = member_client.get(PAGE, {"execution": ids, "do": "classify"})
    assert "Why did" not in page.content.decode()
    told = {"execution": ids, "do": "classify", "cause": "latency"}
    assert member_client.post(PAGE, told).status_code == 404


@pytest.mark.parametrize("action", ["classify", "hold"])
def test_the_number_of_statements_is_that_of_one(team: Team, ids: list[str], owner_client: Client, action: str) -> None:
    told = {"do": action, "cause": "latency", "reason": "Audit"}
    owner_client.get(PAGE)
    with CaptureQueriesContext(connection) as one:
        owner_client.post(PAGE, {**told, "execution": ids[:1]})
    with CaptureQueriesContext(connection) as more:
        owner_client.post(PAGE, {**told, "execution": ids[1:3]})
    assert len(more) == len(one)


def test_executions_of_another_team_are_not_there(
    team: Team, ids: list[str], stranger_client: Client, stranger: User
) -> None:
    page = stranger_client.get("/t/mountain/executions/selected/", {"execution": ids})
    assert page.context_data["rows"] == []
    told = {"execution": ids, "do": "hold", "reason": "mine"}
    stranger_client.post("/t/mountain/executions/selected/", told)
    with team_context(team.id):
        assert not LegalHold.objects.exists()
    assert stranger_client.get(PAGE).status_code == 404
