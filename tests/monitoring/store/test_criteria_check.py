"""Checking executions again after criteria changed: in batches, from a table, so that nothing is lost or done twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport
from monitoring.models import CriteriaCheck, DirtyBucket, Execution, Workflow
from monitoring.reads import trends
from monitoring.services.criteria import change_criterion, remove_criterion
from monitoring.statuses import Status
from monitoring.store.criteria_check import BACK, DELAY, check_batch, check_due
from monitoring.store.rollups import fold_all
from monitoring.windows import Window
from tests.factories import NOW, report, store
from tests.monitoring.store.test_criteria import criterion, said

pytestmark = pytest.mark.django_db
DUE = NOW + DELAY


@pytest.fixture
def nightly(team: Team) -> Workflow:
    """A workflow with 12 runs: every third without an output, one failed, one older than what is checked."""
    store(team, *(run(n, output={"n": n} if n % 3 else {}) for n in range(1, 11)))
    store(team, run(11, status=Status.FAILED), run(24 * 31, output={}))
    with team_context(team.id):
        return Workflow.objects.get()


def run(hours: int, **fields: Any) -> ExecutionReport:
    end = NOW - timedelta(hours=hours)
    return report(id=f"run-{hours}", started_at=end - timedelta(seconds=5), finished_at=end, **fields)


def unmet(team: Team) -> set[str]:
    with team_context(team.id):
        return set(Execution.objects.filter(is_unmet=True).values_list("external_id", flat=True))


def figures(team: Team, nightly: Workflow) -> tuple[int, int, int]:
    fold_all(DUE)
    window = Window(NOW - timedelta(days=7), NOW + timedelta(hours=1), "", "", NOW)
    with team_context(team.id):
        found = trends.totals(team.id, window, workflow_id=nightly.id)
    return found.succeeded, found.checked, found.unmet


def test_executions_of_the_last_days_are_checked_and_counted(team: Team, nightly: Workflow) -> None:
    assert figures(team, nightly) == (10, 0, 0)
    criterion(team, "output.n")
    assert check_due(NOW, seconds=60) == 0
    assert check_due(DUE, seconds=60) == 10
    assert unmet(team) == {"run-3", "run-6", "run-9"}
    assert said(team, "run-11") == said(team, "run-744") == (None, None)
    assert figures(team, nightly) == (10, 10, 3)
    found = CriteriaCheck.objects.get(team_id=team.id)
    assert (found.checked_count, found.total_count, found.finished_at, found.since) == (10, 10, DUE, NOW - BACK)
    assert check_due(DUE, seconds=60) == 0


def test_batches_go_on_where_the_last_one_ended(team: Team, nightly: Workflow) -> None:
    criterion(team, "output.n")
    sizes = []
    while (size := check_batch(team.id, nightly.id, DUE, limit=4)) is not None:
        sizes.append(size)
        found = CriteriaCheck.objects.get(team_id=team.id)
        assert (found.checked_count, found.total_count) == (sum(sizes), 10)
    assert sizes == [4, 4, 2]
    assert len(unmet(team)) == 3


def test_a_batch_that_dies_is_done_again(team: Team, nightly: Workflow, monkeypatch: pytest.MonkeyPatch) -> None:
    criterion(team, "output.n")
    assert check_batch(team.id, nightly.id, DUE, limit=4) == 4

    def die(*_: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("monitoring.store.criteria_check.insert_marks", die)
        with pytest.raises(RuntimeError):
            check_batch(team.id, nightly.id, DUE, limit=4)
    assert CriteriaCheck.objects.get(team_id=team.id).checked_count == 4
    assert check_due(DUE, seconds=60) == 6
    assert figures(team, nightly) == (10, 10, 3)


def test_a_change_begins_again_and_a_removal_takes_everything_back(team: Team, nightly: Workflow) -> None:
    id: Any = criterion(team, "output.n")
    check_batch(team.id, nightly.id, DUE, limit=4)
    with team_context(team.id):
        change_criterion(workflow=nightly, criterion_id=id, name="n", expression="output.n > `4`", now=NOW)
    assert check_due(DUE, seconds=60) == 10
    assert unmet(team) == {f"run-{n}" for n in (1, 2, 3, 4, 6, 9)}
    with team_context(team.id):
        remove_criterion(workflow=nightly, criterion_id=id, now=NOW)
    assert check_due(DUE, seconds=60) == 10
    assert figures(team, nightly) == (10, 0, 0)


def test_a_new_name_alone_checks_nothing_again(team: Team, nightly: Workflow) -> None:
    id: Any = criterion(team, "output.n")
    check_due(DUE, seconds=60)
    with team_context(team.id):
        change_criterion(workflow=nightly, criterion_id=id, name="n", expression="output.n", now=NOW)
    assert check_due(DUE, seconds=60) == 0


def test_what_did_not_change_is_not_marked(team: Team, nightly: Workflow) -> None:
    criterion(team, "output.n")
    check_due(DUE, seconds=60)
    fold_all(DUE)
    criterion(team, "output.n || input", name="the same in other words")
    check_due(DUE, seconds=60)
    assert not DirtyBucket.objects.filter(team_id=team.id, grain=1).exists()


def test_hours_that_lost_records_are_not_computed_again(team: Team, nightly: Workflow) -> None:
    day = (NOW - timedelta(days=20)).date()
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute("INSERT INTO sealed_day VALUES (%s, 1, %s, %s)", [team.id, day, NOW])
    criterion(team, "output.n")
    assert CriteriaCheck.objects.get(team_id=team.id).since.date() == day + timedelta(days=2)


def test_other_teams_and_workflows_are_left_alone(team: Team, nightly: Workflow, other_team: Any) -> None:
    store(other_team.team, run(1, output={}))
    store(team, report(id="other", workflow="other"))
    criterion(team, "output.n")
    check_due(DUE, seconds=60)
    assert said(team, "other") == (None, None)
    assert said(other_team.team, "run-1") == (None, None)


def test_the_queries_of_a_batch_do_not_depend_on_its_size(team: Team, nightly: Workflow) -> None:
    def queries(limit: int) -> int:
        with CaptureQueriesContext(connection) as found:
            check_batch(team.id, nightly.id, DUE, limit=limit)
        return len(found)

    criterion(team, "output.n")
    queries(1)
    assert queries(1) == queries(6)
