"""What ran last: failures in a row, the last success, late runs, as rules see them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from alerts.analysis.readings import Reading
from alerts.models import AlertRule
from alerts.reads import recent
from monitoring.identity import execution_id
from monitoring.models import Workflow
from monitoring.services.baselines import build_all
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.alerts.rules import rule
from tests.factories import NOW, report, send

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
OK, BAD = Status.SUCCEEDED, Status.FAILED


def ran(team: Team, ends: Sequence[tuple[timedelta, Status]], **fields: Any) -> None:
    """Runs of a minute that ended so long ago, each reported at its end."""
    for ago, status in ends:
        end = NOW - ago
        told = {"id": f"{fields.get('workflow', 'nightly')}-{ago}", "status": status}
        send(team, report(**{**told, "started_at": end - MINUTE, "finished_at": end, **fields}), now=end)
    fold_all(NOW)


def read(team: Team, one: AlertRule) -> list[Reading]:
    return recent.read(team.id, [one], NOW)[one.id]


def value_of(team: Team, metric: str, **fields: Any) -> float | None:
    found = read(team, rule(team, metric, **fields))
    return found[0].value if found else None


class TestLastRunFailed:
    """The run that ended last, at under one run an hour."""

    def test_it_failed(self, in_team: Team) -> None:
        ran(in_team, [(3 * HOUR, OK), (12 * MINUTE, BAD)])
        (found,) = read(in_team, rule(in_team, "last_run_failed", threshold=0))
        assert (found.value, found.since) == (1, NOW - 12 * MINUTE)
        assert found.words == "Run nightly-0:12:00 failed 12 min ago, the last success was 3 h ago"
        assert found.execution_ids == (execution_id(in_team.id, "nightly-0:12:00"),)

    def test_it_succeeded(self, in_team: Team) -> None:
        ran(in_team, [(3 * HOUR, BAD), (12 * MINUTE, OK)])
        assert value_of(in_team, "last_run_failed") == 0

    def test_one_at_work_or_cancelled_is_not_the_last(self, in_team: Team) -> None:
        ran(in_team, [(3 * HOUR, BAD), (2 * MINUTE, Status.CANCELLED)])
        ran(in_team, [(1 * MINUTE, Status.RUNNING)], finished_at=None)
        assert value_of(in_team, "last_run_failed") == 1

    @pytest.mark.parametrize(("status", "value"), [(Status.RUNNING, 0), (OK, 0), (BAD, 1)])
    def test_a_failure_that_is_tried_again_counts_as_the_try(self, in_team: Team, status: Status, value: int) -> None:
        ran(in_team, [(3 * HOUR, OK)])
        ran(in_team, [(9 * MINUTE, BAD)], id="x")
        again: dict[str, Any] = {"finished_at": None} if status is Status.RUNNING else {}
        ran(in_team, [(2 * MINUTE, status)], id="x", attempt=2, **again)
        assert value_of(in_team, "last_run_failed") == value

    def test_at_one_run_an_hour_a_failure_is_a_rate(self, in_team: Team) -> None:
        ran(in_team, [(hour * HOUR, OK) for hour in range(1, 23)])
        ran(in_team, [(MINUTE, BAD)])
        assert value_of(in_team, "last_run_failed") == 1
        ran(in_team, [(2 * MINUTE, BAD)])
        assert value_of(in_team, "last_run_failed") is None

    def test_a_failure_long_before_the_rule_is_no_news(self, in_team: Team) -> None:
        ran(in_team, [(20 * DAY, BAD)])
        assert value_of(in_team, "last_run_failed", created_at=NOW - 19 * DAY + HOUR) is None
        assert value_of(in_team, "last_run_failed", created_at=NOW - 19 * DAY - HOUR) == 1

    def test_imported_history_is_no_news(self, in_team: Team) -> None:
        ran(in_team, [(HOUR, BAD)], is_imported=True)
        end = NOW - 30 * HOUR
        send(in_team, report(status=BAD, started_at=end, finished_at=end, workflow="late"), now=NOW)
        fold_all(NOW)
        assert value_of(in_team, "last_run_failed") is None
        assert value_of(in_team, "failed_in_a_row") is None

    def test_of_failures_only_nothing_can_be_said(self, in_team: Team) -> None:
        ran(in_team, [(2 * HOUR, BAD), (HOUR, BAD)])
        Workflow.objects.update(completeness="failures-only")
        assert value_of(in_team, "failed_in_a_row") is None


class TestFailedInARow:
    """The streak that the newest runs are in."""

    def test_it_counts_up_to_the_last_success(self, in_team: Team) -> None:
        ran(in_team, [(9 * HOUR, BAD), (8 * HOUR, OK), (3 * HOUR, BAD), (2 * HOUR, Status.TIMED_OUT), (HOUR, BAD)])
        (found,) = read(in_team, rule(in_team, "failed_in_a_row"))
        assert (found.value, found.samples, found.since) == (3, 3, NOW - 3 * HOUR)
        assert found.words == "3 runs in a row failed since 3 h ago"
        assert len(found.execution_ids) == 3

    def test_a_success_ends_it(self, in_team: Team) -> None:
        ran(in_team, [(3 * HOUR, BAD), (2 * HOUR, BAD), (HOUR, OK)])
        assert value_of(in_team, "failed_in_a_row") == 0

    @pytest.mark.parametrize(("runs", "low", "middle"), [(10, 10, None), (40, None, 40)])
    def test_it_may_look_at_some_volumes_only(self, in_team: Team, runs: int, low: Any, middle: Any) -> None:
        ran(in_team, [(number * 20 * MINUTE, BAD) for number in range(1, runs + 1)])
        assert value_of(in_team, "failed_in_a_row", parameters={"max_runs_per_hour": 1}) == low
        bounds = {"min_runs_per_hour": 1, "max_runs_per_hour": 240}
        assert value_of(in_team, "failed_in_a_row", parameters=bounds) == middle

    def test_more_runs_than_are_looked_at_are_a_rate_of_the_time_that_they_took(self, in_team: Team) -> None:
        ran(in_team, [(number * timedelta(seconds=10), BAD) for number in range(1, 60)])
        assert value_of(in_team, "failed_in_a_row", parameters={"min_runs_per_hour": 300}) == 50
        assert value_of(in_team, "failed_in_a_row", parameters={"min_runs_per_hour": 400}) is None


class TestLastSuccess:
    """How old the last success is."""

    def test_against_its_objective(self, in_team: Team) -> None:
        ran(in_team, [(26 * HOUR, OK), (HOUR, BAD)])
        Workflow.objects.update(objective_freshness_ms=24 * 3_600_000)
        (found,) = read(in_team, rule(in_team, "last_success", comparison="unusual", threshold=None))
        assert (found.value, found.low, found.high) == (26 * 3_600_000, 0, 24 * 3_600_000)
        assert found.words == "Last success 1 d 2 h ago, objective 1 d"

    def test_against_what_is_usual(self, in_team: Team) -> None:
        ran(in_team, [(day * DAY, OK) for day in range(2, 30)])
        ran(in_team, [(HOUR, BAD)])
        build_all(NOW, team_id=in_team.id)
        (found,) = read(in_team, rule(in_team, "last_success", comparison="unusual"))
        assert found.value == 48 * 3_600_000
        assert found.high == pytest.approx(1.5 * 24 * 3_600_000, rel=0.02)

    def test_without_a_success_nothing_can_be_said(self, in_team: Team) -> None:
        ran(in_team, [(HOUR, BAD)])
        assert value_of(in_team, "last_success") is None


class TestLate:
    """Later than its usual interval."""

    def test_a_daily_run_that_did_not_come(self, in_team: Team) -> None:
        ran(in_team, [(day * DAY, OK) for day in range(2, 20)])
        (found,) = read(in_team, rule(in_team, "late", threshold=1.5))
        assert found.value == pytest.approx(2.0, rel=0.01)
        assert found.since == NOW - 2 * DAY - MINUTE + 36 * HOUR
        assert found.words.startswith("No run for 2 d, usually one within 1 d; usually every 1 d")

    def test_weekends_are_usual(self, in_team: Team) -> None:
        # `NOW` is a Wednesday: the newest run is of the Friday before, three days before Monday.
        runs = [(NOW - 5 * DAY) - number * DAY for number in range(40)]
        ran(in_team, [(NOW - day, OK) for day in runs if day.weekday() < 5])
        assert value_of(in_team, "late") == pytest.approx(5 / 3, rel=0.01)

    def test_a_running_one_has_come(self, in_team: Team) -> None:
        ran(in_team, [(day * DAY, OK) for day in range(2, 20)])
        ran(in_team, [(HOUR, Status.RUNNING)], finished_at=None)
        assert (value_of(in_team, "late") or 0) < 0.05

    def test_what_runs_each_few_seconds_is_not_late_after_a_minute(self, in_team: Team) -> None:
        gaps = [MINUTE + number * timedelta(hours=1) for number in range(50)]
        ran(in_team, [(gap, OK) for gap in gaps])
        ran(in_team, [(MINUTE + number * timedelta(seconds=5), OK) for number in range(1, 60)], workflow="busy")
        values = {one.subject.workflow_id: one.value for one in read(in_team, rule(in_team, "late"))}
        assert len(values) == 1, "of the busy one too little past is known"

    def test_nights_that_only_a_longer_past_shows(self, in_team: Team) -> None:
        # Each ten minutes from 02:00 to 10:00: the last fifty runs show no night.
        ends = [NOW - 2 * HOUR - day * DAY - number * 10 * MINUTE for day in range(10) for number in range(48)]
        ran(in_team, [(NOW - end, OK) for end in ends])
        build_all(NOW, team_id=in_team.id)
        (found,) = read(in_team, rule(in_team, "late"))
        assert found.value is not None
        assert found.value < 0.2

    def test_sampled_reports_have_no_rhythm(self, in_team: Team) -> None:
        ran(in_team, [(day * DAY, OK) for day in range(2, 20)])
        Workflow.objects.update(completeness="sampled")
        assert value_of(in_team, "late") is None

    def test_what_was_late_long_before_the_rule_is_no_news(self, in_team: Team) -> None:
        ran(in_team, [(day * DAY, OK) for day in range(20, 40)])
        assert value_of(in_team, "late", threshold=1.5, created_at=NOW) is None


@pytest.mark.parametrize("count", [1, 20])
def test_two_queries_for_all_rules(in_team: Team, count: int) -> None:
    for number in range(count):
        ran(in_team, [(2 * HOUR, BAD), (HOUR, BAD)], workflow=f"w{number}", environment=f"e{number % 3}")
    metrics = ("last_run_failed", "failed_in_a_row", "last_success", "late")
    rules = [rule(in_team, metric, f"w{number}", environment="") for number in range(count) for metric in metrics]
    with CaptureQueriesContext(connection) as queries:
        found = recent.read(in_team.id, rules, NOW)
    assert sum(map(len, found.values())) == 2 * count
    assert len(queries) == 2
