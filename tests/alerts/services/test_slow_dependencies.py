"""Workflows whose latency rules fire because one thing that they call got slow are told of once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from alerts.models import AlertDelivery, Incident
from alerts.reads.slow_dependencies import slow_calls
from ingestion.records import ExecutionReport
from monitoring.identity import workflow_id
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.alerts.opening import failing_at, route
from tests.alerts.ruling import MINUTE, evaluate, minute, rule
from tests.alerts.telling import channel
from tests.factories import NOW, report, send, step

pytestmark = pytest.mark.django_db
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
PAYMENTS = "api.payments.example"


def took(
    workflow: str, end: datetime, run: float, call: float, system: str = PAYMENTS, **fields: Any
) -> ExecutionReport:
    """A run of so many seconds that spent some of them in a call."""
    begin = end - run * SECOND
    called = step(node="pay", external_system=system, started_at=begin, ended_at=begin + call * SECOND, **fields)
    return report(workflow=workflow, started_at=begin, finished_at=end, steps=[called])


def usual_days(team: Team, *workflows: str, hours: int = 30, system: str = PAYMENTS) -> None:
    """Hours in which each run took two seconds, one of them in the call."""
    told = [
        took(workflow, NOW - hour * HOUR + place * MINUTE, 2, 1 + hour % 5 / 100, system)
        for workflow in workflows
        for hour in range(2, 2 + hours)
        for place in range(3)
    ]
    send(team, *told)


def slow_minute(team: Team, at: float, workflow: str, run: float, call: float, system: str = PAYMENTS) -> None:
    """Ten runs in a minute that took so long."""
    ends = [minute(at) + place * SECOND for place in range(10, 20)]
    send(team, *(took(workflow, end, run, call, system) for end in ends), now=ends[-1])


def latency(team: Team, **fields: Any) -> None:
    rule(team, name="Slow", metric="duration_p95", threshold=5_000, min_samples=5, **fields)


def told(team: Team) -> list[str]:
    with team_context(team.id):
        return list(AlertDelivery.objects.order_by("created_at", "id").values_list("notice__what", flat=True))


def found(team: Team) -> list[tuple[str, str, str]]:
    """Title, how bad, and what it counts to, of incidents that are open."""
    with team_context(team.id):
        standing = Incident.objects.filter(resolved_at__isnull=True).select_related("parent").order_by("title")
        return [
            (one.title, one.facts["how_bad"] if one.rule_id is None else "", one.parent.title if one.parent else "")
            for one in standing
        ]


@pytest.fixture
def routed(team: Team) -> Team:
    """A team with one channel for everything."""
    with team_context(team.id):
        route(team, (channel(team), 0))
    return team


def test_two_workflows_slowed_by_one_system_are_one_incident_and_one_slow_by_itself_stays_out(routed: Team) -> None:
    latency(routed)
    usual_days(routed, "checkout", "refund", "report")
    for workflow, call in (("checkout", 11), ("refund", 9), ("report", 1)):
        slow_minute(routed, 0, workflow, 12, call)

    evaluate(1)

    lead = f"{PAYMENTS} is slow: 2 workflows"
    assert found(routed) == [
        (lead, "A call took 7.0 s on average lately, usually 1.0 s", ""),
        ("p95 latency 11.9 s of checkout", "", lead),
        ("p95 latency 11.9 s of refund", "", lead),
        ("p95 latency 11.9 s of report", "", ""),
    ]
    assert sorted(told(routed)) == [lead, "p95 latency 11.9 s of report"]

    for number in range(1, 8):
        for workflow in ("checkout", "refund", "report"):
            slow_minute(routed, number, workflow, 2, 1)
        evaluate(number + 1)
    assert found(routed) == []
    with team_context(routed.id):
        assert AlertDelivery.objects.filter(kind="resolved").count() == 2


def test_one_slow_workflow_alone_is_told_by_itself(routed: Team) -> None:
    latency(routed)
    usual_days(routed, "checkout", "refund")
    slow_minute(routed, 0, "checkout", 12, 11)
    slow_minute(routed, 0, "refund", 2, 1)
    evaluate(1)
    assert [parent for _, _, parent in found(routed)] == [""]


def test_a_system_without_a_usual_range_groups_nothing(routed: Team) -> None:
    latency(routed)
    usual_days(routed, "checkout", "refund", hours=20)
    for workflow in ("checkout", "refund"):
        slow_minute(routed, 0, workflow, 12, 11)
    evaluate(1)
    assert [parent for _, _, parent in found(routed)] == ["", ""]


def test_a_third_workflow_joins_later(routed: Team) -> None:
    latency(routed)
    usual_days(routed, "checkout", "refund", "report")
    for workflow in ("checkout", "refund"):
        slow_minute(routed, 0, workflow, 12, 11)
    evaluate(1)
    slow_minute(routed, 1, "report", 12, 11)
    evaluate(2)
    lead = f"{PAYMENTS} is slow: 3 workflows"
    assert [(title, parent) for title, _, parent in found(routed)] == [
        (lead, ""),
        *((f"p95 latency 11.9 s of {name}", lead) for name in ("checkout", "refund", "report")),
    ]
    assert told(routed) == [f"{PAYMENTS} is slow: 2 workflows"]


def test_what_fails_and_is_slow_is_said_to_fail(routed: Team) -> None:
    latency(routed)
    rule(routed, min_samples=4)
    usual_days(routed, "checkout", "refund")
    for workflow in ("checkout", "refund"):
        slow_minute(routed, 0, workflow, 12, 11)
    evaluate(1)
    for workflow in ("checkout", "refund"):
        ends = [minute(1) + place * SECOND for place in range(10, 20)]
        failed = [took(workflow, end, 12, 11, status=Status.FAILED) for end in ends]
        for one in failed:
            one.status = Status.FAILED
        send(routed, *failed, now=ends[-1])
    evaluate(2)
    titles = {parent for _, _, parent in found(routed) if parent}
    assert titles == {f"{PAYMENTS} fails: 2 workflows"}


@pytest.mark.usefixtures("in_team")
def test_the_number_of_queries_does_not_depend_on_workflows_and_systems(team: Team) -> None:
    def count(workflows: Sequence[str], systems: Sequence[str]) -> int:
        for system in systems:
            usual_days(team, *workflows, hours=1, system=system)
            for workflow in workflows:
                slow_minute(team, 0, workflow, 12, 11, system)
        fold_all(minute(1))
        ids = [workflow_id(team.id, name) for name in workflows]
        with CaptureQueriesContext(connection) as queries:
            slow_calls(team.id, ids, [], NOW, minute(1), environment="production")
        return len(queries)

    few = count(["a", "b"], ["x"])
    assert count([f"w{number}" for number in range(8)], [f"s{number}" for number in range(5)]) == few <= 15


@pytest.mark.usefixtures("in_team")
def test_failures_that_are_quick_are_not_slow(team: Team) -> None:
    failing_at(team, ["checkout", "refund"])
    ids = [workflow_id(team.id, name) for name in ("checkout", "refund")]
    assert slow_calls(team.id, ids, [], NOW, minute(1), environment="production").told == {}
