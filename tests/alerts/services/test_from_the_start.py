"""What the rules from the start tell of, evaluated with real records: the right thing once, and history of nothing."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from alerts.models import AlertRule, Incident
from alerts.services import default_rules
from alerts.services.evaluation import ensure_due, evaluate_team
from ingestion.records import Failure, Resources
from monitoring.models import Workflow
from monitoring.services.baselines import build_all
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.factories import NOW, report, send

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def ruled(team: Team) -> Team:
    """A team that has had the rules for a month."""
    default_rules.make_missing(NOW - 30 * DAY)
    return team


def ran(team: Team, ended: timedelta, status: Status = Status.SUCCEEDED, **fields: Any) -> None:
    """A run of a minute that ended so long before `NOW`."""
    end = NOW - ended
    told = {"id": f"{fields.get('workflow')}-{ended}", "status": status, "started_at": end - MINUTE, "finished_at": end}
    if status is Status.FAILED:
        told["error"] = Failure(message="timeout of crm")
    send(team, report(**{**told, **fields}), now=min(end, NOW))


def told(team: Team, at: timedelta = timedelta(0)) -> dict[str, str]:
    """The names of the rules that have an open incident after an evaluation, with their severity."""
    now = NOW + at
    fold_all(now)
    with team_context(team.id):
        Workflow.objects.filter(created_at__gt=NOW - 60 * DAY).update(created_at=NOW - 60 * DAY)
        ensure_due(team.id, AlertRule.objects.values_list("id", flat=True), now)
    evaluate_team(team.id, now)
    with team_context(team.id):
        return dict(Incident.objects.filter(resolved_at__isnull=True).values_list("rule__name", "severity"))


def test_a_nightly_run_that_fails_then_fails_again_then_succeeds(ruled: Team) -> None:
    for day in range(3, 20):
        ran(ruled, day * DAY)
    ran(ruled, 2 * DAY, Status.FAILED)
    assert told(ruled, -2 * DAY + MINUTE) == {"Last run failed": "info", "New failure group": "info"}
    assert told(ruled, -2 * DAY + 2 * HOUR) == {"Last run failed": "info"}
    ran(ruled, DAY, Status.FAILED)
    assert told(ruled, -DAY + MINUTE) == {"Last run failed": "info", "Two failures in a row": "warning"}
    ran(ruled, MINUTE)
    assert told(ruled) == {}


def test_of_a_busy_workflow_the_rate_alone_is_told(ruled: Team) -> None:
    for number in range(1, 61):
        ran(ruled, number * timedelta(seconds=5), Status.FAILED)
        ran(ruled, 3 * DAY + number * timedelta(seconds=5), Status.FAILED)
    assert told(ruled, timedelta(seconds=20)) == {"Error rate over 5%": "warning"}


def test_of_a_workflow_between_a_streak_is_told(ruled: Team) -> None:
    for number in range(1, 60):
        ran(ruled, number * 20 * MINUTE, Status.FAILED if number < 6 or number > 50 else Status.SUCCEEDED)
    assert told(ruled)["Five failures in a row"] == "critical"
    assert not {"Last run failed", "Two failures in a row"} & set(told(ruled))


def test_a_run_that_is_late_stuck_or_near_its_limit(ruled: Team) -> None:
    used = Resources(memory_bytes=95, memory_limit_bytes=100)
    for day in range(2, 20):
        ran(ruled, day * DAY)
    ran(ruled, 3 * MINUTE, workflow="big", resources=used)
    ran(ruled, 2 * HOUR, Status.RUNNING, workflow="gone", finished_at=None)
    assert told(ruled, timedelta(seconds=20)) == {
        "Later than usual": "warning",
        "No report for an hour": "warning",
        "Near its limit of memory": "warning",
    }


def test_imported_history_wakes_nobody(team: Team) -> None:
    default_rules.make_missing(NOW)
    for day in range(1, 30):
        ran(team, day * DAY, Status.FAILED, is_imported=True)
    for number in range(60):
        ran(team, number * timedelta(seconds=3), is_imported=True, workflow="busy")
    ran(team, 40 * DAY, Status.RUNNING, is_imported=True, finished_at=None, workflow="open")
    fold_all(NOW)
    build_all(NOW, team_id=team.id)
    assert told(team, timedelta(seconds=20)) == {}


def test_what_a_team_had_long_before_it_got_the_rules_wakes_nobody(team: Team) -> None:
    for day in range(10, 30):
        ran(team, day * DAY, Status.FAILED)
    ran(team, 9 * DAY, Status.RUNNING, finished_at=None, workflow="open")
    default_rules.make_missing(NOW)
    assert told(team) == {}
