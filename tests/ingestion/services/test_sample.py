"""The sample in and out: all of it, nothing else, as often as somebody clicks."""

import gzip
import json
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from alerts.models import Incident
from alerts.services import evaluation
from alerts.services.default_rules import make_missing
from billing.models import CostLine, CostMonth, CostRollup, MonthState
from billing.store import lines
from ingestion.models import ImportRun, SampleAction, SampleJob, SampleState
from ingestion.services import sample, sample_jobs
from ingestion.services.sample import SampleRefused
from monitoring.models import Execution, Finding, Workflow
from monitoring.models.execution import RetentionClass
from monitoring.services import findings
from monitoring.services.baselines import build_all
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.factories import report, send, step
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def ask(team: Team, action: SampleAction) -> None:
    with team_context(team.id):
        sample_jobs.ask(team, action, timezone.now())


def work() -> SampleJob:
    """The worker, until nothing is due."""
    while sample_jobs.work_due(timezone.now(), seconds=60):
        pass
    return SampleJob.objects.get()


def runs_of(team: Team) -> list[tuple[Any, ...]]:
    """Every execution: which it is, when it counts, how it stands."""
    with team_context(team.id):
        return list(Execution.objects.order_by("id").values_list("id", "counted_at", "status", "cost_usd"))


def load(team: Team) -> None:
    ask(team, SampleAction.LOAD)
    assert work().state == SampleState.DONE


def settle(team: Team) -> None:
    """All that the beat does with what came."""
    now = timezone.now()
    fold_all(team_id=team.id)
    lines.fold_all(now, team_id=team.id)
    build_all(team_id=team.id)
    findings.build_all(team_id=team.id)


def own_runs(team: Team, workflow: str = "Build", count: int = 40) -> None:
    """Real runs of the team: of a workflow that is called as one of the sample's source, some failed, with usage."""
    now = timezone.now().replace(microsecond=0)
    told = []
    for number in range(count):
        end = now - timedelta(hours=number * 3)
        status = Status.FAILED if number % 4 == 0 else Status.SUCCEEDED
        call = step(model="gpt-4o", provider="openai", cost_usd=1, status=status)
        about = {"started_at": end - timedelta(minutes=2), "finished_at": end, "steps": [call]}
        told.append(report(id=f"{workflow}-{number}", workflow=workflow, status=status, **about))
    send(team, *told, now=now)


def holds_of(team_id: UUID) -> dict[str, list[str]]:
    """Every row of every table with a team, as text, without the columns that say when it was computed."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.table_name, array_agg(c.column_name::text ORDER BY c.column_name)
            FROM information_schema.columns c
            JOIN pg_class p ON p.relname = c.table_name AND p.relnamespace = 'public'::regnamespace
            WHERE c.table_schema = 'public' AND p.relkind IN ('r', 'p') AND NOT p.relispartition
            AND EXISTS (SELECT FROM information_schema.columns t WHERE t.table_schema = 'public'
                AND t.table_name = c.table_name AND t.column_name = 'team_id') GROUP BY 1"""
        )
        tables = cursor.fetchall()
    found = {}
    with team_context(team_id), connection.cursor() as cursor:
        for table, columns in tables:
            if table in _NOT_COMPARED:
                continue
            told = ", ".join(f'"{name}"' for name in columns if name not in _WHEN)
            cursor.execute(
                f"SELECT row_to_json(r)::text FROM (SELECT {told} FROM {table} WHERE team_id = %s) r", [team_id]
            )
            found[table] = sorted(text for (text,) in cursor.fetchall())
    return {table: rows for table, rows in found.items() if rows}


# The dictionary of names keeps what it learned; logs tell what was done; queues say what the beat does next.
_NOT_COMPARED = {
    *("label", "audit_event", "audit_place", "sample_job", "baseline_due", "finding_due", "dirty_bucket", "cost_due"),
    *(
        "due_diagnosis",
        "source_receipt",
        "first_rating",
        "team_storage",
        "tag_set",
        "key_day",
        "rule_due",
        "price_revision",
    ),
}
_WHEN = {"folded_at", "built_at", "computed_at", "confirmed_at", "found_at", "events", "evidence", "advice", "id"}


@pytest.fixture
def beside(team: Team) -> Team:
    """A team with runs of its own, and all that follows from them."""
    own_runs(team)
    settle(team)
    return team


