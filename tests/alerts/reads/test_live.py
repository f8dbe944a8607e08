"""Executions at work: too long, stuck, queued, as rules see them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule
from alerts.reads import live
from monitoring.identity import execution_id, workflow_id
from monitoring.statuses import Status
from tests.alerts.rules import rule
from tests.factories import NOW, report, send, step, store

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def running(team: Team, id: str, since: timedelta, heard: timedelta | None = None, **fields: Any) -> None:
    """A run at work; its sender was heard of `heard` ago, at its start unless told otherwise."""
    told = report(**{"id": id, "status": Status.RUNNING, "started_at": NOW - since, "finished_at": None, **fields})
    send(team, told, now=NOW - since)
    if heard is not None:
        send(team, told, now=NOW - heard)


def usually(team: Team, minutes: float, runs: int = 30, **fields: Any) -> None:
    """Runs of the last days that took so long."""
    for number in range(runs):
        end = NOW - timedelta(days=1, hours=number)
        store(team, report(started_at=end - minutes * MINUTE, finished_at=end, **fields), now=end)


def read(team: Team, one: AlertRule) -> list[Reading]:
    return live.read(team.id, [one], NOW)[one.id]


class TestRunningOver:
    """Over its expected duration while it still runs."""

    def test_by_what_is_usual(self, in_team: Team) -> None:
        usually(in_team, 40)
        running(in_team, "4711", timedelta(hours=2, minutes=10))
        running(in_team, "4712", 5 * MINUTE)
        (found,) = read(in_team, rule(in_team, "running_over", threshold=2))
        assert found.subject == Subject(workflow_id(in_team.id, "nightly"))
        assert found.value == pytest.approx(130 / 40, rel=0.03)
        assert (found.samples, found.since) == (2, NOW - timedelta(hours=2, minutes=10))
        assert found.words.startswith("Run 4711 has been running for 2 h 10 min, usually under 40 min")
        assert found.execution_ids == (execution_id(in_team.id, "4711"),)

    def test_by_what_somebody_expects(self, in_team: Team) -> None:
        running(in_team, "a", 30 * MINUTE)
        running(in_team, "b", 20 * MINUTE)
        (found,) = read(in_team, rule(in_team, "running_over", parameters={"expected_ms": 600_000}))
        assert (found.value, found.samples) == (3.0, 2)
        assert found.words == "Run a has been running for 30 min, expected 10 min; 1 more like it"
        assert found.execution_ids == (execution_id(in_team.id, "a"), execution_id(in_team.id, "b"))

    def test_nothing_is_said_without_enough_history(self, in_team: Team) -> None:
        usually(in_team, 10, runs=19)
        running(in_team, "a", 5 * HOUR)
        assert read(in_team, rule(in_team, "running_over")) == []

    def test_what_takes_a_second_may_take_a_minute(self, in_team: Team) -> None:
        running(in_team, "a", timedelta(seconds=59))
        (found,) = read(in_team, rule(in_team, "running_over", parameters={"expected_ms": 100}))
        assert found.value == 0

    def test_what_waits_for_a_person_is_not_too_long(self, in_team: Team) -> None:
        running(in_team, "a", 5 * HOUR, status=Status.WAITING)
        assert read(in_team, rule(in_team, "running_over", parameters={"expected_ms": 1000})) == []


class TestStuck:
    """No report while running."""

    def test_since_its_last_report(self, in_team: Team) -> None:
        running(in_team, "a", 3 * HOUR, heard=90 * MINUTE)
        running(in_team, "b", 9 * HOUR, heard=MINUTE)
        (found,) = read(in_team, rule(in_team, "stuck", threshold=3_600_000))
        assert (found.value, found.samples, found.since) == (90 * 60_000, 2, NOW - 90 * MINUTE)
        assert found.words == "Run a has been running for 3 h, with no report for 1 h 30 min"

    def test_a_step_is_a_report(self, in_team: Team) -> None:
        running(in_team, "a", 3 * HOUR)
        send(
            in_team,
            report(id="a", status=None, started_at=None, finished_at=None, steps=[step()]),
            now=NOW - 4 * MINUTE,
        )
        (found,) = read(in_team, rule(in_team, "stuck"))
        assert found.value == 4 * 60_000

    def test_a_run_is_as_alive_as_its_parts(self, in_team: Team) -> None:
        running(in_team, "whole", 3 * HOUR)
        running(in_team, "part", 2 * HOUR, heard=2 * MINUTE, parent_execution="whole", workflow="part")
        (found,) = read(in_team, rule(in_team, "stuck", "nightly"))
        assert found.value == 2 * 60_000

    def test_a_run_whose_part_waits_for_a_person_is_not_stuck(self, in_team: Team) -> None:
        running(in_team, "whole", 3 * HOUR)
        running(in_team, "part", 2 * HOUR, parent_execution="whole", workflow="part", status=Status.WAITING)
        assert [one.value for one in read(in_team, rule(in_team, "stuck"))] == [0]

    @pytest.mark.parametrize("status", [Status.WAITING, Status.QUEUED, Status.UNKNOWN])
    def test_only_running_ones_are(self, in_team: Team, status: Status) -> None:
        running(in_team, "a", 3 * HOUR, status=status)
        assert read(in_team, rule(in_team, "stuck")) == []

    def test_what_ended_is_not(self, in_team: Team) -> None:
        running(in_team, "a", 3 * HOUR)
        send(in_team, report(id="a", started_at=NOW - 3 * HOUR))
        assert read(in_team, rule(in_team, "stuck")) == []

    def test_what_nobody_reported_for_a_week_is_given_up(self, in_team: Team) -> None:
        running(in_team, "a", 7 * DAY + MINUTE)
        running(in_team, "b", 9 * DAY, heard=6 * DAY, workflow="other")
        (found,) = read(in_team, rule(in_team, "stuck"))
        assert found.value == 6 * 86_400_000

    def test_history_is_not_at_work(self, in_team: Team) -> None:
        running(in_team, "imported", 3 * HOUR, is_imported=True)
        send(
            in_team,
            report(id="old", status=Status.RUNNING, started_at=NOW - 40 * DAY, finished_at=None),
            now=NOW - HOUR,
        )
        assert read(in_team, rule(in_team, "stuck")) == []


class TestQueued:
    """Waiting in a queue."""

    def test_since_it_was_queued(self, in_team: Team) -> None:
        running(in_team, "a", 12 * MINUTE, status=Status.QUEUED, heard=MINUTE)
        (found,) = read(in_team, rule(in_team, "queued", threshold=600_000))
        assert (found.value, found.words) == (12 * 60_000, "Run a has been waiting in a queue for 12 min")


class TestWhere:
    """Which workflows and environments a rule looks at."""

    def test_one_workflow_each_or_all_together(self, in_team: Team) -> None:
        running(in_team, "a", HOUR, workflow="one")
        running(in_team, "b", 2 * HOUR, workflow="two")
        each, single, together = (
            read(in_team, rule(in_team, "stuck", workflow, is_per_workflow=is_each))
            for workflow, is_each in (("", True), ("one", True), ("", False))
        )
        assert {one.subject.workflow_id for one in each} == {workflow_id(in_team.id, w) for w in ("one", "two")}
        assert [one.value for one in single] == [3_600_000]
        assert [(one.subject, one.value, one.samples) for one in together] == [(Subject(), 7_200_000, 2)]

    def test_one_environment_or_all(self, in_team: Team) -> None:
        running(in_team, "a", HOUR)
        running(in_team, "b", 2 * HOUR, environment="staging")
        values = {
            environment: [one.value for one in read(in_team, rule(in_team, "stuck", environment=environment))]
            for environment in ("production", "staging", "nowhere", "")
        }
        assert values == {"production": [3_600_000], "staging": [7_200_000], "nowhere": [], "": [7_200_000]}

    @pytest.mark.parametrize("count", [1, 20])
    def test_two_queries_for_all_rules(self, in_team: Team, count: int) -> None:
        for number in range(count):
            running(in_team, f"r{number}", HOUR, workflow=f"w{number}")
        rules = [rule(in_team, metric, f"w{n}") for n in range(count) for metric in ("stuck", "running_over", "queued")]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(live.read(in_team.id, rules, NOW)) == 3 * count
        assert len(queries) == 2
