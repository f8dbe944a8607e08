"""Runs that were due and did not start, as rules see them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule
from alerts.reads import recent, schedules
from monitoring.identity import execution_id, workflow_id
from monitoring.models import Workflow
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.alerts.rules import rule
from tests.factories import NOW, report, send

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
HOURLY: dict[str, Any] = {"cron": "0 * * * *", "zone": "Europe/Berlin", "grace_s": 300}


def started(team: Team, ago: timedelta, **fields: Any) -> None:
    """A run that started so long ago and ended a minute later."""
    told = {"id": f"run-{ago}", "started_at": NOW - ago, "finished_at": NOW - ago + MINUTE, **fields}
    send(team, report(**told), now=NOW - ago + MINUTE)
    fold_all(NOW)


def read(team: Team, parameters: dict[str, Any], **fields: Any) -> Reading:
    made = rule(team, "missed_schedule", "nightly", threshold=0, parameters=parameters, **fields)
    (found,) = schedules.read(team.id, [made], NOW)[made.id]
    return found


def test_a_run_in_time(in_team: Team) -> None:
    started(in_team, timedelta(seconds=-20) + HOUR)
    found = read(in_team, {**HOURLY, "grace_s": 600})
    assert (found.subject, found.value, found.words) == (Subject(workflow_id(in_team.id, "nightly")), 0, "")


def test_runs_that_did_not_come(in_team: Team) -> None:
    started(in_team, 3 * HOUR + 10 * MINUTE)
    found = read(in_team, {**HOURLY, "cron": "30 * * * *"})
    assert (found.value, found.since) == (3, NOW - 2 * HOUR - 30 * MINUTE)
    assert found.words == (
        "3 runs that were due since 2026-08-12 09:30 UTC have not started: 30 * * * * (Europe/Berlin), 5 min of grace; "
        "the last one started 3 h 10 min ago"
    )
    assert found.execution_ids == (execution_id(in_team.id, "run-3:10:00"),)


def test_a_late_one_counts_until_it_came(in_team: Team) -> None:
    started(in_team, 65 * MINUTE)
    assert read(in_team, {**HOURLY, "cron": "40 * * * *"}).value == 1
    started(in_team, 2 * MINUTE)
    assert read(in_team, {**HOURLY, "cron": "40 * * * *"}).value == 0


def test_a_long_run_that_is_still_at_work_has_come(in_team: Team) -> None:
    started(in_team, 30 * MINUTE, status=Status.RUNNING, finished_at=None)
    for number in range(30):
        started(in_team, 5 * HOUR + number * MINUTE, id=f"old-{number}", finished_at=NOW - 29 * MINUTE)
    assert read(in_team, {"cron": "30 * * * *", "grace_s": 60}).value == 0


def test_other_environments_do_not_answer(in_team: Team) -> None:
    started(in_team, 3 * HOUR)
    started(in_team, 10 * MINUTE, environment="staging")
    assert read(in_team, {**HOURLY, "cron": "30 * * * *"}).value == 3
    assert read(in_team, {**HOURLY, "cron": "30 * * * *"}, environment="").value == 0


def test_a_period_after_the_last_start(in_team: Team) -> None:
    started(in_team, 130 * MINUTE)
    found = read(in_team, {"period_s": 3600, "grace_s": 300})
    assert (found.value, found.since) == (2, NOW - 70 * MINUTE)
    assert "every 1 h, 5 min of grace" in found.words


def test_a_workflow_that_never_ran_is_missed_from_when_it_is_expected(in_team: Team) -> None:
    started(in_team, HOUR, environment="staging")
    assert read(in_team, HOURLY, created_at=NOW - 2 * HOUR - 10 * MINUTE).value == 2
    assert read(in_team, HOURLY, created_at=NOW - MINUTE).value == 0


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            {"cron": "61 * * * *"},
            "The schedule cannot be read: "
            "cron cannot be read at the minute: it takes 0 to 59, *, lists, ranges and steps",
        ),
        ({"cron": "0 0 30 2 *"}, "The schedule cannot be read: cron is never due: no such month has that day"),
        ({}, "It has no schedule."),
    ],
)
def test_nonsense_says_so_and_fires_nothing(in_team: Team, parameters: dict[str, Any], said: str) -> None:
    started(in_team, HOUR)
    found = read(in_team, parameters)
    assert (found.value, found.words) == (None, said)


def test_a_schedule_of_no_workflow(in_team: Team) -> None:
    made: AlertRule = rule(in_team, "missed_schedule", parameters=HOURLY)
    (found,) = schedules.read(in_team.id, [made], NOW)[made.id]
    assert (found.value, found.words) == (None, "A schedule belongs to one workflow.")


def test_the_schedule_of_the_workflow_itself(in_team: Team) -> None:
    started(in_team, 3 * HOUR + 10 * MINUTE)
    started(in_team, 10 * MINUTE, workflow="other")
    Workflow.objects.filter(name="nightly").update(told_schedule="30 * * * *")
    made = rule(in_team, "missed_schedule", threshold=0)
    (found,) = schedules.read(in_team.id, [made], NOW)[made.id]
    assert (found.subject, found.value) == (Subject(workflow_id(in_team.id, "nightly")), 3)
    assert "30 * * * * (UTC), 5 min of grace" in found.words
    Workflow.objects.filter(name="nightly").update(schedule="0 6 * * *", schedule_zone="Europe/Berlin")
    (found,) = schedules.read(in_team.id, [made], NOW)[made.id]
    assert found.value == 0
    Workflow.objects.filter(name="nightly").update(schedule="0 12 * * *", schedule_grace_ms=7_260_000.0)
    assert [one.value for one in schedules.read(in_team.id, [made], NOW)[made.id]] == [0]
    late = rule(in_team, "late")
    assert recent.read(in_team.id, [late], NOW)[late.id] == []


def test_a_form_begins_with_what_the_starts_propose(in_team: Team) -> None:
    for day in range(1, 15):
        started(in_team, day * DAY)
    found = schedules.proposed_schedule(
        in_team.id, workflow_id(in_team.id, "nightly"), "production", ("Europe/Berlin", "UTC"), NOW
    )
    assert found is not None
    assert found.as_parameters() == {"cron": "0 14 * * *", "zone": "Europe/Berlin", "grace_s": 3600}
    other = schedules.proposed_schedule(in_team.id, workflow_id(in_team.id, "nightly"), "staging", ("UTC",), NOW)
    assert other is None


@pytest.mark.parametrize("count", [1, 20])
def test_two_queries_for_all_rules(in_team: Team, count: int) -> None:
    for number in range(count):
        started(in_team, 3 * HOUR, id=f"r{number}", workflow=f"w{number}")
    rules = [rule(in_team, "missed_schedule", f"w{number}", parameters=HOURLY) for number in range(count)]
    Workflow.objects.update(told_schedule="0 * * * *")
    rules += [rule(in_team, "missed_schedule", f"w{number}") for number in range(count)]
    with CaptureQueriesContext(connection) as queries:
        found = schedules.read(in_team.id, rules, NOW)
    assert [one.value for told in found.values() for one in told] == [2] * 2 * count
    assert len(queries) == 2
