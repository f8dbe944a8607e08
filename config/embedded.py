"""The embedded servers: a PostgreSQL and a Valkey of our own, on loopback, for one data folder.

`start(home)` makes what is missing, starts both and returns their addresses; the servers end with the
process that started them. Where things are:

- `home/servers.json` (mode 0600): passwords and the ports used last.
- `home/postgres/` or, when this process is root and the account that PostgreSQL runs as cannot enter
  `home` (under /root, say), `/var/lib/steadyrun/NAME-HASH/`: the cluster. Programs that this account
  cannot reach either (a virtual environment under /root) are copied there as well.
- `home/lock`: held while the servers run, so that two starters never share a cluster.
"""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

from config import postgres, valkey
from config.children import (
    Account,
    Child,
    Say,
    StartError,
    may_reach,
    stop_leftover,
    unprivileged_account,
    write_private,
)
from config.restarting import Restarts

POSTGRES_PORT = 15432
VALKEY_PORT = 16379
SHARED_ROOT = Path("/var/lib/steadyrun")


class AlreadyRunning(StartError):
    """Another process runs the servers of this data folder."""


def _silent(message: str) -> None:
    """Takes a message and shows it to nobody."""


@dataclass(slots=True)
class Servers:
    """Addresses of the running servers; also a context manager that stops them."""

    database_url: str
    owner_url: str
    redis_url: str
    admin_url: str = field(repr=False)
    children: list[Child] = field(repr=False)
    lock: IO[str] = field(repr=False)
    restarts: dict[str, Restarts] = field(repr=False)

    def stop(self) -> None:
        """Ends both servers in an orderly way and gives the folder free. Safe to call twice."""
        while self.children:
            self.children.pop().stop(seconds=30)
        self.lock.close()

    def revive(self, now: float, say: Say = _silent) -> None:
        """Starts a server that ended by itself again, on its port. `now` is a steady clock in seconds."""
        self.children[:] = [self.restarts[child.name].revive(child, now, say) for child in self.children]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def take_lock(home: Path) -> IO[str]:
    """Locks the data folder for this process. Raises `AlreadyRunning` when another one holds it."""
    file = os.fdopen(os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600), "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise AlreadyRunning(f"Steadyrun is already running on {home} (process {holder})") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def prepare_home(home: Path) -> Path:
    """Makes the data folder: for its owner alone, but root lets the servers' account pass through."""
    home = home.absolute()
    if not home.exists():
        home.mkdir(parents=True)
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return home


def server_folder(home: Path, account: Account | None) -> Path:
    """The folder of the cluster: inside `home`, or where the unprivileged account can reach it."""
    inside = home / "postgres"
    if account is None or (inside.parent.exists() and may_reach(home, account)):
        return inside
    name = f"{home.name.lstrip('.')}-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"
    for root in (SHARED_ROOT, Path(tempfile.gettempdir()) / "steadyrun-servers"):
        with suppress(OSError):
            root.mkdir(parents=True, exist_ok=True)
            root.chmod(0o711)
            if root.stat().st_uid == 0 and may_reach(root, account):
                return root / name
    raise StartError(
        f"{account.name} can reach neither {home} nor {SHARED_ROOT}: set STEADYRUN_HOME to a folder it can"
    )


def _own(folder: Path, account: Account | None) -> None:
    """Makes the folder if needed and gives it to the account alone."""
    folder.mkdir(exist_ok=True)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def reachable_program(program: Path, root: Path, folder: Path, account: Account | None) -> Path:
    """`program`, or a copy of it that the account can run. `root` is the tree it needs beside it."""
    if may_reach(program, account):
        return program
    key = hashlib.sha256(f"{root} {root.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = folder / f"programs-{root.name}-{key}"
    if not target.exists():
        part = folder / f"{target.name}.part"
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(root, part / root.name, symlinks=True)
        if (libraries := root.parent / f"{root.name}.libs").is_dir():
            shutil.copytree(libraries, part / libraries.name)
        part.rename(target)
    return target / program.relative_to(root.parent)


def _secrets_of(home: Path) -> dict[str, Any]:
    """Passwords and ports noted in `home`, made on the first start."""
    path = home / "servers.json"
    noted: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for name in ("admin", "owner", "app", "valkey"):
        noted.setdefault(f"{name}_password", secrets.token_urlsafe(24))
    write_private(path, json.dumps(noted, indent=1))
    return noted


def start(home: Path, *, fast: bool = False, say: Say = _silent) -> Servers:
    """Starts PostgreSQL and Valkey for the data folder `home` and returns their addresses.

    `fast` is for tests: nothing is forced to disk, so a crash of the machine loses the data, and the
    ports are any free ones. Raises `AlreadyRunning` when another process runs the servers of this
    folder, `StartError` when a server does not come up. Servers that a killed starter left behind
    are ended first; the data is kept.
    """
    home = prepare_home(home)
    lock = take_lock(home)
    children: list[Child] = []
    try:
        return _start_both(home, lock, children, fast=fast, say=say)
    except BaseException:
        while children:
            children.pop().stop()
        lock.close()
        raise


def _start_both(home: Path, lock: IO[str], children: list[Child], *, fast: bool, say: Say) -> Servers:
    """Starts both servers; those that run are in `children` at any moment."""
    for name in ("valkey", "postgres"):
        stop_leftover(home / f"{name}.pid", say)
    account = unprivileged_account()
    folder = server_folder(home, account)
    _own(folder, account)
    noted = _secrets_of(home)

    def place(program: Path, root: Path) -> Path:
        return reachable_program(program, root, folder, account)

    cluster = postgres.Cluster(folder, postgres.find_programs(folder, place), account, noted["admin_password"])
    cluster.create(say)
    wanted = 0 if fast else int(noted.get("postgres_port", POSTGRES_PORT))
    child, port = cluster.start(home, wanted, fast=fast, say=say)
    children.append(child)
    database = postgres.ensure_database(port, noted, fast=fast)
    wanted = 0 if fast else int(noted.get("valkey_port", VALKEY_PORT))
    program, password = valkey.find_program(place), noted["valkey_password"]
    child, valkey_port = valkey.start(home, program, password, wanted, account, say)
    children.append(child)
    if not fast:
        noted.update(postgres_port=port, valkey_port=valkey_port)
        write_private(home / "servers.json", json.dumps(noted, indent=1))
    redis_url = f"redis://:{noted['valkey_password']}@127.0.0.1:{valkey_port}/0"
    restarts = {
        "postgres": Restarts(partial(cluster.launch, home, port, fast=fast)),
        "valkey": Restarts(partial(valkey.launch, home, program, password, valkey_port, account)),
    }
    return Servers(database.app, database.owner, redis_url, database.admin, children, lock, restarts)


def remove(home: Path) -> None:
    """Deletes a data folder and its cluster for good; its servers must be stopped."""
    home = home.absolute()
    if not home.exists():
        return
    take_lock(home).close()
    shutil.rmtree(server_folder(home, unprivileged_account()), ignore_errors=True)
    shutil.rmtree(home)
