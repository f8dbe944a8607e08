"""The generated team: the same seed gives the same runs, and each incident can be found."""

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.demo import runs
from ingestion.demo.incidents import OUTAGE
from ingestion.demo.shapes import PAYMENTS
from ingestion.demo.workflows import BACKUPS, INVOICES, LOAD, SHAPES, SUPPORT
from monitoring.models import Execution, Release, Workflow
from monitoring.statuses import Status

END = datetime(2026, 11, 22, 12, tzinfo=UTC)


def generated(shape: runs.Shape, seed: str = "1") -> list[runs.ExecutionReport]:
    return list(runs.generate(shape, END, 6_000, seed))


def test_the_same_seed_gives_the_same_runs() -> None:
    assert generated(LOAD) == generated(LOAD)
    assert generated(LOAD, "2") != generated(LOAD)


def test_sizes_and_times() -> None:
    whole = [report for shape in SHAPES for report in generated(shape)]
    assert len(whole) == pytest.approx(6_000, rel=0.05)
    assert all(report.started_at and END - timedelta(days=31) < report.started_at < END for report in whole)
    assert all(report.finished_at is None or report.finished_at < END for report in whole)
    assert all(report.attributes == {"generated": True} for report in whole)


def test_the_outage_is_one_reason_in_two_workflows() -> None:
    start, end = (END - timedelta(days=days) for days in OUTAGE)
    failed = Counter(
        step.external_system
        for shape in SHAPES
        for report in generated(shape)
        for step in report.steps or ()
        if step.status in {Status.FAILED, Status.TIMED_OUT} and step.started_at and start <= step.started_at <= end
    )
    assert failed.most_common(1)[0][0] == PAYMENTS


def test_the_bad_release_fails_on_scans() -> None:
    failed = Counter(
        (report.release, report.input_type) for report in generated(INVOICES) if report.status is Status.FAILED
    )
    assert failed.most_common(1)[0][0] == ("2.4.0", "scan")


def test_the_tail_grows_and_the_schedule_has_a_gap() -> None:
    slow = [
        (report.started_at, step.ended_at - step.started_at)
        for report in generated(SUPPORT)
        for step in report.steps or ()
        if step.node == "Write the answer" and step.started_at and step.ended_at and report.started_at
    ]
    late = [took for at, took in slow if at and at > END - timedelta(days=3)]
    early = [took for at, took in slow if at and at < END - timedelta(days=4)]
    assert sorted(late)[int(len(late) * 0.96)] > sorted(early)[int(len(early) * 0.96)] * 2
    starts = [report.started_at for report in generated(BACKUPS) if report.started_at]
    assert max(b - a for a, b in itertools.pairwise(starts)) > timedelta(hours=9)


@pytest.mark.django_db
def test_the_command_makes_a_team_that_says_what_it_is() -> None:
    out = StringIO()
    call_command("demo", executions=300, verbosity=0, stdout=out)
    assert "Nothing in this team is real" in out.getvalue()
    team = Team.objects.get(slug="demo-generated")
    with team_context(team.id):
        assert Execution.objects.count() >= 250
        assert Workflow.objects.filter(is_sample=True, objective_success_rate__gt=0.8).count() == 12
        assert Release.objects.count() > 12
    with pytest.raises(CommandError, match="from 100 to"):
        call_command("demo", executions=5, verbosity=0, stdout=out)
