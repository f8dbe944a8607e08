"""A Citus cluster on this machine: a coordinator and two workers, by PostgreSQL programs that have the extension."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from config.children import LOOPBACK, Child, answers, free_port, run_as, spawn, unprivileged_account, wait_until
from config.postgres import ADMIN, APP, DATABASE, OWNER

NODES = 3
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_preload_libraries": "citus",
    "max_locks_per_transaction": "512",
    "max_prepared_transactions": "200",
    "fsync": "off",
    "jit": "off",
    "timezone": "UTC",
}
_CREATED = ("-U", ADMIN, "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8")
_ROLES = (
    f"CREATE ROLE {OWNER} LOGIN",
    f"CREATE ROLE {APP} LOGIN NOSUPERUSER NOBYPASSRLS",
    f"GRANT {APP} TO {OWNER}",
    f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
)


def find_programs() -> Path | None:
    """The folder of programs of the newest PostgreSQL with Citus; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/lib/citus.so"), key=lambda path: int(path.parts[-3]))
    return found[-1].parents[1] / "bin" if found else None


@contextmanager
def cluster(home: Path, programs: Path) -> Iterator[tuple[str, str, str]]:
    """The addresses of the application, the owner and the administrator at the coordinator of a running cluster."""
    with ExitStack() as stack:
        ports = [free_port(0) for _ in range(NODES)]
        for number, port in enumerate(ports):
            stack.callback(_start(home, programs, f"node{number}", port).stop)
            _prepare(port)
        with psycopg.connect(_address(ADMIN, ports[0], DATABASE), autocommit=True) as connection:
            connection.execute("SELECT citus_set_coordinator_host(%s, %s)", [LOOPBACK, ports[0]])
            for port in ports[1:]:
                connection.execute("SELECT citus_add_node(%s, %s)", [LOOPBACK, port])
        app, owner, admin = (_address(role, ports[0], DATABASE) for role in (APP, OWNER, ADMIN))
        yield app, owner, admin


def _start(home: Path, programs: Path, name: str, port: int) -> Child:
    account = unprivileged_account()
    folder = home / name
    folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, account.uid, account.gid)
    made = run_as(account, [str(programs / "initdb"), "-D", str(folder), *_CREATED])
    assert made.returncode == 0, made.stdout
    options = [part for key, value in _SETTINGS.items() for part in ("-c", f"{key}={value}")]
    command = [str(programs / "postgres"), "-D", str(folder), "-p", str(port), *options]
    # Nodes look for certificates at home, where this account may not look.
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(folder)}
    child = spawn(name, command, home=home, ending=signal.SIGINT, account=account, environment=environment)
    wait_until(lambda: answers(port), child, seconds=60)
    wait_until(lambda: "ready to accept connections" in child.log.read_text(), child, seconds=60)
    return child


def _prepare(port: int) -> None:
    """The roles, the database and the extension, as docs/scaling.md tells an administrator."""
    with psycopg.connect(_address(ADMIN, port, "postgres"), autocommit=True) as connection:
        for statement in _ROLES:
            connection.execute(statement)
    with psycopg.connect(_address(ADMIN, port, DATABASE), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION citus")


def _address(role: str, port: int, database: str) -> str:
    return f"postgresql://{role}:unasked@{LOOPBACK}:{port}/{database}"
