"""One team never sees another: the database's own rules, with the application's filters taken away."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Count

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import NoTeamContext, current_team_id, team_context
from ingestion.records import LogReport
from monitoring.models import Execution, Facet, Label, LogLine, Payload, Release, Step, Workflow
from monitoring.statuses import Status
from tests.architecture.test_tenancy import CONTROL_TABLES
from tests.factories import report, send, step

pytestmark = pytest.mark.django_db
RECORDS = ("execution", "step", "payload", "log_line", "facet", "label", "workflow", "release", "failure_group")


@pytest.fixture
def teams(team: Team, other_team: NewTeam) -> tuple[Team, Team]:
    """Two teams, each with one failed execution that has every kind of row."""
    told = report(
        id="same",
        release="v1",
        status=Status.FAILED,
        tags={"a": "b"},
        steps=[step(status=Status.FAILED)],
        logs=[LogReport(message="hello")],
    )
    for one in (team, other_team.team):
        send(one, told)
        with team_context(one.id):
            # As earlier versions kept them.
            run = Execution.objects.get()
            at = {"execution_id": run.id, "retention_class": run.retention_class, "anchor_day": run.anchor_day}
            Facet.objects.create(team_id=one.id, key_id=1, value="b", **at)
    return team, other_team.team


def rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What plain SQL, without any filter by team, returns to the application's role."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def test_the_application_owns_nothing_and_bypasses_nothing() -> None:
    assert rows("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [(False, False)]
    owned = rows("SELECT relname FROM pg_class WHERE relowner = current_user::regrole AND relpersistence <> 't'")
    assert [name for (name,) in owned if not name.startswith("pg_")] == []


def test_every_table_with_a_team_has_forced_security_except_control_tables() -> None:
    open_tables = rows(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'team_id' "
        "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    )
    assert {name for (name,) in open_tables} == CONTROL_TABLES


@pytest.mark.parametrize("table", RECORDS)
def test_plain_sql_shows_rows_of_the_team_in_force_only(teams: tuple[Team, Team], table: str) -> None:
    for team in teams:
        with team_context(team.id):
            found = rows(f"SELECT DISTINCT team_id FROM {table}")
        assert found == [(team.id,)]


@pytest.mark.parametrize("table", [*RECORDS, "rollup"])
def test_outside_a_context_nothing_is_visible(teams: tuple[Team, Team], table: str) -> None:
    assert rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_row_of_another_team_is_refused(teams: tuple[Team, Team]) -> None:
    team, other = teams
    statement = "INSERT INTO label (team_id, id, kind, value) VALUES (%s, 1, 1, 'x')"
    with team_context(team.id), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        rows(statement, other.id)


def test_rows_of_another_team_are_neither_changed_nor_removed(teams: tuple[Team, Team]) -> None:
    team, other = teams
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute("UPDATE execution SET url = 'x' WHERE team_id = %s", [other.id])
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM execution WHERE team_id = %s", [other.id])
        assert cursor.rowcount == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            cursor.execute("UPDATE execution SET team_id = %s", [other.id])


def test_a_row_cannot_point_into_another_team(teams: tuple[Team, Team]) -> None:
    team, other = teams
    with team_context(other.id):
        foreign = Workflow.objects.get()
    with team_context(team.id):
        Release.objects.create(workflow_id=foreign.id, name="v9", name_id=1, first_seen_at=foreign.created_at)
        with pytest.raises(IntegrityError, match="team_fk"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        Release.objects.filter(name="v9").delete()


def test_partitions_cannot_be_read_directly(teams: tuple[Team, Team]) -> None:
    with team_context(teams[0].id):
        found = rows("SELECT tableoid::regclass::text FROM step")
        assert found[0][0].startswith("step_p_")
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            rows(f"SELECT * FROM {found[0][0]}")


@pytest.mark.parametrize("model", [Execution, Step, Payload, LogLine, Facet, Label, Workflow, Release])
def test_the_orm_refuses_to_work_outside_a_context(model: Any) -> None:
    with pytest.raises(NoTeamContext):
        model.objects.count()
    with pytest.raises(NoTeamContext):
        current_team_id()


def test_leaving_a_nested_context_restores_the_outer_one(teams: tuple[Team, Team]) -> None:
    team, other = teams
    with team_context(team.id):
        with team_context(other.id):
            assert rows("SELECT DISTINCT team_id FROM execution") == [(other.id,)]
        assert current_team_id() == team.id
        assert rows("SELECT DISTINCT team_id FROM execution") == [(team.id,)]
        with pytest.raises(ZeroDivisionError), team_context(other.id):
            raise ZeroDivisionError
        assert rows("SELECT DISTINCT team_id FROM execution") == [(team.id,)]
    assert rows("SELECT count(*) FROM execution") == [(0,)]


def test_a_team_id_that_is_no_uuid_never_reaches_the_database() -> None:
    with pytest.raises(ValueError, match="badly formed"), team_context("x'; DROP TABLE label; --"):  # type: ignore[arg-type]
        pass


def test_joins_carry_the_team_and_grouping_by_key_works(teams: tuple[Team, Team]) -> None:
    with team_context(teams[0].id):
        found = Release.objects.filter(workflow__name="nightly").select_related("workflow")
        assert "team_id" in str(found.query).split("JOIN")[1].split("WHERE")[0]
        assert [release.workflow.name for release in found] == ["nightly"]
        counted = Workflow.objects.annotate(count=Count("releases")).values_list("name", "count")
        assert list(counted) == [("nightly", 1)]
        assert Workflow.objects.filter(id=uuid.uuid4()).annotate(count=Count("releases")).first() is None
