"""`make upgrade`, in two halves with the new packages installed between them: `python -m config.upgrade before|after`.

`before` ends a Steadyrun that runs on this data folder and makes a backup. `after` moves the embedded cluster to a new
major version of PostgreSQL where the packages have one, starts everything, which migrates, and asks whether it is
ready. Whatever fails, the way back is said. What the second half must know is in `upgrade.json` of the data folder.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from config import embedded, major
from config.backup import say, take, version
from config.children import StartError, die_with, write_private
from config.environment import home as home_folder

STOP_SECONDS, READY_SECONDS = 90.0, 1800.0


def stop_running(home: Path, seconds: float = STOP_SECONDS) -> bool:
    """Ends the supervisor that runs on this data folder; whether there was one. Raises `StartError` when it stays."""
    deadline, asked = time.monotonic() + seconds, False
    while time.monotonic() < deadline:
        try:
            embedded.take_lock(embedded.prepare_home(home)).close()
        except embedded.AlreadyRunning:
            if not asked:
                pid = int((home / "lock").read_text())
                say(f"Ending Steadyrun (process {pid})")
                os.kill(pid, signal.SIGTERM)
                asked = True
            time.sleep(0.2)
        else:
            return asked
    raise StartError(f"Steadyrun did not end within {seconds:.0f} s: end it and start again")


def before(home: Path, passphrase: str) -> None:
    """The first half: everything is ended and backed up."""
    was_running = stop_running(home)
    now = datetime.now(UTC)
    backup = take(home, os.environ.get("TO", ""), passphrase=passphrase)
    told = {"backup": str(backup), "was_running": was_running, "version": version(), "at": now.isoformat()}
    write_private(home / "upgrade.json", json.dumps(told, indent=1))


def way_back(told: dict[str, Any], home: Path) -> str:
    """What to do when the upgrade failed."""
    return (
        "The way back:\n"
        f"  1. check out the version that ran before ({told['version']} when the backup was made) and run `make env`\n"
        f"  2. move {home} away, or make an empty database and name it in DATABASE_URL\n"
        f"  3. make restore FROM={told['backup']}\n"
        "  4. make up"
    )


def is_ready(home: Path) -> bool:
    """Whether the application says that database, broker and migrations are there."""
    try:
        address = json.loads((home / "addresses.json").read_text())["PORT"]
        with urllib.request.urlopen(f"http://127.0.0.1:{address}/readyz", timeout=5) as answer:
            return bool(answer.status == 200) and (home / "ready.json").exists()
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _start(home: Path, seconds: float) -> subprocess.Popen[bytes]:
    """Starts everything and waits until it is ready. Raises `StartError` when it is not."""
    process = subprocess.Popen(
        [sys.executable, "-m", "config.up"],
        preexec_fn=die_with(os.getpid(), signal.SIGTERM),  # noqa: PLW1509 - started before any thread
    )
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if is_ready(home):
            return process
        time.sleep(0.5)
    _stop(process)
    raise StartError("Steadyrun did not become ready; what it said is above, its logs are in the data folder")


def _stop(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    return process.wait()


def after(home: Path, passphrase: str) -> int:
    """The second half: a new cluster if need be, migrations, start and check. Raises `StartError`."""
    path = home / "upgrade.json"
    if not path.exists():
        raise StartError("there is no first half of an upgrade: run `make upgrade`")
    told = json.loads(path.read_text())
    made_by, preferred = major.version_of(home), None
    try:
        if not os.environ.get("DATABASE_URL") and made_by is not None and (preferred := major.preferred()) > made_by:
            say(f"Moving from PostgreSQL {made_by} to {preferred}")
            major.replace_cluster(home, Path(told["backup"]), passphrase=passphrase, say=say)
        process = _start(home, READY_SECONDS)
    except (StartError, psycopg.Error, OSError):
        say(way_back(told, home))
        raise
    path.unlink()
    say(f"Upgraded to {version()} and ready. The backup of before is {told['backup']}")
    if told["was_running"]:
        return _stay(process)
    _stop(process)
    say("Start it with `make up`, or as your system starts it")
    return 0


def _stay(process: subprocess.Popen[bytes]) -> int:
    """Steadyrun ran before and goes on here, until this process is told to end."""
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: process.terminate())
    return process.wait()


def main() -> int:
    """Does one half: 0, or 1 with the reason."""
    home, passphrase = home_folder(), os.environ.get("BACKUP_PASSPHRASE", "")
    os.chdir(Path(__file__).resolve().parent.parent)
    try:
        if sys.argv[1:] == ["before"]:
            before(home, passphrase)
            return 0
        return after(home, passphrase)
    except (StartError, psycopg.Error, OSError) as error:
        say(f"Not upgraded: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