def test_the_files_have_the_workflows_that_are_reserved() -> None:
    lines_of = [gzip.decompress(path.read_bytes()).splitlines() for path in sample.files()]
    names = {json.loads(line)["workflow"] for told in lines_of for line in told}
    assert names == set(sample.WORKFLOWS)


def test_what_goes_is_the_sample_and_nothing_else(beside: Team) -> None:
    before = holds_of(beside.id)
    assert {"execution", "rollup", "cost_line", "cost_rollup", "baseline", "failure_group"} <= before.keys()
    load(beside)
    with team_context(beside.id):
        mine, theirs = Workflow.objects.filter(is_sample=False), Workflow.objects.filter(is_sample=True)
        assert [one.name for one in mine] == ["Build"]
        assert {one.name for one in theirs} == {name + " (sample)" for name in sample.WORKFLOWS}
        assert Execution.objects.filter(workflow_id__in=[one.id for one in theirs]).count() > 700
        assert Finding.objects.filter(workflow__in=theirs).exists()
        assert CostLine.objects.filter(workflow_id__in=[one.id for one in theirs]).exists()
    # What is about the team's own runs is as it was.
    with_sample = holds_of(beside.id)
    for table, rows in before.items():
        if table not in ("accounts_team", "cost_rollup"):
            assert set(rows) <= set(with_sample[table]), table
    ask(beside, SampleAction.REMOVE)
    assert work().state == SampleState.DONE
    settle(beside)
    after = holds_of(beside.id)
    assert after.keys() == before.keys()
    for table, rows in before.items():
        assert after[table] == rows, table


def test_incidents_of_the_sample_go_with_it(team: Team) -> None:
    make_missing(timezone.now())
    load(team)
    with team_context(team.id):
        ids = set(Workflow.objects.values_list("id", flat=True))
    evaluation.evaluate_team(team.id, timezone.now())
    with team_context(team.id):
        assert Incident.objects.filter(workflow_id__in=ids).exists()
    ask(team, SampleAction.REMOVE)
    work()
    with team_context(team.id):
        assert not Incident.objects.filter(workflow_id__in=ids).exists()


