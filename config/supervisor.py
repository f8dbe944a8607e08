"""The processes of Steadyrun: web, worker and beat, started, watched and ended together."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from config.children import Child, Say, die_with, spawn, stop_leftover, wait_until
from config.restarting import Restarts

NAMES = ("web", "worker", "beat")
# On a machine that is busy with other things; one that ends says so at once.
READY_SECONDS = 180


def commands(home: Path) -> dict[str, list[str]]:
    """The command of each process. Worker and beat log warnings only: beat alone ticks every second."""
    python = [sys.executable, "-m"]
    return {
        "web": [*python, "gunicorn", "--config", "python:config.gunicorn", "config.wsgi:application"],
        "worker": [*python, "config.worker"],
        "beat": [*python, "config.beat", str(home / "beat-schedule")],
    }


def web_answers(port: int, path: str = "/sign-in/") -> bool:
    """Whether the web process answers a page."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def run_to_end(command: list[str], environment: Mapping[str, str]) -> int:
    """Runs one step with its output shown; it ends with this process. Returns its exit code.

    It leads a group of its own: Ctrl-C reaches only us, and we end the step without its traceback.
    """
    process = subprocess.Popen(command, env=environment, preexec_fn=die_with(os.getpid(), signal.SIGTERM))  # noqa: PLW1509
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


@dataclass(slots=True)
class Supervisor:
    """Web, worker and beat of one data folder."""

    home: Path
    port: int
    environment: dict[str, str]
    say: Say
    children: dict[str, Child] = field(default_factory=dict)
    restarts: dict[str, Restarts] = field(default_factory=dict)

    def start(self) -> None:
        """Starts all three and waits until each is at work. Raises `StartError`."""
        for name in NAMES:
            self.restarts[name] = Restarts(partial(self._start_one, name))
            self.children[name] = self._start_one(name)
        for name in NAMES:
            wait_until(partial(self._ready, name), self.children[name], seconds=READY_SECONDS)

    def _start_one(self, name: str) -> Child:
        ready = self.home / f"{name}.ready"
        ready.unlink(missing_ok=True)
        environment = {**self.environment, "STEADYRUN_READY_FILE": str(ready)}
        return spawn(name, commands(self.home)[name], home=self.home, environment=environment)

    def _ready(self, name: str) -> bool:
        # Pages are for the host of BASE_URL, and lead to TLS where that has it; health is asked from here.
        return web_answers(self.port, "/healthz") if name == "web" else (self.home / f"{name}.ready").exists()

    def check(self, now: float) -> None:
        """Starts a process that ended by itself again. `now` is a steady clock in seconds."""
        for name, child in self.children.items():
            self.children[name] = self.restarts[name].revive(child, now, self.say)

    def stop(self) -> None:
        """Ends all three together; a request or task at work is given time to finish."""
        for child in self.children.values():
            if child.running():
                child.process.send_signal(child.ending)
        for name in list(self.children):
            self.children.pop(name).stop(seconds=20)
            (self.home / f"{name}.ready").unlink(missing_ok=True)


def stop_leftovers(home: Path, say: Say) -> None:
    """Ends processes of a supervisor that was killed, and waits for its web workers to notice."""
    for name in NAMES:
        if stop_leftover(home / f"{name}.pid", say):
            time.sleep(0.2)
