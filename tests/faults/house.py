"""The application under test: `make up` as it is, on a data folder of its own, and faults of its processes."""

import json
import os
import shelve
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import psycopg

from bench.usage import children
from config import postgres
from config.children import born, die_with

ROOT = Path(__file__).parents[2]
NORMAL_SECONDS = 60.0
# Migrating from nothing takes a minute of processor time.
START_SECONDS = 600.0
Found = TypeVar("Found")
# What a run of tests sets for itself, and what would name other servers.
_NOT_OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "MAKELEVEL")
_WAITING = """
SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)) AND query LIKE %s ORDER BY pid
"""


def until(look: Callable[[], Found | None], what: str, seconds: float = NORMAL_SECONDS) -> Found:
    """What `look` finds once it finds something. Raises `AssertionError` when it takes longer."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)
    return found


@dataclass
class House:
    """A running `make up`: its supervisor, its data folder, and how to reach it."""

    home: Path
    process: subprocess.Popen[bytes]
    said: Path
    environment: dict[str, str]

    @property
    def base_url(self) -> str:
        """Where it serves."""
        return str(json.loads((self.home / "ready.json").read_text())["base_url"])

    def addresses(self) -> dict[str, str]:
        """The addresses that its processes are given."""
        return dict(json.loads((self.home / "addresses.json").read_text()))

    @property
    def admin_url(self) -> str:
        """The superuser's address of the database: reads past row-level security."""
        noted = json.loads((Path(self.environment.get("FAULTS_SERVERS", self.home)) / "servers.json").read_text())
        port = urlsplit(self.addresses()["DATABASE_URL"]).port or 0
        admin = postgres.admin_address(port, noted["admin_password"])
        return urlsplit(admin)._replace(path=f"/{postgres.DATABASE}").geturl()

    def pid(self, name: str) -> int:
        """The number of one of its processes (web, worker, beat, postgres or valkey), once it runs."""

        def living() -> int | None:
            told = json.loads((self.home / f"{name}.pid").read_text())
            return int(told["pid"]) if born(told["pid"]) == told["born"] else None

        return until(living, f"{name} runs")

    def gunicorn_worker(self) -> int:
        """The process that answers requests, below the one that watches it."""
        return until(lambda: next(iter(children(self.pid("web"))[1:]), None), "a gunicorn worker")

    def kill(self, pid: int) -> None:
        """Ends a process as the kernel does when memory is short: without a word."""
        os.kill(pid, signal.SIGKILL)

    def ask(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows that the database answers, read as its superuser."""
        with psycopg.connect(self.admin_url, connect_timeout=5) as connection:
            return connection.execute(statement, values).fetchall()

    def run(self, code: str, settings: str = "config.settings") -> str:
        """What a piece of Python prints that runs inside the application."""
        told = subprocess.run(
            [sys.executable, "-c", f"import django\ndjango.setup()\n{code}"],
            cwd=ROOT,
            env={**self.environment, **self.addresses(), "DJANGO_SETTINGS_MODULE": settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr[-2000:]
        return told.stdout

    @contextmanager
    def held_up(self, table: str, seconds: float = 30.0, statement: str = "%") -> Iterator[int]:
        """Somebody is in the middle of work: a transaction that has written, and waits here to write to `table`.

        `statement` is how what waits begins, as LIKE takes it.
        Gives the number of its database session. What it waits for is let go at the end, also when the server is gone.
        """
        connection = psycopg.connect(self.admin_url)

        def waiting() -> int | None:
            # Else what sessions do is as this transaction saw it first.
            connection.execute("SELECT pg_stat_clear_snapshot()")
            return next((row[0] for row in connection.execute(_WAITING, [statement])), None)

        try:
            connection.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
            yield until(waiting, f"a write to {table}", seconds)
        finally:
            connection.close()

    def last_words(self) -> str:
        """The end of what the supervisor said."""
        return self.said.read_text()[-400:]

    def stop(self) -> None:
        """Ends it in an orderly way."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(90)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()


def environment_of(home: Path, **own: str) -> dict[str, str]:
    """The environment that a person who starts it has, but for the data folder and a free port."""
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    own = {"LOG_LEVEL": "WARNING", "STEADYRUN_ALLOW_PRIVATE_DESTINATIONS": "127.0.0.1", **own}
    return {**inherited, "STEADYRUN_HOME": str(home), "PORT": "0", "SAMPLE": "none", **own}


def make_all_due(home: Path) -> None:
    """Makes the beat think that it ran days ago: what is done once an hour or a day is due at once, under load."""
    if any(home.glob("beat-schedule*")):
        with shelve.open(str(home / "beat-schedule")) as kept:
            entries = kept.get("entries", {})
            for entry in entries.values():
                entry.last_run_at -= timedelta(days=2)
            kept["entries"] = entries


def start(home: Path, **own: str) -> House:
    """Starts everything and waits until it says that it is ready."""
    environment = environment_of(home, **own)
    make_all_due(home)
    said = home.parent / f"{home.name}.said"
    with said.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.up"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=die_with(os.getpid(), signal.SIGTERM),  # noqa: PLW1509 - no other thread is at work
        )
    house = House(home, process, said, environment)

    def is_ready() -> bool:
        assert process.poll() is None, said.read_text()[-3000:]
        return (home / "ready.json").exists()

    until(is_ready, "make up", START_SECONDS)
    return house
