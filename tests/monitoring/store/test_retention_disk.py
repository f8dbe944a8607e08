"""Retention gives the disk back: the files of dropped and rewritten partitions are read, and those of executions."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import Team
from accounts.services.retention import save_policy
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from config import embedded
from config.children import unprivileged_account
from monitoring.models import Execution, RetentionRun, Step
from monitoring.store import clearing
from monitoring.store.clearing import Pace, rows_by_team
from monitoring.store.expiry_days import partitions
from monitoring.store.holds import hold
from monitoring.store.retention import drop_expired
from tests.factories import NOW, report, send, step

# Files change when a transaction ends.
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

DAY = (NOW - timedelta(days=100)).date()
FAST = Pace(100, 0, 0)


def old(number: int, steps: int = 50, days: int = 100) -> Any:
    """A run of so many days ago."""
    at = NOW - timedelta(days=days, seconds=-number)
    text = "so that there is something to keep " * 5
    return report(
        id=f"old-{number}",
        started_at=at,
        finished_at=at,
        steps=[
            step(id=f"s{n}", started_at=at, ended_at=at, input={"n": number, "m": n, "text": text})
            for n in range(steps)
        ],
    )


def data_folder() -> Path:
    """The folder of the cluster that the tests run on."""
    return embedded.server_folder(Path(os.environ["STEADYRUN_HOME"]), unprivileged_account()) / "data"


def files_of(pattern: str) -> dict[Path, int]:
    """The files of tables (a regular expression) with those of their indexes and long values, and their bytes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH t AS (SELECT oid, reltoastrelid FROM pg_class WHERE relkind = 'r' AND relname ~ %s) "
            "SELECT pg_relation_filepath(oid) FROM t "
            "UNION ALL SELECT pg_relation_filepath(indexrelid) FROM pg_index "
            "JOIN t ON indrelid IN (oid, reltoastrelid) "
            "UNION ALL SELECT pg_relation_filepath(reltoastrelid) FROM t WHERE reltoastrelid <> 0",
            [pattern],
        )
        paths = [data_folder() / path for (path,) in cursor.fetchall()]
    return {path: path.stat().st_size for path in paths}


def left(files: dict[Path, int]) -> int:
    """Bytes that are left of files. PostgreSQL empties the first file of a table at once and deletes it later."""
    return sum(path.stat().st_size for path in files if path.exists())


def test_the_files_of_a_dropped_day_are_gone(team: Team) -> None:
    send(team, *(old(number) for number in range(20)))
    files = files_of(f"_p_{DAY:%Y%m%d}$")
    assert left(files) > 250_000
    drop_expired(NOW, pace=FAST)
    assert left(files) == 0
    with team_context(team.id):
        run = RetentionRun.objects.get()
    # The files beside them (free space, visibility) count, too; the page of a partition without rows is nobody's.
    assert 0.9 * sum(files.values()) <= run.freed_bytes < sum(files.values()) * 1.5


def test_the_files_of_a_day_shrink_where_one_team_keeps_it(team: Team, other_team: NewTeam) -> None:
    save_policy(team_id=other_team.team.id, values={"production_days": 200}, now=NOW)
    send(team, *(old(number) for number in range(20)))
    send(other_team.team, *(old(number) for number in range(2)))
    before = files_of(f"_p_{DAY:%Y%m%d}$")
    drop_expired(NOW, pace=FAST)
    after = files_of(f"_p_{DAY:%Y%m%d}$")
    assert left(before) == sum(size for path, size in after.items() if path in before)
    assert sum(after.values()) < sum(before.values()) / 2
    with team_context(other_team.team.id):
        assert (Execution.objects.count(), Step.objects.count()) == (2, 100)
    with team_context(team.id):
        assert Step.objects.count() == 0
        assert RetentionRun.objects.get().row_count >= 1000


def test_a_partition_that_was_written_anew_is_like_the_others(team: Team, other_team: NewTeam) -> None:
    save_policy(team_id=other_team.team.id, values={"production_days": 200}, now=NOW)
    send(team, old(1))
    send(other_team.team, old(2), old(3, days=99))
    drop_expired(NOW, pace=FAST)

    def shape(day: date) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT p.relname, i.indisprimary, i.indisunique, i.indisvalid, h.inhparent::regclass::text, "
                "pg_get_indexdef(i.indexrelid, 1, true), pg_get_indexdef(i.indexrelid, 2, true) "
                "FROM pg_class c JOIN pg_inherits n ON n.inhrelid = c.oid JOIN pg_class p ON p.oid = n.inhparent "
                "JOIN pg_index i ON i.indrelid = c.oid LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid "
                "WHERE c.relname LIKE %s ORDER BY 1, 5",
                [f"%_p_{day:%Y%m%d}"],
            )
            indexes = cursor.fetchall()
            cursor.execute(
                "SELECT conname FROM pg_constraint JOIN pg_class c ON c.oid = conrelid WHERE relname = %s "
                "AND contype = 'c' ORDER BY 1",
                [f"step_p_{day:%Y%m%d}"],
            )
            return [*indexes, *cursor.fetchall()]

    assert shape(DAY) == shape(DAY + timedelta(days=1))
    assert send(other_team.team, old(2, steps=60)).stored == 1
    with team_context(other_team.team.id):
        assert Step.objects.filter(anchor_day=DAY).count() == 60


def test_the_space_of_executions_is_used_again_and_said_to_be(team: Team) -> None:
    send(team, *(old(number, steps=1) for number in range(300)), report(id="kept", started_at=NOW))
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE execution")
    before = files_of("^execution$")
    assert drop_expired(NOW, pace=FAST).executions == 300
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) execution")
    at = NOW - timedelta(days=1)
    send(team, *(report(id=f"new-{n}", started_at=at, finished_at=at, steps=[step()]) for n in range(300)))
    after = files_of("^execution$")
    heap = next(iter(before))
    assert after[heap] <= before[heap]
    with team_context(team.id):
        run = RetentionRun.objects.get(kind="production")
    assert 0.5 * before[heap] < run.reusable_bytes <= before[heap]


def test_held_executions_have_a_partition_of_their_own_and_their_day_goes(team: Team) -> None:
    send(team, old(1), old(2))
    with team_context(team.id):
        held = Execution.objects.get(external_id="old-1").id
    hold(team.id, held, reason="a claim", by="x", now=NOW)
    files = files_of(f"_p_{DAY:%Y%m%d}$")
    drop_expired(NOW, pace=FAST)
    assert left(files) == 0
    with team_context(team.id), connection.cursor() as cursor:
        for table in ("step", "payload", "facet"):
            cursor.execute(f"SELECT DISTINCT tableoid::regclass::text, execution_id FROM {table}")
            assert cursor.fetchall() in ([(f"{table}_held", held)], [])
        assert Step.objects.count() == 50


def test_rows_of_a_large_partition_are_estimated(
    team: Team, other_team: NewTeam, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(team, *(old(number) for number in range(20)))
    send(other_team.team, *(old(number) for number in range(10)))
    part = next(one for one in partitions("step", 0) if one.day == DAY)
    assert rows_by_team(part) == {team.id: 1000, other_team.team.id: 500}
    monkeypatch.setattr(clearing, "COUNTED_PAGES", 12)
    assert 750 < sum(rows_by_team(part).values()) < 3000
