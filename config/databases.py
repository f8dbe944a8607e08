"""The database that is backed up or restored into: its addresses, and PostgreSQL's client programs for it."""

import json
import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from config import embedded, postgres
from config.children import Say, StartError


@dataclass(frozen=True, slots=True)
class Database:
    """Addresses of one database: `owner` owns it, `reader` bypasses row-level security and sees every team's rows."""

    owner: str
    reader: str
    is_embedded: bool

    def major(self) -> int:
        """The server's major version."""
        with psycopg.connect(self.reader) as connection:
            return connection.info.server_version // 10000


def _in_database(address: str, name: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


def _running(home: Path) -> Database:
    """The embedded servers that another process runs for this folder."""
    noted = json.loads((home / "servers.json").read_text())
    addresses = json.loads((home / "addresses.json").read_text())
    owner = addresses["DATABASE_OWNER_URL"]
    reader = postgres.admin_address(urlsplit(owner).port or 0, noted["admin_password"])
    return Database(owner, _in_database(reader, postgres.DATABASE), is_embedded=True)


def _given() -> Database | None:
    """The database that the environment names. Raises `StartError` when its role does not see every team's rows."""
    if not (address := os.environ.get("DATABASE_URL")):
        return None
    owner = os.environ.get("DATABASE_OWNER_URL", address)
    reader = os.environ.get("DATABASE_BACKUP_URL", owner)
    with psycopg.connect(reader) as connection:
        row = connection.execute(
            "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    if row is None or not row[1]:
        raise StartError(
            f"the role {row and row[0]} sees no rows of teams, because row-level security holds for it too: give the "
            "address of a role that may read all of them in DATABASE_BACKUP_URL (CREATE ROLE steadyrun_backup "
            "LOGIN BYPASSRLS PASSWORD '...'; GRANT pg_read_all_data TO steadyrun_backup), as docs/operations.md says"
        )
    return Database(owner, reader, is_embedded=False)


def of_servers(started: embedded.Servers) -> Database:
    """The database of servers that were started here."""
    return Database(started.owner_url, _in_database(started.admin_url, postgres.DATABASE), is_embedded=True)


def find(home: Path, stack: ExitStack, say: Say, *, fast: bool = False) -> Database:
    """The database in use: that of the environment, else that of the data folder, whose servers are started if need be.

    Servers that were started here end with `stack`. `fast` is for tests.
    """
    if (given := _given()) is not None:
        return given
    if not (home / "servers.json").exists():
        raise StartError(f"{home} has no data: set STEADYRUN_HOME to the data folder, or DATABASE_URL")
    try:
        started = stack.enter_context(embedded.start(home, fast=fast, say=say))
    except embedded.AlreadyRunning:
        if not (home / "addresses.json").exists():
            raise
        return _running(home)
    return of_servers(started)


def make(home: Path, stack: ExitStack, say: Say, *, fast: bool = False) -> Database:
    """An empty database to restore into. Raises `StartError` where there is one with something in it."""
    if (given := _given()) is not None:
        _refuse_tables(given.reader)
        return given
    if (home / "servers.json").exists() or (home / "secret_key").exists():
        raise StartError(
            f"{home} has data already, and nothing is restored over it: set STEADYRUN_HOME to a new folder, "
            "or end Steadyrun and move this one away"
        )
    started = stack.enter_context(embedded.start(home, fast=fast, say=say))
    made = of_servers(started)
    _refuse_tables(made.reader)
    return made


def _refuse_tables(address: str) -> None:
    with psycopg.connect(address) as connection:
        found = connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'S') ORDER BY c.relname LIMIT 1"
        ).fetchone()
    if found is not None:
        raise StartError(
            f"the database has tables already ({found[0]}), and nothing is restored over them: make an empty one "
            "(CREATE DATABASE ... OWNER ...) and name it in DATABASE_URL"
        )


def program(name: str, at_least: int, *, is_embedded: bool) -> tuple[Path, int]:
    """One of PostgreSQL's client programs and its major version: the oldest that is not older than `at_least`.

    Of the same version, programs of the machine are preferred for servers of one's own, because those of the package
    know no TLS. Raises `StartError` when all are older.
    """
    found = [(major, folder / name) for folder, major in postgres.installed() if (folder / name).exists()]
    fitting = sorted((one for one in found if one[0] >= at_least), key=lambda one: one[0])
    if not fitting:
        raise StartError(
            f"this machine has no {name} of PostgreSQL {at_least} or later "
            f"(found {sorted({one[0] for one in found})}): install the client programs of PostgreSQL {at_least}"
        )
    same = [one for one in fitting if one[0] == fitting[0][0]]
    major, path = same[0 if is_embedded else -1]
    return path, major


def connection_of(address: str) -> tuple[str, dict[str, str]]:
    """(what follows `--dbname`, environment) for a client program; the list of processes shows no password."""
    parts = psycopg.conninfo.conninfo_to_dict(address)
    password = str(parts.pop("password", "") or "")
    environment = {**os.environ, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}
    return psycopg.conninfo.make_conninfo("", **{name: str(value) for name, value in parts.items()}), environment
