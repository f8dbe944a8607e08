"""What the replay's read returns: one execution whole, in order, and nothing of another team."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tenancy import team_context
from ingestion.records import Failure, Feedback, LogReport, Tokens
from monitoring.identity import execution_id
from monitoring.models import Execution
from monitoring.reads import replay as reads
from monitoring.reads.replay_document import document
from monitoring.reads.replay_usual import usual_ranges
from monitoring.statuses import Status
from tests.factories import NOW, report, send, step, store

pytestmark = pytest.mark.django_db


def load(team, external_id: str, attempt: int = 1, **options: bool):
    with team_context(team.id):
        return reads.load(team.id, execution_id(team.id, external_id, attempt), **options)


def test_an_execution_comes_with_everything_that_was_reported(team):
    visit = step(
        id="s1",
        node="ask",
        kind="model",
        provider="openai",
        model="gpt-4o",
        tokens=Tokens(input=10, output=5),
        cost_usd=Decimal("0.25"),
        input={"q": 1},
        output="42",
        error=Failure(type="Timeout", message="no answer", detail={"after": 10}),
        attributes={"temperature": 0},
    )
    told = report(
        id="whole",
        release="7",
        trigger="webhook",
        input={"a": 1},
        output=[1],
        tags={"region": "eu"},
        session="s",
        feedback=[Feedback(key="helpful", score=1.0)],
        steps=[visit],
        logs=[LogReport(message="hello", at=NOW, level="info", step_id="s1")],
    )
    store(team, told)
    found = load(team, "whole")
    assert (found.execution.workflow, found.execution.release, found.execution.trigger) == ("nightly", "7", "webhook")
    assert found.payload["input"] == {"a": 1}
    assert found.payload["tags"] == {"region": "eu"}
    (one,) = found.steps
    assert (one.external_id, one.node, one.model, one.tokens.total) == ("s1", "ask", "gpt-4o", 15)
    assert (one.error, one.error_type, one.error_detail) == ("no answer", "Timeout", {"after": 10})
    assert one.payload["output"] == "42"
    assert [(line.message, line.step_id) for line in found.logs] == [("hello", one.id)]
    written = document(found)
    assert written["steps"][0]["id"] == "s1"
    assert written["logs"][0]["step_id"] == "s1"
    assert written["tokens"]["output"] == 5


def test_steps_are_in_order_of_time_and_untimed_ones_stay_behind_their_neighbour(team):
    def at(minutes: int | None, name: str, position: int):
        start = None if minutes is None else NOW + timedelta(minutes=minutes)
        return step(id=name, node=name, position=position, started_at=start, ended_at=None)

    visits = [at(5, "late", 0), at(None, "behind late", 1), at(1, "early", 2), at(1, "same time", 3)]
    send(team, report(id="ordered", steps=visits))
    assert [one.name for one in load(team, "ordered").steps] == ["early", "same time", "late", "behind late"]
    assert [one.number for one in load(team, "ordered").steps] == [1, 2, 3, 4]


def test_of_steps_that_began_at_once_a_parent_stands_before_its_children(team):
    # Ids are digests, so that some child comes first by its id alone.
    chain = [step(id=f"s{n}", node=f"node {n}", parent_id=f"s{n - 1}" if n else None, started_at=NOW) for n in range(9)]
    send(team, report(id="coarse clock", steps=chain[::-1]))
    assert [one.name for one in load(team, "coarse clock").steps] == [f"node {n}" for n in range(9)]


def test_parents_in_a_circle_are_all_there(team):
    circle = [
        step(id="a", node="a", parent_id="b", started_at=NOW),
        step(id="b", node="b", parent_id="a", started_at=NOW),
    ]
    send(team, report(id="circle", steps=circle))
    assert sorted(one.name for one in load(team, "circle").steps) == ["a", "b"]


def test_without_payloads_nothing_that_was_carried_is_read(team):
    send(team, report(id="secret", input="secret", steps=[step(output="secret")], logs=[LogReport(message="secret")]))
    found = load(team, "secret", payloads=False)
    assert "secret" not in repr(found).replace("external_id='secret'", "")
    assert not found.has_payloads
    assert len(found.steps) == 1


def test_the_number_of_queries_does_not_grow_with_the_steps(team):
    send(team, report(id="one", steps=[step()]), report(id="twenty", steps=[step() for _ in range(20)]))
    counts = []
    for name in ("one", "twenty"):
        with CaptureQueriesContext(connection) as queries:
            load(team, name)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_another_teams_execution_does_not_exist(team, other_team):
    send(other_team.team, report(id="theirs"))
    with team_context(team.id):
        assert reads.load(team.id, execution_id(other_team.team.id, "theirs")) is None
        assert reads.load(team.id, uuid.uuid4()) is None


def test_attempts_parent_and_children_belong_together(team):
    send(
        team,
        report(id="run", status=Status.FAILED),
        report(id="run", attempt=2),
        report(id="above"),
        report(id="below", parent_execution="run"),
    )
    send(team, report(id="run", parent_execution="above"))
    with team_context(team.id):
        execution = reads.load(team.id, execution_id(team.id, "run")).execution
        found = reads.related(team.id, execution)
    assert {(one.external_id, one.attempt) for one in found} == {("run", 1), ("run", 2), ("above", 1), ("below", 1)}


def test_neighbours_are_the_failures_before_and_after_in_the_same_workflow(team):
    def at(name: str, minutes: int, **fields: object):
        end = NOW - timedelta(minutes=minutes)
        return report(id=name, finished_at=end, started_at=end, **{"status": Status.FAILED, **fields})

    send(team, at("a", 50), at("b", 40, status=Status.SUCCEEDED), at("c", 30), at("d", 20, workflow="w"), at("e", 10))
    with team_context(team.id):
        execution = reads.load(team.id, execution_id(team.id, "c")).execution
        assert reads.neighbours(team.id, execution) == (execution_id(team.id, "a"), execution_id(team.id, "e"))
        last = reads.load(team.id, execution_id(team.id, "e")).execution
        assert reads.neighbours(team.id, last)[1] is None


def test_a_dropped_partition_is_said_to_be_deleted_by_retention(team):
    send(team, report(id="old", steps=[step()]), report(id="bare"))
    assert not load(team, "bare").is_expired
    with team_context(team.id), connection.cursor() as cursor:
        # As after the retention rule: the row stays, its day is one that has no partition any more.
        cursor.execute("UPDATE execution SET anchor_day = '1999-01-01' WHERE external_id = 'old'")
    found = load(team, "old")
    assert found.is_expired
    assert found.execution.step_count == 1


def test_the_usual_range_needs_enough_visits(team):
    def runs(node: str, count: int):
        return [report(steps=[step(node=node, duration_ms=1000.0, ended_at=None)]) for _ in range(count)]

    store(team, *runs("often", 25), *runs("seldom", 3))
    with team_context(team.id):
        one = Execution.objects.order_by("id")[0]
        found = usual_ranges(team.id, one.workflow_id, one.environment_id, ["often", "seldom"], NOW)
    assert set(found) == {"often"}
    assert found["often"] == pytest.approx((1000, 1000), rel=0.03)
