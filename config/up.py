"""`make up`: everything from an empty machine to an address that answers, and back to nothing on Ctrl-C.

Obeys PORT (8000), STEADYRUN_HOME (`.steadyrun`), SAMPLE=none, and DATABASE_URL with REDIS_URL, which make it
use those servers and start none. When all is ready, `ready.json` in the data folder (mode 0600) tells base_url,
email, password, team and api_key; it is there only while Steadyrun runs.
"""

import json
import os
import signal
import sys
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from config import embedded
from config.children import StartError, die_with, free_port, write_private
from config.environment import home as home_folder
from config.supervisor import Supervisor, run_to_end, stop_leftovers

PORT = 8000
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(BaseException):
    """A signal asked for the end."""


def say(message: str) -> None:
    """One line for the person who waits. Where it goes to a file on a full disk, that ends nothing."""
    with suppress(OSError):
        sys.stdout.write(f"{message}\n")
        sys.stdout.flush()


def _end(number: int, _frame: FrameType | None) -> None:
    """Begins the end; further signals do not disturb it."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise Ended(signal.Signals(number).name)


def servers(stack: ExitStack, home: Path) -> tuple[dict[str, str], embedded.Servers | None]:
    """The addresses of database and broker: those given, else of servers started here."""
    database, broker = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if database and broker:
        stack.callback(embedded.take_lock(embedded.prepare_home(home)).close)
        say("Using the servers of DATABASE_URL and REDIS_URL")
        owner = os.environ.get("DATABASE_OWNER_URL", database)
        return {"DATABASE_URL": database, "DATABASE_OWNER_URL": owner, "REDIS_URL": broker}, None
    if database or broker:
        raise StartError("give both DATABASE_URL and REDIS_URL, or neither")
    say("Starting PostgreSQL and Valkey")
    started = stack.enter_context(embedded.start(home, say=say))
    addresses = {
        "DATABASE_URL": started.database_url,
        "DATABASE_OWNER_URL": started.owner_url,
        "REDIS_URL": started.redis_url,
    }
    return addresses, started


def web_port() -> int:
    """The port to serve on: PORT, or the next free one, which is said."""
    told = os.environ.get("PORT") or str(PORT)
    if not told.isdecimal() or not 0 <= int(told) <= 65535:
        raise StartError(f"PORT is {told}: give a number from 0 to 65535")
    port = free_port(int(told))
    if int(told) not in (0, port):
        say(f"Port {told} is taken: Steadyrun uses {port}")
    return port


def step(environment: dict[str, str], *arguments: str) -> None:
    """Runs one of our own programs to its end. Raises `StartError` when it fails."""
    if code := run_to_end([sys.executable, *arguments], environment):
        raise StartError(f"{' '.join(arguments)} ended with code {code}")


def load_sample(environment: dict[str, str], home: Path) -> None:
    """Loads the sample into the first team, once; a load that was cut short is done again."""
    login = read_login(home)
    if not login.get("sample_wanted") or os.environ.get("SAMPLE") == "none":
        return
    say("Loading the sample")
    step(environment, "manage.py", "load_sample", "--team", login["team"])
    write_private(home / "login.json", json.dumps({**login, "sample_wanted": False}, indent=1))


def read_login(home: Path) -> dict[str, Any]:
    """The first team's login as noted; empty when the team was made elsewhere."""
    path = home / "login.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def example(base_url: str, api_key: str) -> str:
    """A command that reports one execution, ready to be pasted."""
    now = datetime.now(UTC).replace(microsecond=0)
    report = {
        "id": f"hello-{now:%Y%m%d-%H%M%S}",
        "workflow": "hello",
        "status": "succeeded",
        "started_at": (now - timedelta(seconds=3)).isoformat().replace("+00:00", "Z"),
        "finished_at": now.isoformat().replace("+00:00", "Z"),
    }
    return (
        f"curl {base_url}/api/v1/executions \\\n"
        f"  -H 'Authorization: Bearer {api_key}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d '{json.dumps(report)}'"
    )


def announce(home: Path, base_url: str, seconds: float) -> None:
    """Prints how to get in and writes `ready.json`."""
    login = read_login(home)
    keys = ("email", "password", "team", "api_key")
    write_private(
        home / "ready.json",
        json.dumps({"base_url": base_url, **{key: login.get(key) for key in keys}}, indent=1),
    )
    say(f"\nSteadyrun is ready after {seconds:.1f} s: {base_url}\n")
    if login:
        say(f"  e-mail    {login['email']}\n  password  {login['password']}\n  API key   {login['api_key']}\n")
        say(f"Report a first execution:\n\n{example(base_url, login['api_key'])}\n")
    else:
        say("The database has its teams already: sign in with an account you have, or make a team:")
        say("  .venv/bin/python manage.py bootstrap --team NAME --email ADDRESS\n")
    say(f"Logs and data are in {home}. Ctrl-C ends everything.")


def run(stack: ExitStack, home: Path, began: float) -> None:
    """Starts everything and watches it until a signal raises `Ended`."""
    addresses, started = servers(stack, home)
    stop_leftovers(home, say)
    port = web_port()
    base_url = os.environ.get("BASE_URL") or f"http://127.0.0.1:{port}"
    addresses |= {"PORT": str(port), "BASE_URL": base_url, "STEADYRUN_HOME": str(home)}
    environment = {**os.environ, **addresses}
    for name in ("ready.json", "addresses.json"):
        (home / name).unlink(missing_ok=True)
        stack.callback((home / name).unlink, missing_ok=True)
    write_private(home / "addresses.json", json.dumps(addresses, indent=1))
    step(environment, "-m", "config.prepare")
    load_sample(environment, home)
    say("Starting web, worker and beat")
    supervisor = Supervisor(home, port, environment, say)
    stack.callback(supervisor.stop)
    supervisor.start()
    announce(home, base_url, time.monotonic() - began)
    while True:
        time.sleep(0.5)
        supervisor.check(time.monotonic())
        if started is not None:
            started.revive(time.monotonic(), say)


def main() -> int:
    """Runs until ended by a signal (0) or a failure (1), and leaves no process."""
    began = time.monotonic()
    if "MAKELEVEL" in os.environ:
        # Also end when make itself is killed.
        die_with(os.getppid(), signal.SIGTERM, lead=False)()
    for ending in ENDINGS:
        signal.signal(ending, _end)
    os.umask(0o077 if os.geteuid() else 0o022)
    os.chdir(Path(__file__).resolve().parent.parent)
    home = home_folder()
    try:
        with ExitStack() as stack:
            run(stack, home, began)
    except Ended as ended:
        say(f"\nEnded by {ended}: nothing is left running")
        return 0
    except StartError as error:
        say(f"\n{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
