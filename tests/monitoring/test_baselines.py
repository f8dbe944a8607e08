"""Usual ranges: built from stored runs when they are due, none lost, at most once an hour."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport
from monitoring.analysis.ranges import Metric
from monitoring.identity import PRODUCTION, LabelKind, label_id, workflow_id
from monitoring.models import Baseline, BaselineDue, Basis, Workflow
from monitoring.reads.baselines import listing, usual_by_workflow
from monitoring.services.baselines import build_all, build_due
from monitoring.statuses import Status
from monitoring.store import baselines
from monitoring.windows import Window
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
WEEK = Window(NOW - timedelta(days=7), NOW)


def history(days: int = 21, every_hours: int = 2, **fields: Any) -> list[ExecutionReport]:
    """Runs of `nightly`, one in twenty failed, each of 60 s with a step of 20 s."""
    found = []
    for number in range(days * 24 // every_hours):
        end = NOW - timedelta(hours=every_hours * number + 1)
        start = end - timedelta(seconds=60)
        status = Status.FAILED if number % 20 == 7 else Status.SUCCEEDED
        visit = step(node="work", started_at=start, ended_at=start + timedelta(seconds=20), status=status)
        told = {"status": status, "started_at": start, "finished_at": end, "steps": [visit], "release": "7"}
        found.append(report(**{**told, **fields}))
    return found


def whose(team: Team) -> UUID:
    return workflow_id(team.id, "nightly")


def test_everything_that_was_reported_gets_usual_ranges(team: Team) -> None:
    store(team, *history(workflow_type="n8n"))
    assert build_due(NOW) == 2
    with team_context(team.id):
        kept = set(Baseline.objects.values_list("dimension", "metric"))
        usual = usual_by_workflow(team.id, WEEK, environment=PRODUCTION)[whose(team)]
        alone = usual_by_workflow(team.id, WEEK, environment=PRODUCTION, workflow_id=whose(team))[whose(team)]
        of_type = listing(
            team.id, baselines.type_id(team.id, "n8n"), PRODUCTION, bases=[Basis.WORKFLOW_TYPE], metrics=Metric
        )
    told = {"duration_p50", "duration_p95", "error_rate", "retries", "volume"}
    for basis in Basis:
        assert {metric for of, metric in kept if of == basis} - {"objectives"} == told
    # 13 of 252 runs failed, in hours of one run each.
    assert usual.ranges[Metric.ERROR_RATE].middle == pytest.approx(13 / 252, rel=0.3)
    assert usual.ranges[Metric.DURATION_P95].middle == pytest.approx(60_000, rel=0.03)
    assert usual.ranges[Metric.DURATION_P95].samples == 252
    assert alone.nodes[label_id(LabelKind.NODE, "work")].middle == pytest.approx(13 / 252, rel=0.3)
    assert (alone.ranges, alone.proposals) == (usual.ranges, usual.proposals)
    assert {row.baseline.samples for row in of_type if row.metric is Metric.ERROR_RATE} == {252}


def test_history_proposes_objectives_with_their_arithmetic(team: Team) -> None:
    store(team, *history())
    build_all(NOW)
    with team_context(team.id):
        proposals = usual_by_workflow(team.id, WEEK, environment=PRODUCTION)[whose(team)].proposals
    # 5 of 84 runs fail in a week at most: 94 %.
    assert proposals.success_rate.value == 0.9
    assert "90% or more succeeded in 3 of 3 weeks" in proposals.success_rate.words
    # Bins are 4 % wide: 60 s may be read as a little more than a minute.
    assert proposals.p95_ms.value in (60_000, 90_000)
    assert proposals.freshness_ms.value is not None
    assert proposals.success_gap is not None
    assert timedelta(hours=2) <= proposals.success_gap <= timedelta(hours=4)


def test_environments_are_apart_and_all_of_them_together_have_none(team: Team) -> None:
    store(team, *history(days=7), *history(days=7, environment="staging", duration_ms=5_000.0))
    build_all(NOW)
    with team_context(team.id):
        staging = usual_by_workflow(team.id, WEEK, environment="staging")[whose(team)]
        assert staging.ranges[Metric.DURATION_P95].middle == pytest.approx(5_000, rel=0.03)
        assert usual_by_workflow(team.id, WEEK, environment=None) == {}


def test_another_team_has_none(team: Team, other_team: NewTeam) -> None:
    store(team, *history(days=3))
    build_all(NOW)
    with team_context(other_team.team.id):
        assert Baseline.objects.count() == 0
        assert usual_by_workflow(other_team.team.id, WEEK, environment=PRODUCTION) == {}


def test_they_are_built_again_an_hour_after_new_runs_and_not_before(team: Team) -> None:
    store(team, *history(days=2))
    assert build_due(NOW) == 1
    assert build_due(NOW) == 0
    later = NOW + timedelta(minutes=10)
    store(team, report(started_at=NOW, finished_at=NOW + timedelta(minutes=1)), now=later)
    assert build_due(later) == 0
    assert build_due(NOW + timedelta(minutes=61)) == 1
    # Nodes and releases once a day: what is left of them is due then.
    assert build_due(NOW + timedelta(hours=3)) == 0
    assert build_due(NOW + timedelta(hours=24)) == 1
    assert build_due(NOW + timedelta(days=9)) == 0


def test_a_builder_that_dies_loses_nothing(team: Team) -> None:
    store(team, *history(days=2))
    assert baselines.claim(NOW) is not None
    assert baselines.claim(NOW) is None
    assert baselines.claim(NOW + baselines.LEASE) is not None


def test_runs_that_come_while_it_builds_are_due_again(team: Team) -> None:
    store(team, *history(days=2))
    claim = baselines.claim(NOW)
    assert claim is not None
    store(team, report(started_at=NOW, finished_at=NOW))
    baselines.keep(claim, [], [Basis.WORKFLOW], NOW, has_parts=True)
    assert BaselineDue.objects.get(team=team).due_at == NOW


def test_what_has_gone_is_forgotten(team: Team) -> None:
    store(team, *history(days=2))
    build_all(NOW)
    later = NOW + timedelta(weeks=9)
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute("UPDATE baseline_due SET due_at = %s", [later])
        assert Baseline.objects.filter(dimension=Basis.NODE).exists()
    build_due(later)
    with team_context(team.id):
        assert set(Baseline.objects.values_list("metric", flat=True)) == {"objectives"}


def test_failures_only_have_no_error_rate(team: Team) -> None:
    store(team, *history(days=2, status=Status.FAILED))
    with team_context(team.id):
        Workflow.objects.update(completeness="failures-only")
    build_all(NOW)
    with team_context(team.id):
        metrics = set(Baseline.objects.filter(dimension=Basis.WORKFLOW).values_list("metric", flat=True))
    assert "volume" in metrics
    assert not metrics & {"error_rate", "objectives"}
