"""What the write path leaves: totals, failure groups, places in partitions, marks, names."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Team
from accounts.statements import run_planned
from accounts.tenancy import team_context
from ingestion.records import Failure, Tokens
from monitoring.identity import LabelKind, execution_id, label_id
from monitoring.models import DirtyBucket, Execution, FailureGroup, Label, Release, Step, Workflow
from monitoring.models.execution import RetentionClass
from monitoring.statuses import Status
from monitoring.store.fields import EXECUTION, STEP
from tests.factories import NOW, report, send, step

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("table", "model"), [(EXECUTION, Execution), (STEP, Step)])
def test_every_column_that_is_not_computed_by_the_database_is_written(table, model) -> None:  # type: ignore[no-untyped-def]
    columns = {field.column for field in model._meta.concrete_fields}
    assert columns - set(table.names) - {"team_id"} == {"duration_ms"} | (
        {"finished_at", "counted_at"} if model is Execution else set()
    )


def test_totals_over_steps_are_kept_over_many_parts(team: Team) -> None:
    start = report(id="run", finished_at=None, status=Status.RUNNING)
    send(team, start)
    for number in range(5):
        told = step(
            id=f"s{number}",
            attempt=1 + number % 2,
            tokens=Tokens(input=10, output=number),
            cost_usd=Decimal("0.25") if number else None,
            status=Status.FAILED if number == 4 else Status.SUCCEEDED,
        )
        send(team, report(id="run", finished_at=None, status=None, steps=[told]))
    with team_context(team.id):
        run = Execution.objects.get()
        assert (run.step_count, run.failed_step_count, run.retry_count) == (5, 1, 2)
        assert (run.input_tokens, run.output_tokens, run.cache_read_tokens) == (50, 10, None)
        assert (run.unpriced_tokens, run.cost_usd) == (10, Decimal(1))
    send(team, report(id="run", steps=[step(id="s0", cost_usd=Decimal("0.5"))], tokens=Tokens(input=7)))
    with team_context(team.id):
        run = Execution.objects.get()
        assert (run.unpriced_tokens, run.cost_usd, run.input_tokens, run.step_count) == (0, Decimal("1.5"), 50, 5)


def test_what_is_told_for_the_whole_counts_where_no_step_tells_it(team: Team) -> None:
    send(team, report(id="run", tokens=Tokens(input=7, output=3), steps=[step(id="s")]))
    with team_context(team.id):
        run = Execution.objects.get()
        assert (run.input_tokens, run.output_tokens, run.unpriced_tokens, run.cost_usd) == (7, 3, 10, None)
    send(team, report(id="run", cost_usd=Decimal("2.5")))
    send(team, report(id="run", steps=[step(id="s", tokens=Tokens(input=5))]))
    with team_context(team.id):
        run = Execution.objects.get()
        assert (run.input_tokens, run.output_tokens, run.unpriced_tokens) == (5, None, 5)
        assert run.cost_usd == Decimal("2.5")


def test_nothing_told_is_nothing_stored(team: Team) -> None:
    send(team, report(steps=[step(started_at=None, ended_at=None)], started_at=None))
    with team_context(team.id):
        run, only = Execution.objects.get(), Step.objects.get()
        assert (run.duration_ms, run.cost_usd, run.input_tokens, run.unpriced_tokens) == (None,) * 4
        assert (only.duration_ms, only.position, only.status) == (None, None, Status.SUCCEEDED)


def test_the_finish_follows_from_start_and_duration_once_the_execution_has_ended(team: Team) -> None:
    send(team, report(id="run", finished_at=None, status=Status.RUNNING, duration_ms=1500.0))
    with team_context(team.id):
        assert Execution.objects.get().finished_at is None
    send(team, report(id="run", finished_at=None))
    with team_context(team.id):
        run = Execution.objects.get()
        assert run.finished_at == run.counted_at == NOW - timedelta(minutes=3) + timedelta(seconds=1.5)


def test_a_failure_counts_under_its_first_failing_leaf(team: Team) -> None:
    broken = Failure(type="TimeoutError", message="no answer after 30 s")
    steps = [
        step(id="1", node="outer", status=Status.FAILED, position=1, error=Failure(message="a step failed")),
        step(id="2", node="search", parent_id="1", status=Status.FAILED, position=2, error=broken),
        step(id="3", node="later", status=Status.FAILED, position=3),
    ]
    send(team, report(id="run", status=Status.FAILED, error=Failure(message="stopped"), steps=steps))
    with team_context(team.id):
        run, group = Execution.objects.get(), FailureGroup.objects.get()
        assert run.failed_node_id == label_id(LabelKind.NODE, "search")
        assert Label.objects.get(id=run.error_id).value == group.title == "TimeoutError: no answer after <n> s"
        assert (group.id, group.first_seen_at, run.error) == (run.failure_group_id, run.counted_at, "stopped")


def test_without_a_failing_step_the_execution_tells_its_own_error_or_its_status(team: Team) -> None:
    send(team, report(id="a", status=Status.FAILED, error=Failure(message="stopped")))
    send(team, report(id="b", status=Status.TIMED_OUT))
    with team_context(team.id):
        assert sorted(FailureGroup.objects.values_list("title", flat=True)) == ["stopped", "timed_out"]
        assert set(Execution.objects.values_list("failed_node_id", flat=True)) == {None}


def test_a_group_that_its_last_execution_leaves_is_gone(team: Team) -> None:
    send(team, report(id="run", status=Status.FAILED))
    send(team, report(id="kept", status=Status.FAILED, finished_at=NOW - timedelta(minutes=2)))
    late = step(status=Status.FAILED, node="search", error=Failure(message="boom"))
    send(team, report(id="run", steps=[late]))
    with team_context(team.id):
        groups = {group.title: group for group in FailureGroup.objects.all()}
        assert groups["failed"].last_seen_at == NOW - timedelta(minutes=2)
        assert groups["boom"].last_seen_at == NOW - timedelta(minutes=1)
    send(team, report(id="kept", steps=[step(status=Status.FAILED, node="search", error=Failure(message="boom"))]))
    with team_context(team.id):
        assert list(FailureGroup.objects.values_list("title", flat=True)) == ["boom"]


def test_parts_stay_where_the_first_one_put_the_execution(team: Team) -> None:
    send(team, report(id="run", environment="staging", started_at=None, finished_at=None, steps=[step()]))
    earlier = NOW - timedelta(days=3)
    send(team, report(id="run", environment="eu", started_at=earlier, steps=[step()]))
    with team_context(team.id):
        places = set(Step.objects.values_list("retention_class", "anchor_day"))
        assert places == {(RetentionClass.DEBUG, NOW.date())}
        run = Execution.objects.get()
        assert (run.started_at, run.anchor_day, run.retention_class) == (earlier, NOW.date(), RetentionClass.DEBUG)


def test_marks_are_left_where_it_counts_now_and_counted_before(team: Team) -> None:
    def minutes() -> set[object]:
        found = DirtyBucket.objects.filter(team_id=team.id)
        told = set(found.values_list("minute", flat=True))
        found.delete()
        return told

    first, second = NOW - timedelta(minutes=3), NOW - timedelta(minutes=1)
    send(team, report(id="run", finished_at=None, status=Status.RUNNING))
    assert minutes() == {first}
    send(team, report(id="run"))
    assert minutes() == {first, second}
    send(team, report(id="run"))
    assert minutes() == set()


def test_an_attempt_is_an_execution_of_its_own_that_shares_its_origin(team: Team) -> None:
    send(team, report(id="run", status=Status.FAILED), report(id="run", attempt=2), report(id="again", retry_of="run"))
    with team_context(team.id):
        assert set(Execution.objects.values_list("origin_id", flat=True)) == {execution_id(team.id, "run")}
        assert Execution.objects.count() == 3


def test_names_that_give_the_same_slug_get_numbers(team: Team) -> None:
    send(team, *(report(workflow=name) for name in ("Nightly build", "nightly-build", "Nightly  Build", "日本")))
    with team_context(team.id):
        slugs = set(Workflow.objects.values_list("slug", flat=True))
    assert slugs == {"nightly-build", "nightly-build-2", "nightly-build-3", "workflow"}


def test_a_workflow_of_whose_name_nothing_can_be_seen_is_named_by_its_slug(team: Team) -> None:
    send(team, *(report(workflow=name) for name in ("\u200b\u200c", "日本", "\u3000")))
    with team_context(team.id):
        found = dict(Workflow.objects.values_list("name", "slug"))
    assert found.pop("日本").startswith("workflow")
    assert len(found) == 2
    assert all(name == slug for name, slug in found.items())


def test_a_release_is_made_when_workflow_and_release_come_apart(team: Team) -> None:
    send(team, report(id="run", workflow=None, release="v7"))
    send(team, report(id="run"))
    with team_context(team.id):
        assert list(Release.objects.values_list("workflow__name", "name")) == [("nightly", "v7")]


def test_a_report_that_came_again_is_heard_while_the_run_is_at_work(team: Team) -> None:
    running = report(id="run", finished_at=None, status=Status.RUNNING)
    send(team, running, now=NOW)
    marks = DirtyBucket.objects.count()
    assert send(team, running, now=NOW + timedelta(minutes=9)).duplicate == 1
    with team_context(team.id):
        run = Execution.objects.get()
        assert (run.received_at, run.heard_at) == (NOW, NOW + timedelta(minutes=9))
    assert DirtyBucket.objects.count() == marks


@pytest.mark.parametrize("is_late", [False, True])
def test_of_a_run_that_has_ended_nobody_waits_to_hear(team: Team, is_late: bool) -> None:
    running, ended = report(id="run", finished_at=None, status=Status.RUNNING), report(id="run")
    for told in (ended, running) if is_late else (running, ended):
        send(team, told)
    with team_context(team.id):
        before = run_planned("SELECT xmin::text, heard_at FROM execution")
    send(team, ended, now=NOW + timedelta(minutes=9))
    with team_context(team.id):
        assert run_planned("SELECT xmin::text, heard_at FROM execution") == before
        assert before[0][1] is None
