"""The long tail of stored runs: where slow executions spend the time that usual ones do not."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport
from monitoring.identity import PRODUCTION, workflow_id
from monitoring.reads.cuts import Cut
from monitoring.reads.rollup_rows import pending
from monitoring.reads.tail import TailSplit, split_of
from monitoring.reads.trends import totals
from monitoring.windows import Window
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
WEEK = Window(NOW - timedelta(days=7), NOW)


def order(number: int, charge_seconds: float, **fields: Any) -> ExecutionReport:
    """An order: two seconds of `parse`, then `charge_card` waiting for a payment provider."""
    start = NOW - timedelta(hours=1 + number / 10)
    parsed, end = start + timedelta(seconds=2), start + timedelta(seconds=2 + charge_seconds)
    steps = [
        step(node="parse", position=1, started_at=start, ended_at=parsed),
        step(node="charge_card", position=2, started_at=parsed, ended_at=end, external_system="payments.example"),
    ]
    return report(**{"started_at": start, "finished_at": end, "steps": steps, **fields})


def split(team: Team) -> TailSplit | None:
    with team_context(team.id):
        whose = workflow_id(team.id, "nightly")
        cut = Cut(team.id, whose, WEEK, PRODUCTION, pending(team.id))
        return split_of(cut, totals(team.id, WEEK, workflow_id=whose, environment=PRODUCTION))


def test_the_extra_time_is_in_the_step_that_waits(team: Team) -> None:
    store(team, *(order(n, 40 if n % 12 == 0 else 1 + n % 5 / 10) for n in range(300)))
    found = split(team)
    assert found is not None
    assert found.split is not None
    assert (found.split.slow_runs, found.split.usual_runs) == (25, 40)
    most = found.split.parts[0]
    assert most.key == ("charge_card", "external system", "payments.example")
    assert most.share == pytest.approx(1, abs=0.02)
    assert found.split.extra.ms == pytest.approx(38_800, rel=0.02)
    assert most.is_clear


def test_few_runs_have_no_split_and_runs_without_steps_say_why(team: Team) -> None:
    store(team, *(order(n, 1) for n in range(20)))
    assert split(team) is None
    store(team, *(order(n, 1 + n % 7, steps=[]) for n in range(300)))
    found = split(team)
    assert found is None or found.split is None


def test_bare_runs_say_that_there_are_no_steps(team: Team) -> None:
    store(team, *(order(n, 1 + n % 50, steps=[]) for n in range(300)))
    found = split(team)
    assert found is not None
    assert found.split is None
    assert found.reason == "no slow or usual execution of this range has steps"


def test_the_number_of_queries_does_not_grow(team: Team) -> None:
    store(team, *(order(n, 1 + n % 50) for n in range(120)))
    with CaptureQueriesContext(connection) as few:
        split(team)
    store(team, *(order(n, 1 + n % 50) for n in range(400)))
    with CaptureQueriesContext(connection) as many:
        split(team)
    assert len(few) == len(many)
