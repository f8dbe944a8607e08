"""The servers of the tests: one PostgreSQL and one Valkey, started by the first process, shared by all workers.

Also a command: `python -m tests.servers manage.py ARGUMENTS` runs a command against servers of its own that
are gone afterwards.
"""

import atexit
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config import embedded
from config.children import StartError

PREFIX = "steadyrun-tests-"


def worker() -> str:
    """This process's name among the test processes: `gw0`, `gw1` ..., or `master` when it is alone."""
    return os.environ.get("PYTEST_XDIST_WORKER", "master")


def worker_number() -> int:
    """0 for the only process, 1 for the first worker, and so on."""
    return 0 if worker() == "master" else int(worker().removeprefix("gw")) + 1


def temporary_home() -> Path:
    """A fresh data folder that the servers' account can pass through, also when this process is root."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o711)
    return folder


def _remove_abandoned() -> None:
    """Deletes folders of test runs that were killed; those of running ones are locked."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            if (folder / "lock").exists():
                embedded.remove(folder)
        except (StartError, OSError):
            continue


def start() -> embedded.Servers:
    """Starts the servers and puts their addresses into the environment, which the workers inherit."""
    _remove_abandoned()
    home = temporary_home()
    servers = embedded.start(home, fast=True)

    def end() -> None:
        servers.stop()
        embedded.remove(home)

    atexit.register(end)
    os.environ.update(
        DATABASE_URL=servers.database_url,
        DATABASE_OWNER_URL=servers.owner_url,
        REDIS_URL=servers.redis_url,
        STEADYRUN_HOME=str(home),
        SECRET_KEY="only-for-tests",
    )
    return servers


def ensure() -> None:
    """Starts the servers in the first process; the workers find them in their environment."""
    if worker() == "master":
        start()
    base, _, _ = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{base}/{worker_number()}"


def main() -> int:
    """Runs a program of this project against servers of its own."""
    start()
    return subprocess.run([sys.executable, *sys.argv[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
