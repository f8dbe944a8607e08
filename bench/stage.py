"""The stage of a measurement: servers of its own with a migrated database, thrown away unless a folder keeps them."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from config import embedded
from config.children import free_port
from config.supervisor import commands, web_answers


@dataclass(slots=True)
class Stage:
    """Running servers and the environment that processes of ours need to use them."""

    home: Path
    servers: embedded.Servers
    environment: dict[str, str]
    port: int

    def spawn(self, name: str, **extra: str) -> subprocess.Popen[bytes]:
        """Starts web, worker or beat exactly as `make up` does, output to a file in the data folder."""
        log = (self.home / f"{name}.log").open("ab")
        return subprocess.Popen(
            commands(self.home)[name], env={**self.environment, **extra}, stdout=log, stderr=subprocess.STDOUT
        )

    def admin_url(self) -> str:
        """The superuser's address of our database: reads past row-level security."""
        name = urlsplit(self.servers.database_url).path
        return urlsplit(self.servers.admin_url)._replace(path=name).geturl()

    def postgres_pid(self) -> int:
        """The process that all of PostgreSQL descends from."""
        return next(child.process.pid for child in self.servers.children if child.name == "postgres")


def wait_for_web(port: int) -> None:
    """Waits until the web process answers."""
    for _ in range(400):
        if web_answers(port):
            return
        time.sleep(0.05)
    raise RuntimeError("the web process does not answer")


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """The folder itself, made where it is not there; without one a temporary one."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="steadyrun-bench-") as folder:
            yield Path(folder)
    else:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()


@contextmanager
def open_stage(kept: Path | None = None) -> Iterator[Stage]:
    """Durable servers (fsync on), migrated, in a temporary folder or in one that keeps what is filled for the next
    time; sets this process's environment too."""
    with _folder(kept) as folder:
        home = folder / "home"
        home.mkdir(exist_ok=True)
        folder.chmod(0o755)  # The account of PostgreSQL must be able to enter.
        with embedded.start(home) as servers:
            port = free_port(18000)
            given = {
                "DATABASE_URL": servers.database_url,
                "DATABASE_OWNER_URL": servers.owner_url,
                "REDIS_URL": servers.redis_url,
                "STEADYRUN_HOME": str(home),
                "PORT": str(port),
                "BASE_URL": f"http://127.0.0.1:{port}",
                "LOG_LEVEL": "WARNING",
                # Measured is what an answer takes, by one key that asks as fast as it can.
                "LIMIT_API_KEY_PER_SECOND": "0",
                "LIMIT_API_TEAM_PER_SECOND": "0",
                "LIMIT_PAGES_PER_SECOND": "0",
                "LIMIT_CHANGES_PER_SECOND": "0",
                "DJANGO_SETTINGS_MODULE": "config.settings",
            }
            os.environ.update(given)
            subprocess.run([sys.executable, "-m", "config.prepare"], check=True, stdout=subprocess.DEVNULL)
            yield Stage(home, servers, dict(os.environ), port)
