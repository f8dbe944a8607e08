"""What only a whole installation shows, behind a real PgBouncer and with a real replica: `make lab`."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from config import postgres
from tests.installation import REPLICATED, eventually, installation, make_replica, servers, start_pooler

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.environ.get("LAB") != "1", reason="takes minutes: make lab"),
]
BEGAN = datetime.now(UTC) - timedelta(hours=1)
REPORT = {
    "started_at": BEGAN.isoformat(),
    "finished_at": (BEGAN + timedelta(seconds=3)).isoformat(),
    "status": "succeeded",
}


@pytest.mark.skipif(not PGBOUNCER, reason="PgBouncer is not on this machine")
def test_everything_works_through_a_transaction_pooler() -> None:
    with servers() as (home, started):
        pooler, address = start_pooler(home, str(PGBOUNCER), started.database_url)
        told = {"DATABASE_URL": address, "REDIS_URL": started.redis_url, "DATABASE_POOLER": "transaction"}
        try:
            with installation(home, DATABASE_OWNER_URL=started.owner_url, **told) as one:
                assert one.run("manage.py", "load_sample", "--team", one.login["team"]).returncode == 0
                for number in range(30):
                    status, said = one.call("/api/v1/executions", {"id": f"x{number}", "workflow": "w", **REPORT})
                    assert status < 300, said
                one.sign_in()
                pages = one.pages(f"/t/{one.login['team']}/")
                assert len(pages) > 60
                assert {path: status for path, (status, _) in pages.items() if status >= 400} == {}
                exported = one.run("manage.py", "export", "--team", one.login["team"])
                assert exported.stdout.count("\n") > 30, exported.stderr
                doctor = one.run("manage.py", "doctor").stdout
                assert re.search(r"^ok +pooling +a pooler stands before", doctor, re.MULTILINE), doctor
                assert re.findall(r"Traceback|psycopg\.errors", one.logs()) == []
                # Migrations keep settings in their session.
                refused = one.run("-m", "config.prepare", DATABASE_OWNER_URL=address + "?")
                assert refused.returncode == 1
                assert "leads through a pooler" in refused.stderr
        finally:
            pooler.stop()


@pytest.fixture
def replicated() -> Iterator[Any]:
    """An installation with a replica, the replica, and the address of its administrator."""
    kept = dict(postgres.SETTINGS)
    postgres.SETTINGS.update(REPLICATED)
    try:
        with servers() as (home, started):
            replica = make_replica(home, started)
            replica.start()
            told = {"DATABASE_URL": started.database_url, "DATABASE_OWNER_URL": started.owner_url}
            told |= {"REDIS_URL": started.redis_url, "DATABASE_REPLICA_URL": replica.address(started.database_url)}
            try:
                with installation(home, **told) as one:
                    one.sign_in()
                    yield one, replica, replica.address(started.admin_url)
            finally:
                replica.stop()
    finally:
        postgres.SETTINGS.clear()
        postgres.SETTINGS.update(kept)


def reads(address: str) -> int:
    """Transactions of ours that the replica has answered. A connection tells what it did when it idles for 10 s."""
    time.sleep(11)
    with psycopg.connect(address) as connection:
        row = connection.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = 'steadyrun'").fetchone()
    assert row is not None
    return int(row[0])


def test_pages_are_read_on_the_replica_and_never_older_than_they_may_be(replicated: Any) -> None:
    one, replica, address = replicated
    home = f"/t/{one.login['team']}/settings/team/"
    eventually(lambda: time.sleep(8) or True)

    def opened(count: int = 30) -> int:
        before = reads(address)
        assert {one.get(home)[0] for _ in range(count)} == {200}
        return reads(address) - before

    assert opened() >= 15
    # What somebody changed is seen at once, and the replica is left alone for a while.
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        status, page = one.post(home, f"{home}rename/", name="Renamed by its owner", slug=one.login["team"])
        assert (status, "Renamed by its owner" in page) == (200, True)
        assert "Renamed by its owner" in one.get(home)[1]
        # It is behind when the cookie has ended, and still not used.
        time.sleep(9)
        assert "Renamed by its owner" in one.get(home)[1]
        connection.execute("SELECT pg_wal_replay_resume()")
    time.sleep(2)
    assert "Renamed by its owner" in one.get(home)[1]
    assert opened() >= 15
    replica.stop()
    assert {one.get(home)[0] for _ in range(10)} == {200}
    assert re.search(r"^look +replica +not reachable", one.run("manage.py", "doctor").stdout, re.MULTILINE)
    replica.start()
    time.sleep(12)
    assert opened() >= 15
    assert re.search(r"^ok +replica +at most", one.run("manage.py", "doctor").stdout, re.MULTILINE)
