"""The tests' databases: one template, migrated once by the owner, and a copy of it for every worker."""

import fcntl
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from django.core.management import call_command
from django.db import connections

from config import databases
from tests.servers import worker

ROOT = Path(__file__).parents[1]
TEMPLATE = "test_template"
# Migrating from nothing gives the same until a migration or a package changes.
CACHE = ROOT / ".pytest_cache"
# Filled by migrations and needed by Django itself: kept when a test empties the tables.
KEPT = ("django_migrations", "django_content_type", "auth_permission")


def _use(name: str) -> None:
    """Points both connections at the database `name`."""
    for alias in ("default", "owner"):
        connection = connections[alias]
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()
        connection.settings_dict["NAME"] = name


def _execute(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def _exists(name: str) -> bool:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """While the body runs, the other workers wait here: what is made once for all of them, one makes."""
    with (Path(os.environ["STEADYRUN_HOME"]) / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def create() -> None:
    """Makes this worker's database. The first worker to come makes the template, the others wait for it."""
    original = connections["owner"].settings_dict["NAME"]
    own = f"test_{worker()}"
    with one_at_a_time():
        if not _exists(TEMPLATE):
            part = f"{TEMPLATE}_part"
            _execute(f"CREATE DATABASE {part}")
            _use(part)
            _fill()
            _use(original)
            _execute(f"ALTER DATABASE {part} RENAME TO {TEMPLATE}")
        _execute(f"CREATE DATABASE {own} TEMPLATE {TEMPLATE}")
    _use(own)


@contextmanager
def another() -> Iterator[None]:
    """An empty database, used by both connections while the body runs, and gone afterwards."""
    original, name = connections["owner"].settings_dict["NAME"], f"test_{uuid4().hex}"
    _execute(f"CREATE DATABASE {name}")
    _use(name)
    try:
        yield
    finally:
        _use(original)
        _execute(f"DROP DATABASE {name}")


def _fill() -> None:
    """Migrates the database in use, or restores what the same migrations made before."""
    kept = template_file("dump")
    if kept.exists():
        _run("pg_restore", "--no-owner", "--exit-on-error", str(kept))
        return
    call_command("migrate", database="owner", interactive=False, verbosity=0)
    template_file("sql").write_text(schema())
    fresh = kept.with_suffix(".part")
    _run("pg_dump", "--format=custom", "--enable-row-security", f"--file={fresh}")
    fresh.rename(kept)


def template_file(kind: str) -> Path:
    """Where the template is kept as a dump, and as the text of its schema (`sql`)."""
    return kept_file(f"template.{kind}", "config/executor.py")


def schema() -> str:
    """The database in use as `pg_dump` writes it, without rows: tables, constraints, policies, rights, functions."""
    path = CACHE / f"schema-{uuid4().hex}.sql"
    _run("pg_dump", "--schema-only", f"--file={path}")
    text = path.read_text()
    path.unlink()
    return re.sub(r"(?m)^\\(un)?restrict .*\n", "", text)


def kept_file(name: str, *more: str) -> Path:
    """Where to keep what migrations made; another place as soon as they, or the files `more`, would make another."""
    CACHE.mkdir(exist_ok=True)
    migrations = [one for end in ("py", "sql") for one in ROOT.glob(f"*/migrations/**/*.{end}")]
    others = [ROOT / one for one in ("requirements/base.txt", "accounts/operations.py", *more)]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted([*others, *migrations]))).hexdigest()[:16]
    return CACHE / f"{_major()}-{digest}-{name}"


def _major() -> int:
    """The major version of the server."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        (major,) = cursor.fetchone()
    return int(major)


def _run(name: str, *arguments: str) -> None:
    """One of PostgreSQL's programs on the database in use, as its owner."""
    program, _ = databases.program(name, _major(), is_embedded=True)
    connection = connections["owner"]
    connection.close()
    told = connection.settings_dict
    place = f"host={told['HOST']} port={told['PORT']} user={told['USER']} dbname={told['NAME']}"
    command = [str(program), "--no-password", f"--dbname={place}", *arguments]
    subprocess.run(command, check=True, env={**os.environ, "PGPASSWORD": told["PASSWORD"]})


def close() -> None:
    """Closes every connection; the database goes with the server."""
    for connection in connections.all(initialized_only=True):
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def empty_tables() -> None:
    """Empties all tables as their owner: the application's role may not, and row-level security hides rows.

    Only tables with pages are named: each of some hundred partitions costs a new file when it is emptied. Uses a
    connection of its own, because a test that did not ask for the owner is kept from the shared one.
    """
    connection = connections.create_connection("owner")
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT string_agg(quote_ident(c.relname), ', ') "
                "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE n.nspname = 'public' AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0 "
                "AND c.relname <> ALL(%s)",
                [list(KEPT)],
            )
            (tables,) = cursor.fetchone()
            if tables:
                cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
    finally:
        connection.close()
