"""A backup of a database in use, restored into a new data folder: the same to the last digit, and it runs."""

import io
import json
import os
import signal
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections

from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from billing.exports.month_digest import month_digest
from billing.services.closing import close_month
from billing.store.lines import fold_all
from config import databases, embedded, major, postgres, restoring
from config.backup import KEPT_FILES, LEFT_OUT, take
from config.children import StartError
from config.contents import contents
from tests.config.test_up import start
from tests.factories import report, store
from tests.servers import temporary_home

AUGUST = date(2026, 8, 1)
THEN = datetime(2026, 8, 12, 10, 30, tzinfo=UTC)
AFTER = datetime(2026, 9, 3, 12, 0, tzinfo=UTC)
COSTS = ("0.1", "0.0000000007", "12.345678901")
PASSPHRASE = "a passphrase for tests"
KNOWN_FILES = (*KEPT_FILES, *LEFT_OUT)


def quiet(_message: str) -> None:
    """Says nothing."""


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder that does not exist yet, gone afterwards."""
    parent = temporary_home()
    yield parent / "new"
    embedded.remove(parent / "new")
    parent.rmdir()


@pytest.fixture
def given(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> databases.Database:
    """This test's database as one that the environment names, with a role that sees every team."""
    name, home = connections["owner"].settings_dict["NAME"], Path(os.environ["STEADYRUN_HOME"])
    password = json.loads((home / "servers.json").read_text())["admin_password"]
    owner = urlsplit(os.environ["DATABASE_OWNER_URL"])
    reader = urlsplit(postgres.admin_address(owner.port or 0, password))
    for variable, address in (("DATABASE_URL", owner), ("DATABASE_OWNER_URL", owner), ("DATABASE_BACKUP_URL", reader)):
        monkeypatch.setenv(variable, address._replace(path=f"/{name}").geturl())
    return databases.Database(os.environ["DATABASE_OWNER_URL"], os.environ["DATABASE_BACKUP_URL"], is_embedded=False)


@pytest.fixture
def in_use(given: databases.Database, new_team: NewTeam) -> NewTeam:
    """A team with the sample, with costs, and with August closed."""
    call_command("load_sample", team=new_team.team.slug, verbosity=0)
    told: list[Any] = [
        report(started_at=THEN - timedelta(minutes=1), finished_at=THEN, cost_usd=Decimal(cost)) for cost in COSTS
    ]
    store(new_team.team, *told, now=AFTER)
    fold_all(AFTER)
    with team_context(new_team.team.id) as team_id:
        close_month(team_id=team_id, month=AUGUST, reasons={}, by=new_team.owner, now=AFTER, digest=month_digest)
    return new_team


def held(address: str) -> dict[str, Any]:
    """What a database holds."""
    with psycopg.connect(address) as connection:
        return contents(connection)


