"""`manage.py distribute` where there is no cluster, and what is written otherwise in one."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.cluster import by_insert, is_cluster
from accounts.models import MemberGroup, Team
from accounts.tenancy import team_context
from monitoring.models import Execution
from tests.factories import report, step, store

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)


def asked(*arguments: str) -> tuple[str, str]:
    """The exit code of the command, and what it said."""
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("distribute", *arguments, stdout=out)
    return str(ended.value.code), out.getvalue()


def take_for_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts the answer where the connection remembers it."""
    monkeypatch.setitem(vars(connections["default"]), "is_cluster", True)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """The application takes the database for a cluster."""
    take_for_cluster(monkeypatch)


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize("way", [[], ["--dry-run"], ["--check"]])
def test_without_citus_it_says_what_to_do(way: list[str]) -> None:
    code, said = asked(*way)
    assert code == "1"
    assert "this database has no Citus" in said
    assert "CREATE EXTENSION citus" in said


@pytest.mark.django_db(databases=["default", "owner"])
def test_json_is_one_object() -> None:
    code, said = asked("--json")
    told = json.loads(said)
    assert (code, told["is_well"], [one["part"] for one in told["faults"]]) == ("1", False, ["extension"])


def test_a_wrong_number_of_parts_is_refused() -> None:
    with pytest.raises(CommandError, match="1 to 1024"):
        call_command("distribute", "--shards", "0")


@pytest.mark.django_db
def test_one_machine_is_no_cluster() -> None:
    assert not is_cluster()
    assert by_insert() == ""


@pytest.mark.django_db
def test_reports_are_stored_in_a_cluster_as_elsewhere(team: Team, cluster: None) -> None:
    runs = [
        report(id=str(n), started_at=NOW - timedelta(minutes=n), finished_at=NOW, steps=[step(position=1)])
        for n in (1, 2)
    ]
    store(team, *runs, now=NOW)
    store(team, *runs, now=NOW)
    assert is_cluster()
    with team_context(team.id):
        assert [one.step_count for one in Execution.objects.order_by("external_id")] == [1, 1]


@pytest.mark.django_db
def test_many_rows_are_inserted_as_values_in_a_cluster(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    def inserted(*names: str) -> str:
        fresh = [MemberGroup(team_id=team.id, name=name, created_at=NOW) for name in names]
        with CaptureQueriesContext(connection) as told:
            MemberGroup.objects.bulk_create(fresh)
        return "".join(one["sql"] for one in told.captured_queries)

    with team_context(team.id):
        assert "UNNEST(" in inserted("a", "b")
        take_for_cluster(monkeypatch)
        assert "UNNEST(" not in inserted("c", "d")
        assert MemberGroup.objects.filter(team_id=team.id).count() == 4
