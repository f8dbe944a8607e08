"""A whole installation in processes of its own: servers, web, worker and beat, as its operator would run them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from config import databases, embedded, postgres
from config.children import LOOPBACK, Child, answers, free_port, run_as, spawn, unprivileged_account, wait_until
from config.supervisor import Supervisor
from tests.servers import temporary_home

ROOT = Path(__file__).parents[1]
# What a server must write for a replica.
REPLICATED = {"wal_level": "replica", "max_wal_senders": "4"}
# Other tests' servers are not ours.
GIVEN = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "STEADYRUN_HOME")


@dataclass(slots=True)
class Installation:
    """Running processes, their data folder and the environment of all of them."""

    home: Path
    environment: dict[str, str]
    port: int
    login: dict[str, Any]
    opener: urllib.request.OpenerDirector = field(init=False)

    def __post_init__(self) -> None:
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    @property
    def base(self) -> str:
        """Where the web process answers."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        """A command of ours in this installation."""
        environment = {**self.environment, **extra}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    def get(self, path: str) -> tuple[int, str]:
        """A page as the first owner sees it: its status and its text."""
        try:
            with self.opener.open(urljoin(self.base, path), timeout=60) as answer:
                return int(answer.status), answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def post(self, path: str, to: str = "", **told: str) -> tuple[int, str]:
        """What a form of the page at `path` sends, to itself or to another address."""
        _, page = self.get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:500]
        data = urlencode({"csrfmiddlewaretoken": token[1], **told}).encode()
        request = urllib.request.Request(urljoin(self.base, to or path), data, {"Referer": self.base + path})
        with self.opener.open(request, timeout=60) as answer:
            return int(answer.status), answer.read().decode()

    def sign_in(self) -> None:
        """As the first owner."""
        _, page = self.post("/sign-in/", login=self.login["email"], password=self.login["password"])
        assert self.login["team"] in page

    def call(self, path: str, body: Any = None) -> tuple[int, Any]:
        """A call to the API with the first key."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.login['api_key']}", "Content-Type": "application/json"}
        try:
            with urllib.request.urlopen(urllib.request.Request(self.base + path, data, headers), timeout=60) as answer:
                return int(answer.status), json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def pages(self, start: str, most: int = 120) -> dict[str, tuple[int, str]]:
        """Pages that links lead to from `start`, one of each kind (address without its ids and query)."""
        found: dict[str, tuple[int, str]] = {}
        seen, waiting = set[str](), [start]
        while waiting and len(found) < most:
            path = waiting.pop(0)
            found[path] = self.get(path)
            for link in re.findall(r'href="(/t/[^"#]+)', found[path][1]):
                kind = re.sub(r"[0-9a-f-]{32,}|\d+", "#", urlsplit(link).path)
                if kind not in seen:
                    seen.add(kind)
                    waiting.append(link.replace("&amp;", "&"))
        return found

    def logs(self) -> str:
        """What the processes wrote."""
        return "\n".join((self.home / f"{name}.log").read_text() for name in ("web", "worker", "beat"))


def eventually(true: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What `true` tells as soon as it is something; what it told last when it never was."""
    deadline = time.monotonic() + seconds
    while not (told := true()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return told


@contextmanager
def servers() -> Iterator[tuple[Path, embedded.Servers]]:
    """A PostgreSQL and a Valkey in a folder of their own."""
    home = temporary_home()
    try:
        with embedded.start(home, fast=True) as started:
            yield home, started
    finally:
        embedded.remove(home)


@contextmanager
def installation(home: Path, **environment: str) -> Iterator[Installation]:
    """Prepares the database that `environment` names and starts all processes, until the end of the block."""
    port = free_port(0)
    own = {name: value for name, value in os.environ.items() if name not in GIVEN}
    own |= {"STEADYRUN_HOME": str(home), "PORT": str(port), "BASE_URL": f"http://127.0.0.1:{port}", **environment}
    limits = ("LIMIT_PAGES_PER_SECOND", "LIMIT_CHANGES_PER_SECOND", "LIMIT_API_KEY_PER_SECOND")
    own |= dict.fromkeys(limits, "0")
    prepared = subprocess.run(
        [sys.executable, "-m", "config.prepare"], cwd=ROOT, env=own, capture_output=True, text=True, check=False
    )
    assert prepared.returncode == 0, prepared.stdout + prepared.stderr
    login = json.loads((home / "login.json").read_text())
    with ExitStack() as stack:
        supervisor = Supervisor(home, port, own, print)
        stack.callback(supervisor.stop)
        supervisor.start()
        yield Installation(home, own, port, login)


def start_pooler(home: Path, program: str, address: str) -> tuple[Child, str]:
    """PgBouncer before a database: it lends a connection of the server for one transaction. With its address."""
    parts, port = urlsplit(address), free_port(0)
    folder = home / "pooler"
    folder.mkdir()
    name = parts.path.lstrip("/")
    (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n')
    (folder / "pooler.ini").write_text(
        f"[databases]\n{name} = host={parts.hostname} port={parts.port} dbname={name}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = scram-sha-256\n"
        f"auth_file = {folder / 'users'}\npool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 200\n"
        "unix_socket_dir =\n"
    )
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    child = spawn("pooler", [program, str(folder / "pooler.ini")], home=home, account=unprivileged_account())
    wait_until(lambda: answers(port), child, seconds=20)
    return child, _at_port(address, port)


def _at_port(address: str, port: int) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@{LOOPBACK}:{port}").geturl()


@dataclass(slots=True)
class Replica:
    """A streaming replica of a server of ours. It asks for what was written, and answers reads."""

    home: Path
    folder: Path
    programs: Path
    settings: dict[str, str]
    port: int
    child: Child | None = None

    def start(self) -> None:
        """Starts it, and waits until it takes connections."""
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self.programs / "postgres"), "-D", str(self.folder), "-p", str(self.port), *options]
        account = unprivileged_account()
        child = spawn(
            "replica", command, home=self.home, ending=signal.SIGINT, account=account, environment={"TZ": "UTC"}
        )
        wait_until(lambda: "accept read-only connections" in child.log.read_text(), child, seconds=60)
        self.child = child

    def stop(self) -> None:
        """Ends it at once."""
        if self.child:
            self.child.stop()
        self.child = None

    def address(self, url: str) -> str:
        """The address of the same database here."""
        return _at_port(url, self.port)


def make_replica(home: Path, started: embedded.Servers) -> Replica:
    """Copies the running server, which must write as much as a replica needs (`REPLICATED`), and follows it."""
    account = unprivileged_account()
    folder = home / "replica"
    folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, account.uid, account.gid)
    major = databases.of_servers(started).major()
    program, _ = databases.program("pg_basebackup", major, is_embedded=True)
    command = [str(program), "-D", str(folder), "-R", "-X", "stream", "-c", "fast", "-d", started.admin_url]
    copied = run_as(account, command)
    assert copied.returncode == 0, copied.stdout
    settings = {**postgres.SETTINGS, **postgres.FAST_SETTINGS, "hot_standby_feedback": "on"}
    return Replica(home, folder, program.parent, settings, free_port(0))
