"""`make up` as a whole: ready, ended in an orderly way, killed; nothing is left running."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import embedded, up
from config.children import StartError, born
from tests.servers import temporary_home

ROOT = Path(__file__).parents[2]
PROCESSES = {"postgres", "valkey", "web", "worker", "beat"}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder for the tests of this module."""
    folder = temporary_home()
    yield folder
    embedded.remove(folder)


def start(home: Path) -> subprocess.Popen[str]:
    """Starts everything and waits until it says that it is ready."""
    given = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "MAKELEVEL")
    environment = {name: value for name, value in os.environ.items() if name not in given}
    environment |= {"STEADYRUN_HOME": str(home), "PORT": "0", "SAMPLE": "none"}
    process = subprocess.Popen(
        [sys.executable, "-m", "config.up"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Logs and data are in"):
            break
    assert process.poll() is None, "".join(said)
    return process


def examined(home: Path) -> list[dict[str, str]]:
    """What `manage.py doctor` says of what runs."""
    given = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY")
    environment = {name: value for name, value in os.environ.items() if name not in given}
    command = [sys.executable, "manage.py", "doctor", "--json"]
    told = subprocess.run(
        command, cwd=ROOT, env={**environment, "STEADYRUN_HOME": str(home)}, capture_output=True, text=True, check=False
    )
    found: list[dict[str, str]] = json.loads(told.stdout)["findings"]
    assert {one["part"]: one["told"] for one in found}["workers"].startswith("1 at work")
    return found


def numbers(home: Path) -> dict[str, int]:
    """The numbers of the running processes by name."""
    return {path.stem: json.loads(path.read_text())["pid"] for path in home.glob("*.pid")}


def wait_until_gone(pids: list[int], seconds: float = 15) -> list[int]:
    """Waits for processes to end; returns those that did not."""
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if born(pid) is not None]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def test_ready_then_ended_then_killed(home: Path) -> None:
    first = start(home)
    ready = json.loads((home / "ready.json").read_text())
    assert (home / "ready.json").stat().st_mode & 0o777 == 0o600
    assert set(ready) == {"base_url", "email", "password", "team", "api_key"}
    with urllib.request.urlopen(f"{ready['base_url']}/sign-in/") as answer:
        assert answer.status == 200
    assert [one for one in examined(home) if one["state"] == "broken"] == []
    pids = numbers(home)
    assert set(pids) == PROCESSES
    first.send_signal(signal.SIGTERM)
    told, _ = first.communicate(timeout=40)
    assert first.returncode == 0
    assert "nothing is left running" in told
    assert wait_until_gone(list(pids.values()), seconds=0) == []
    assert not (home / "ready.json").exists()

    second = start(home)
    again = json.loads((home / "ready.json").read_text())
    assert {**again, "base_url": ""} == {**ready, "base_url": ""}
    pids = numbers(home)
    second.kill()
    second.communicate()
    assert wait_until_gone(list(pids.values())) == []


def test_given_servers_are_used_and_none_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@db.test/steadyrun")
    monkeypatch.setenv("REDIS_URL", "redis://broker.test/0")
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    with ExitStack() as stack:
        addresses, started = up.servers(stack, home)
    assert started is None
    assert addresses["DATABASE_OWNER_URL"] == addresses["DATABASE_URL"] == "postgresql://somebody@db.test/steadyrun"


def test_half_given_servers_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL")
    with ExitStack() as stack, pytest.raises(StartError, match="both DATABASE_URL and REDIS_URL"):
        up.servers(stack, home)


@pytest.mark.parametrize("port", ["abc", "-1", "70000"])
def test_a_port_that_is_none_is_refused(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(StartError, match=port):
        up.web_port()