def test_no_table_names_a_workflow_of_the_sample_afterwards(team: Team) -> None:
    load(team)
    ids = sample.workflow_ids(team.id)
    ask(team, SampleAction.REMOVE)
    work()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.table_name FROM information_schema.columns c JOIN pg_class p ON p.relname = c.table_name
            WHERE c.column_name = 'workflow_id' AND p.relkind IN ('r', 'p') AND NOT p.relispartition"""
        )
        tables = [table for (table,) in cursor.fetchall()]
    assert {"rollup", "cost_line", "incident", "finding", "alert_state"} <= set(tables)
    with team_context(team.id), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE workflow_id = ANY(%s)", [ids])
            assert cursor.fetchone() == (0,), table
        assert not ImportRun.objects.exists()
        assert not CostRollup.objects.exists()


def test_a_real_run_in_a_workflow_of_the_sample_stays_with_its_figures(team: Team) -> None:
    load(team)
    own_runs(team, "Build (sample)", 4)
    settle(team)
    ask(team, SampleAction.REMOVE)
    assert work().state == SampleState.DONE
    with team_context(team.id):
        workflow = Workflow.objects.get()
        assert (workflow.name, workflow.is_sample, Execution.objects.count()) == ("Build (sample)", False, 4)
        assert CostLine.objects.count() == 4
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(runs) FROM rollup WHERE team_id = %s AND grain = 3 AND dimension = 0", [team.id])
            assert cursor.fetchone() == (4,)
    # From now on the name is the team's own.
    with pytest.raises(SampleRefused, match="of its own that is called Build"):
        ask(team, SampleAction.LOAD)
    assert not Team.objects.get().has_sample


def test_clicks_while_it_is_under_way_change_nothing(team: Team) -> None:
    ask(team, SampleAction.LOAD)
    sample_jobs.work_due(timezone.now(), seconds=0.001)
    job = SampleJob.objects.get()
    assert job.stage == 1
    ask(team, SampleAction.LOAD)
    assert SampleJob.objects.get().stage == 1
    with pytest.raises(SampleRefused, match="wait until that is done"):
        ask(team, SampleAction.REMOVE)
    with team_context(team.id):
        assert AuditEvent.objects.filter(action="sample.load_asked").count() == 1


def test_loading_twice_is_loading_once(team: Team) -> None:
    load(team)
    once = runs_of(team)
    ask(team, SampleAction.LOAD)
    assert sample_jobs.work_due(timezone.now(), seconds=60) == 0
    call_command("load_sample", team=team.slug, verbosity=0, stdout=StringIO())
    assert runs_of(team) == once


def test_a_failure_is_told_and_what_is_missing_is_loaded_by_the_next_try(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(team_id: UUID, now: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broke:
        broke.setattr(sample, "_fold", broken)
        ask(team, SampleAction.LOAD)
        job = work()
    assert (job.state, job.due_at) == (SampleState.FAILED, None)
    told = sample_jobs.progress_of(Team.objects.get())
    assert told.has_failed
    assert told.has_sample
    assert "try it again" in told.reason
    assert "disk" not in told.reason
    ask(team, SampleAction.LOAD)
    assert work().state == SampleState.DONE
    with team_context(team.id):
        about = AuditEvent.objects.filter(action__startswith="sample.").order_by("at")
        actions = list(about.values_list("action", flat=True))
    assert actions == ["sample.load_asked", "sample.failed", "sample.load_asked", "sample.loaded"]


def test_a_worker_that_is_killed_leaves_the_stage_to_another(team: Team) -> None:
    ask(team, SampleAction.LOAD)
    assert sample_jobs._claim(timezone.now()) is not None
    assert sample_jobs.work_due(timezone.now(), seconds=1) == 0
    assert sample_jobs.work_due(timezone.now() + sample_jobs.LEASE, seconds=0.001) == 1


def test_what_is_held_and_what_is_closed_stays_until_somebody_frees_it(team: Team) -> None:
    load(team)
    with team_context(team.id):
        month = CostLine.objects.order_by("booked_on")[0].booked_on.replace(day=1)
        CostMonth.objects.create(team=team, month=month, state=MonthState.CLOSED, closed_at=timezone.now())
    with pytest.raises(SampleRefused, match="closed month"):
        ask(team, SampleAction.REMOVE)
    with team_context(team.id):
        CostMonth.objects.all().delete()
        held = Execution.objects.order_by("id")[0].id
        Execution.objects.filter(id=held).update(retention_class=RetentionClass.HELD)
    with pytest.raises(SampleRefused, match="1 execution of the sample is held"):
        ask(team, SampleAction.REMOVE)


def test_the_command_refuses_a_name_that_is_the_teams_own(team: Team) -> None:
    own_runs(team, "code-service (sample)", 1)
    with pytest.raises(CommandError, match="code-service"):
        call_command("load_sample", team=team.slug, verbosity=0, stdout=StringIO())


def test_pages_say_that_the_sample_is_there_and_who_may_takes_it_out(
    team: Team, member_client: Client, owner_client: Client
) -> None:
    settings, banner = f"/t/{team.slug}/settings/sample/", "This team holds sample data."
    viewer = User.objects.create_user("viewer@harbour.test", PASSWORD)
    Membership.objects.create(team=team, user=viewer, role=Role.VIEWER)
    looker = Client()
    looker.force_login(viewer)
    assert looker.post(f"{settings}load/").status_code == 404
    assert banner not in member_client.get(settings).content.decode()
    assert member_client.post(f"{settings}load/").headers["Location"] == settings
    text = member_client.get(settings).content.decode()
    assert banner in text
    assert "0 of 7: Making its workflows" in text
    told = "?part=state&seen=load-working-0-1"
    assert member_client.get(f"{settings}{told}").status_code == 204
    assert member_client.get(f"{settings}?part=state").status_code == 200
    work()
    assert member_client.get(f"{settings}{told}").headers["HX-Refresh"] == "true"
    for name in ("operations", "workflows", "executions", "cost", "settings/team", "tail"):
        assert banner in owner_client.get(f"/t/{team.slug}/{name}/").content.decode()
    assert "Remove sample data" not in looker.get(settings).content.decode()
    assert looker.post(f"{settings}remove/").status_code == 404
    member_client.post(f"{settings}remove/")
    member_client.post(f"{settings}remove/")
    work()
    assert banner not in owner_client.get(f"/t/{team.slug}/operations/").content.decode()
    assert owner_client.get("/").headers["Location"] == f"/t/{team.slug}/start/"