def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the environment names no database."""
    for variable in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_BACKUP_URL", "REDIS_URL"):
        monkeypatch.delenv(variable, raising=False)


def month_by_api(base_url: str, key: str) -> Any:
    """What August costs, as the running application answers."""
    request = urllib.request.Request(
        f"{base_url}/api/v1/costs/summary/?at=2026-08", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_a_restored_copy_is_the_same_and_runs(
    in_use: NewTeam, given: databases.Database, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    (source / "exports" / "team").mkdir(parents=True)
    (source / "exports" / "team" / "costs.csv").write_text("month,usd\n")
    (source / "secret_key").write_text("only-for-tests")
    before = held(given.reader)
    backup = take(source, str(tmp_path / "backup"), passphrase=PASSPHRASE, say=quiet)
    assert backup.stat().st_mode & 0o777 == 0o700
    assert b"Harbour" not in b"".join(path.read_bytes() for path in backup.iterdir())

    alone(monkeypatch)
    expected = restoring.restore(home, backup, passphrase=PASSPHRASE, say=quiet, fast=True)
    assert {part: expected[part] for part in before} == before
    # The sample has 769.
    assert before["counts"]["execution"] == 769 + len(COSTS)
    assert before["counts"]["step"] > 1000
    (august,) = (row for row in before["finance"] if row[1] == "2026-08")
    assert Decimal(august[3]) == sum(map(Decimal, COSTS))
    assert [row[1:3] for row in before["months"]] == [["2026-08", "closed"]]
    assert (home / "exports" / "team" / "costs.csv").read_text() == "month,usd\n"
    assert (home / "secret_key").read_text() == "only-for-tests"
    assert (home / "secret_key").stat().st_mode & 0o077 == 0

    with pytest.raises(StartError, match="has data already"):
        restoring.restore(home, backup, passphrase=PASSPHRASE, say=quiet, fast=True)

    process = start(home)
    try:
        ready = json.loads((home / "ready.json").read_text())
        unknown = [one.name for one in home.iterdir() if not any(fnmatch(one.name, told) for told in KNOWN_FILES)]
        assert unknown == [], "say in config/backup.py whether a backup has it"
        with ExitStack() as stack:
            assert held(databases.find(home, stack, quiet).reader)["finance"] == before["finance"]
        told = month_by_api(ready["base_url"], in_use.api_key)
        assert Decimal(told["now"]["cost_usd"]) == sum(map(Decimal, COSTS))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def test_a_database_with_tables_is_left_alone(given: databases.Database, home: Path, tmp_path: Path) -> None:
    backup = take(home, str(tmp_path / "backup"), passphrase="", say=quiet)
    with pytest.raises(StartError, match=r"has tables already .* make an empty one"):
        restoring.restore(home, backup, passphrase="", say=quiet)
    with pytest.raises(StartError, match="is not empty: name a new folder in TO"):
        take(home, str(backup), passphrase="", say=quiet)


def test_a_changed_backup_is_refused_before_anything_is_made(
    given: databases.Database, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = take(home, str(tmp_path / "backup"), passphrase="", say=quiet)
    alone(monkeypatch)
    database = backup / "database.zst"
    database.write_bytes(database.read_bytes()[:-1] + b"!")
    with pytest.raises(StartError, match="not as it was written"):
        restoring.restore(home, backup, passphrase="", say=quiet)
    (backup / "backup.json").unlink()
    with pytest.raises(StartError, match="no whole backup"):
        restoring.restore(home, backup, passphrase="", say=quiet)
    assert not home.exists()


def test_a_role_that_sees_no_team_is_refused(
    given: databases.Database, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_BACKUP_URL")
    with pytest.raises(StartError, match=r"steadyrun_owner sees no rows of teams.*DATABASE_BACKUP_URL"):
        take(home, str(tmp_path / "backup"), passphrase="", say=quiet)
    assert not (tmp_path / "backup").exists()


def test_a_difference_is_named(given: databases.Database, new_team: NewTeam) -> None:
    before = held(given.reader)
    with psycopg.connect(given.owner) as connection:
        connection.execute("ALTER TABLE cost_line NO FORCE ROW LEVEL SECURITY")
        connection.execute("GRANT UPDATE ON audit_event TO steadyrun_app")
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('a', '0001_b', now())")
        after = contents(connection)
        connection.rollback()
    said = "\n".join(restoring.differences(before, after))
    assert "migrations: 0 are missing, 1 are new, as a.0001_b" in said
    assert "row-level security and rights on tables: 2 are missing, 2 are new" in said
    with pytest.raises(StartError, match="do not use it"):
        restoring.check(given, before | {"finance": [["a", "2026-08"]]})
    assert restoring.differences(before, held(given.reader)) == []


def test_a_failed_move_puts_the_old_cluster_back_and_the_next_one_moves(
    given: databases.Database, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = take(home, str(tmp_path / "backup"), passphrase="", say=quiet)
    alone(monkeypatch)
    with embedded.start(home, fast=True) as servers, psycopg.connect(servers.owner_url) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    with monkeypatch.context() as failing:
        failing.setattr(major, "check", lambda *_: (_ for _ in ()).throw(StartError("not the same")))
        failing.setattr(major, "fill", lambda *_: None)
        with pytest.raises(StartError, match="not the same"):
            major.replace_cluster(home, backup, passphrase="", say=quiet, fast=True)
    with embedded.start(home, fast=True) as servers, psycopg.connect(servers.owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    aside = major.replace_cluster(home, backup, passphrase="", say=quiet, fast=True)
    assert aside.name == f"data.{major.version_of(home)}"
    with embedded.start(home, fast=True) as servers:
        assert held(databases.of_servers(servers).reader)["counts"]["retention_run"] == 0


def test_files_being_written_are_left_out(given: databases.Database, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "exports").mkdir(parents=True)
    for name in ("whole.csv", "half.csv.part"):
        (source / "exports" / name).write_text("x")
    backup = take(source, str(tmp_path / "backup"), passphrase="", say=quiet)
    packed = io.BytesIO(b"".join(restoring.blocks(backup / "files.zst", "")))
    with tarfile.open(fileobj=packed) as archive:
        assert archive.getnames() == ["exports/whole.csv"]
