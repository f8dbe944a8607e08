"""Taking reports in: what is stored, what counts as a duplicate, what happens when something is broken."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, InternalError, OperationalError, ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion import acceptance
from ingestion.acceptance import ReportsRefused, StorageUnavailable
from ingestion.records import Feedback, LogReport
from monitoring.identity import KEY_END, LabelKind, label_id
from monitoring.models import Execution, LogLine, Payload, Step, Workflow
from monitoring.statuses import Status
from monitoring.store.payloads import merge_chunks
from tests.factories import NOW, report, send, step, store

pytestmark = pytest.mark.django_db


def test_a_report_is_stored_and_then_a_duplicate(team: Team) -> None:
    told = report(steps=[step(), step()], tags={"customer": "north"}, logs=[LogReport(message="hello")])
    first, second = store(team, told), store(team, told)
    assert (first.stored, first.duplicate, first.rejected) == (1, 0, [])
    assert (second.stored, second.duplicate, second.rejected) == (0, 1, [])
    with team_context(team.id):
        execution = Execution.objects.get()
        assert (execution.status, execution.step_count, execution.duration_ms) == (Status.SUCCEEDED, 2, 120_000)
        assert (Step.objects.count(), LogLine.objects.count(), Payload.objects.count()) == (2, 1, 1)


@pytest.mark.parametrize("revision", [0, 3])
def test_the_same_report_that_was_received_earlier_but_commits_later_is_a_duplicate(team: Team, revision: int) -> None:
    told = report(steps=[step()], revision=revision)
    assert store(team, told).stored == 1
    again = send(team, told, now=NOW - timedelta(seconds=1))
    assert (again.stored, again.duplicate) == (0, 1)


def test_many_new_workflows_get_a_slug_each_in_few_statements(team: Team) -> None:
    store(team, report(workflow="Berth 1"))
    names = ["Berth 1!", "berth-1", *(f"Crane {n}" for n in range(300)), "Crane 7.", "???", "!!!"]
    with CaptureQueriesContext(connection) as queries:
        send(team, *(report(workflow=name) for name in names))
    assert len(queries) < 30
    with team_context(team.id):
        slugs = dict(Workflow.objects.values_list("name", "slug"))
    assert len(set(slugs.values())) == len(names) + 1
    assert (slugs["Berth 1"], slugs["Crane 299"]) == ("berth-1", "crane-299")
    assert {slugs["Crane 7"], slugs["Crane 7."]} == {"crane-7", "crane-7-2"}
    assert {slugs["???"], slugs["!!!"]} == {"workflow", "workflow-2"}


def test_equal_items_of_one_request_are_stored_once(team: Team) -> None:
    told, other = report(), report()
    outcome = send(team, told, other, told)
    assert (outcome.stored, outcome.duplicate) == (2, 1)


@pytest.mark.parametrize(
    "added",
    [
        {"steps": [step(id="new")]},
        {"logs": [LogReport(message="later")]},
        {"tags": {"customer": "north"}},
        {"output": 5},
        {"url": "https://example.test/run"},
    ],
)
def test_an_item_that_adds_anything_is_stored(team: Team, added: dict[str, Any]) -> None:
    known = report(id="run")
    send(team, known)
    outcome = send(team, known, report(id="run", **added), known)
    assert (outcome.stored, outcome.duplicate) == (1, 2)


def test_facets_are_bounded(team: Team) -> None:
    told = report(
        input={
            "kind": "refund",
            "size": 3,
            "urgent": True,
            "text": "x" * 201,
            "rows": [1],
            **dict.fromkeys(map(str, range(40)), 1),
        },
        tags={"customer": "north"},
        session="s1",
        user="u1",
        feedback=[Feedback(key="useful", score=0.5), Feedback(key="note", comment="good")],
    )
    send(team, told)
    with team_context(team.id):
        found = dict(told.split(KEY_END) for told in Execution.objects.get().facets)
    assert len([name for name in found if name.startswith("input.")]) == 20
    assert {name: found[name] for name in ("input.kind", "input.size", "input.urgent", "tag.customer")} == {
        "input.kind": "refund",
        "input.size": "3",
        "input.urgent": "true",
        "tag.customer": "north",
    }
    assert (found["session"], found["user"]) == ("s1", "u1")
    assert (found["feedback.useful"], found["feedback.note"]) == ("0.5", "good")


def test_what_an_execution_carried_can_be_read_back(team: Team) -> None:
    told = report(
        input={"a": [1, {"b": None}]},
        output="done",
        steps=[step(id="s", parent_id="p", input=[1], attributes={"k": 2})],
    )
    send(team, told)
    with team_context(team.id):
        payload = merge_chunks(Execution.objects.get().id, Payload.objects.values_list("body", flat=True))
        number = Step.objects.get().id
    assert payload.execution == {"input": {"a": [1, {"b": None}]}, "output": "done"}
    assert payload.steps[number] == {"id": "s", "parent": "p", "input": [1], "attributes": {"k": 2}}


def test_an_item_that_cannot_be_encoded_is_rejected_alone(team: Team) -> None:
    outcome = send(team, report(), report(output="\ud800"), report())
    assert (outcome.stored, [rejection.index for rejection in outcome.rejected]) == (2, [1])


def test_a_value_that_the_database_refuses_stores_nothing(team: Team) -> None:
    with pytest.raises(ReportsRefused):
        send(team, report(), report(url="nul \x00"))
    with team_context(team.id):
        assert Execution.objects.count() == 0


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (OperationalError, psycopg.OperationalError),
        (DatabaseError, psycopg.DatabaseError),
        (InternalError, psycopg.errors.ReadOnlySqlTransaction),
        (ProgrammingError, psycopg.errors.UndefinedColumn),
    ],
    ids=["known", "of no kind", "a server that only reads", "another release"],
)
def test_trouble_with_the_database_says_try_again(
    team: Team, monkeypatch: pytest.MonkeyPatch, told: type[DatabaseError], cause: type[psycopg.Error]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise told("gone") from cause("gone")

    monkeypatch.setattr(acceptance, "write", fail)
    with pytest.raises(StorageUnavailable):
        send(team, report())


def test_a_deadlock_is_tried_again(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = acceptance.write, []

    def fail_once(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("deadlock") from psycopg.errors.DeadlockDetected()
        return real(*arguments, **options)

    monkeypatch.setattr(acceptance, "write", fail_once)
    assert send(team, report(), now=NOW).stored == 1


def test_rows_left_over_from_a_removed_execution_are_written_over(team: Team) -> None:
    send(team, report(id="run", steps=[step(id="s", node="old")], tags={"a": "b"}))
    with team_context(team.id):
        Execution.objects.all().delete()
    assert send(team, report(id="run", steps=[step(id="s", node="new")], tags={"a": "b"})).stored == 1
    with team_context(team.id):
        assert Step.objects.get().node_id == label_id(LabelKind.NODE, "new")
