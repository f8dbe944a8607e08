"""Runs that schedules expect: what is due next, what is overdue, whose schedule counts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from alerts.reads.due_runs import DueRun, due_runs
from monitoring.models import Workflow
from tests.alerts.opening import workflow
from tests.alerts.reads.test_schedules import started
from tests.alerts.rules import rule
from tests.factories import NOW

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
pytestmark = pytest.mark.django_db


def scheduled(team: Team, name: str = "nightly", cron: str = "30 * * * *", **fields: object) -> None:
    """Gives a workflow a schedule; it has been known for a month."""
    told = {"schedule": cron, "schedule_zone": "UTC", "created_at": NOW - 30 * DAY, **fields}
    Workflow.objects.filter(team_id=team.id, name=name).update(**told)


def due(team: Team) -> list[DueRun]:
    return due_runs(team.id, NOW)


def test_what_is_due_next(in_team: Team) -> None:
    started(in_team, 30 * MINUTE)
    scheduled(in_team)
    (one,) = due(in_team)
    assert (one.workflow, one.last_at, one.next_at) == ("nightly", NOW - 30 * MINUTE, NOW + 30 * MINUTE)
    assert not one.is_overdue


def test_what_did_not_come_is_overdue_and_first(in_team: Team) -> None:
    started(in_team, 3 * HOUR + 30 * MINUTE)
    started(in_team, 29 * MINUTE, workflow="in time", id="b")
    scheduled(in_team)
    scheduled(in_team, "in time")
    late, fine = due(in_team)
    assert (late.workflow, late.missed.count, late.missed.first) == ("nightly", 3, NOW - 2 * HOUR - 30 * MINUTE)
    assert (fine.workflow, fine.is_overdue) == ("in time", False)


def test_a_start_within_the_grace_may_still_come(in_team: Team) -> None:
    started(in_team, HOUR + 4 * MINUTE)
    scheduled(in_team, cron="56 * * * *")
    (one,) = due(in_team)
    assert (one.is_overdue, one.next_at) == (False, NOW + 56 * MINUTE)


def test_a_workflow_that_never_ran_is_overdue_since_it_is_known(in_team: Team) -> None:
    workflow(in_team)
    scheduled(in_team, "checkout", "0 * * * *", created_at=NOW - 2 * HOUR - MINUTE)
    (one,) = due(in_team)
    assert (one.last_at, one.missed.count) == (None, 2)


def test_what_reports_told_counts_after_what_a_member_set(in_team: Team) -> None:
    started(in_team, 10 * MINUTE)
    scheduled(in_team, cron="", told_schedule="0 6 * * *", told_schedule_zone="Europe/Berlin")
    (one,) = due(in_team)
    assert (one.schedule.cron, one.schedule.zone) == ("0 6 * * *", "Europe/Berlin")
    # Six in the morning is four in UTC, in summer.
    assert one.next_at == NOW + 16 * HOUR


def test_a_rule_tells_a_schedule_where_nobody_else_does(in_team: Team) -> None:
    started(in_team, 90 * MINUTE)
    rule(in_team, "missed_schedule", "nightly", parameters={"period_s": 3600, "grace_s": 60}, threshold=0)
    (one,) = due(in_team)
    assert one.schedule.period == HOUR
    assert one.next_at == NOW - 30 * MINUTE
    rule(in_team, "missed_schedule", "nightly", parameters={"period_s": 60, "grace_s": 60}, is_active=False)
    assert len(due(in_team)) == 1


def test_without_a_schedule_nothing_is_expected(in_team: Team) -> None:
    started(in_team, HOUR)
    assert due(in_team) == []
    scheduled(in_team, cron="no cron")
    assert due(in_team) == []


def test_three_queries_whatever_there_is(in_team: Team) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as told:
            due(in_team)
        return len(told)

    few = queries()
    for number in range(20):
        started(in_team, HOUR + number * MINUTE, workflow=f"w{number}", id=f"r{number}")
        scheduled(in_team, f"w{number}")
    assert (few, queries()) == (3, 3)
