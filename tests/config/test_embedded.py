"""The embedded servers: started, started again, found again after a kill."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded
from config.children import born, free_port
from tests.servers import temporary_home

STARTER = """
import sys, time
from pathlib import Path
from config import embedded
servers = embedded.start(Path(sys.argv[1]), fast=True)
print(servers.owner_url, *(child.process.pid for child in servers.children), flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder that every test starts and stops, gone afterwards with its cluster: making one takes seconds."""
    folder = temporary_home()
    yield folder
    embedded.remove(folder)


def start_elsewhere(home: Path) -> tuple[subprocess.Popen[str], str, list[int]]:
    """Starts the servers in another process; returns it, the owner's address and the servers' numbers."""
    process = subprocess.Popen([sys.executable, "-c", STARTER, str(home)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address, *numbers = process.stdout.readline().split()
    process.stdout.close()
    return process, address, [int(number) for number in numbers]


def test_roles_own_no_more_than_they_should(home: Path) -> None:
    with embedded.start(home, fast=True) as servers:
        with psycopg.connect(servers.database_url) as app:
            rights = app.execute(
                "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            owner = app.execute(
                "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database "
                "WHERE datname = current_database()"
            ).fetchone()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("CREATE TABLE public.mine (id int)")
        with redis.Redis.from_url(servers.redis_url) as broker:
            assert broker.ping()
        without_password = servers.redis_url.replace(servers.redis_url.split("@")[0], "redis://")
        stranger = redis.Redis.from_url(without_password.replace("redis://@", "redis://"))
        with stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
    assert rights == (False, False, False, False)
    assert owner == ("steadyrun_owner", "UTF8")


def test_secrets_are_private_and_kept(home: Path) -> None:
    with embedded.start(home, fast=True) as first:
        pass
    noted = (home / "servers.json").stat()
    assert noted.st_mode & 0o777 == 0o600
    with embedded.start(home, fast=True) as second:
        assert first.owner_url.rpartition("@")[0] == second.owner_url.rpartition("@")[0]


def test_a_second_starter_is_refused(home: Path) -> None:
    taken = pytest.raises(embedded.AlreadyRunning, match=str(os.getpid()))
    with embedded.start(home, fast=True), taken:
        embedded.start(home, fast=True)


def test_nothing_runs_after_stop(home: Path) -> None:
    servers = embedded.start(home, fast=True)
    numbers = [child.process.pid for child in servers.children]
    servers.stop()
    assert [born(number) for number in numbers] == [None, None]
    assert not list(home.glob("*.pid"))


def test_taken_ports_are_replaced_and_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(embedded, "POSTGRES_PORT", port)
        monkeypatch.setattr(embedded, "VALKEY_PORT", port)
        with embedded.start(home, say=said.append) as servers:
            assert f":{port}/" not in servers.database_url + servers.redis_url
    assert [line.split(" is taken: ")[1].split(" uses ")[0] for line in said if "taken" in line] == [
        "PostgreSQL",
        "Valkey",
    ]


def test_data_is_there_after_kill_9(home: Path) -> None:
    process, address, numbers = start_elsewhere(home)
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 7 AS value")
    process.kill()
    process.wait()
    with embedded.start(home, fast=True) as servers:
        assert [born(number) for number in numbers] == [None, None]
        with psycopg.connect(servers.owner_url) as owner:
            assert owner.execute("SELECT value FROM kept").fetchone() == (7,)


def test_servers_killed_too_are_recovered(home: Path) -> None:
    process, address, numbers = start_elsewhere(home)
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("SET synchronous_commit = on")
        owner.execute("CREATE TABLE recovered AS SELECT 7 AS value")
    for number in (process.pid, *numbers):
        os.kill(number, signal.SIGKILL)
    process.wait()
    with embedded.start(home, fast=True) as servers, psycopg.connect(servers.owner_url) as owner:
        assert owner.execute("SELECT value FROM recovered").fetchone() == (7,)


def test_servers_that_end_by_themselves_are_started_again_on_their_ports(home: Path) -> None:
    said: list[str] = []
    with embedded.start(home, fast=True) as servers:
        with psycopg.connect(servers.owner_url, autocommit=True) as owner:
            owner.execute("SET synchronous_commit = on")
            owner.execute("CREATE TABLE revived AS SELECT 7 AS value")
        for child in servers.children:
            child.process.kill()
            child.process.wait()
        end = time.monotonic() + 60
        while not is_up(servers):
            assert time.monotonic() < end, said
            servers.revive(time.monotonic(), said.append)
            time.sleep(0.1)
        with psycopg.connect(servers.owner_url) as owner:
            assert owner.execute("SELECT value FROM revived").fetchone() == (7,)
    assert {line.split()[0] for line in said if "starting it again" in line} == {"postgres", "valkey"}


def is_up(servers: embedded.Servers) -> bool:
    try:
        with psycopg.connect(servers.owner_url), redis.Redis.from_url(servers.redis_url) as broker:
            return bool(broker.ping())
    except (psycopg.OperationalError, redis.RedisError):
        return False


def test_a_pid_file_of_another_process_ends_nothing(home: Path) -> None:
    (home / "postgres.pid").write_text(f'{{"pid": {os.getpid()}, "born": "1", "ending": 9}}')
    with embedded.start(home, fast=True):
        pass


def test_free_port_passes_over_a_taken_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) > port
