"""Success criteria on the write path: however an execution is told, the same is said of it."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Tokens
from monitoring.identity import workflow_id
from monitoring.models import DirtyBucket, Execution, SuccessCriterion, Workflow
from monitoring.services.criteria import add_criterion
from monitoring.statuses import Status
from monitoring.store.criteria import criteria_of, duration_of, forget_criteria
from monitoring.store.fields import EXECUTION
from tests.factories import NOW, report, send, step
from tests.monitoring.store.test_merging import SLOW, _split, assert_equal, parts, stored_by

pytestmark = pytest.mark.django_db


def criterion(team: Team, expression: str, name: str = "", workflow: str = "nightly") -> str:
    """Adds a criterion to a workflow, which is made where it is missing; its id."""
    with team_context(team.id):
        told = {"name": workflow, "slug": workflow, "team_id": team.id}
        found, _ = Workflow.objects.get_or_create(id=workflow_id(team.id, workflow), defaults=told)
        made = add_criterion(workflow=found, name=name or expression, expression=expression, user=None, now=NOW)
    forget_criteria()
    return str(made)


def said(team: Team, external_id: str = "run") -> tuple[bool | None, list[str] | None]:
    with team_context(team.id):
        run = Execution.objects.get(external_id=external_id)
        return run.is_unmet, run.unmet_criteria


@pytest.mark.parametrize(
    ("fields", "is_unmet"),
    [
        ({"output": {"number": 1}}, False),
        ({"output": {}}, True),
        ({}, True),
        ({"status": Status.FAILED}, None),
        ({"status": Status.RUNNING, "finished_at": None}, None),
        ({"workflow": "other"}, None),
        ({"workflow": None}, None),
    ],
)
def test_succeeded_executions_of_the_workflow_are_checked(
    team: Team, fields: dict[str, Any], is_unmet: bool | None
) -> None:
    id = criterion(team, "output.number")
    send(team, report(id="run", **fields))
    assert said(team) == (is_unmet, [id] if is_unmet else None)


def test_figures_and_tags_are_there(team: Team) -> None:
    criterion(team, "duration_ms == `120000` && cost_usd == `0.75` && tokens == `12` && steps == `2`")
    criterion(team, "tags.tier == 'gold' && input.a == `1`")
    steps = [step(tokens=Tokens(input=5, output=1, reasoning=1), cost_usd=Decimal("0.375")) for _ in range(2)]
    send(team, report(id="run", steps=steps, tags={"tier": "gold"}, input={"a": 1}))
    assert said(team) == (False, None)


def test_what_cannot_be_told_stays_untold_unless_another_is_not_met(team: Team) -> None:
    criterion(team, "cost_usd < `1`")
    send(team, report(id="run"))
    assert said(team) == (None, None)
    id = criterion(team, "output")
    send(team, report(id="other"))
    assert said(team, "other") == (True, [id])


def test_later_parts_are_judged_with_the_earlier_ones(team: Team) -> None:
    id = criterion(team, "output.number && input.a")
    send(team, report(id="run", input={"a": 1}))
    assert said(team) == (True, [id])
    with team_context(team.id):
        DirtyBucket.objects.filter(team_id=team.id).delete()
    send(team, ExecutionReport(id="run", output={"number": 5}))
    assert said(team) == (False, None)
    assert DirtyBucket.objects.filter(team_id=team.id).exists()
    send(team, ExecutionReport(id="run", status=Status.FAILED))
    assert said(team) == (None, None)


def test_saying_the_same_again_changes_nothing(team: Team) -> None:
    criterion(team, "output.number")
    assert send(team, report(id="run", output={})).stored == 1
    DirtyBucket.objects.filter(team_id=team.id).delete()
    assert send(team, report(id="run", output={})).duplicate == 1
    assert not DirtyBucket.objects.filter(team_id=team.id).exists()


def test_a_repetition_after_the_criteria_changed_counts_anew(team: Team) -> None:
    send(team, report(id="run"))
    DirtyBucket.objects.filter(team_id=team.id).delete()
    criterion(team, "output")
    assert send(team, report(id="run")).duplicate == 1
    assert said(team)[0] is True
    assert DirtyBucket.objects.filter(team_id=team.id).exists()


@pytest.fixture
def strict_team(team: Team) -> Iterator[Team]:
    """Workflows that both have criteria on everything that parts may tell."""
    for workflow in ("nightly", "daily"):
        criterion(team, "input.a", workflow=workflow)
        criterion(team, "duration_ms < `45000`", workflow=workflow)
        criterion(team, "tags.b == 'a' || cost_usd > `0.1`", workflow=workflow)
        criterion(team, "steps > `1`", workflow=workflow)
    yield team
    forget_criteria()


def _succeeded(told: ExecutionReport) -> ExecutionReport:
    return ExecutionReport(**{**_fields(told), "status": Status.SUCCEEDED, "workflow": told.workflow or "daily"})


def _fields(told: ExecutionReport) -> dict[str, Any]:
    return {name: getattr(told, name) for name in told.__struct_fields__}


@SLOW
@given(data=st.data(), told=st.lists(parts.map(_succeeded) | parts, min_size=1, max_size=4))
def test_order_repetition_and_grouping_do_not_matter(
    strict_team: Team, data: st.DataObject, told: list[ExecutionReport]
) -> None:
    expected = stored_by(strict_team, [[part] for part in told])
    shuffled = data.draw(st.permutations([*told, *told[:2]]))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert_equal(stored_by(strict_team, [shuffled[:cut], shuffled[cut:]]), expected)


@SLOW
@given(data=st.data(), told=parts.map(_succeeded))
def test_splitting_does_not_matter(strict_team: Team, data: st.DataObject, told: ExecutionReport) -> None:
    def choose() -> list[int]:
        return data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=2))

    pieces = data.draw(st.permutations(_split(told, choose)))
    assert_equal(stored_by(strict_team, [[piece] for piece in pieces]), stored_by(strict_team, [[told]]))


@SLOW
@given(told=parts)
def test_the_duration_is_the_one_that_the_database_computes(team: Team, told: ExecutionReport) -> None:
    with transaction.atomic():
        send(team, told)
        with team_context(team.id):
            run = Execution.objects.get()
            assert duration_of([getattr(run, name) for name in EXECUTION.names]) == run.duration_ms
        transaction.set_rollback(True)


def _queries(team: Team, *reports: Sequence[ExecutionReport]) -> int:
    with CaptureQueriesContext(connection) as found:
        for some in reports:
            send(team, *some)
    return len(found)


def test_a_team_without_criteria_is_asked_for_once_in_a_while(team: Team) -> None:
    send(team, report())
    assert criteria_of(team.id) == {}
    known = _queries(team, [report(id="a")], [report(id="a", output={"x": 1})])
    forget_criteria()
    assert _queries(team, [report(id="b")], [report(id="b", output={"x": 1})]) == known + 1


def test_criteria_of_another_team_do_not_count(team: Team, other_team: Any) -> None:
    criterion(other_team.team, "output")
    send(team, report(id="run"))
    assert said(team) == (None, None)
    with team_context(team.id):
        assert not SuccessCriterion.objects.exists()


def test_a_hostile_criterion_cannot_tell_and_stores_the_execution_all_the_same(team: Team) -> None:
    criterion(team, "output.a[*].[to_string(@)]")
    send(team, report(id="run", output={"a": [{"b": number} for number in range(2_000)]}))
    assert said(team) == (None, None)


def test_an_index_finds_unmet_executions(team: Team) -> None:
    criterion(team, "output")
    send(team, *(report(id=f"r{n}", finished_at=NOW - timedelta(minutes=n)) for n in range(1, 4)))
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM execution WHERE team_id = %s AND workflow_id = %s AND status = 6 AND is_unmet "
            "ORDER BY counted_at DESC, id DESC LIMIT 5",
            [team.id, Execution.objects.values_list("workflow_id", flat=True)[0]],
        )
        assert "execution_unmet" in "".join(row[0] for row in cursor.fetchall())
