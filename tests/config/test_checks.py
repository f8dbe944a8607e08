"""An installation that others reach does not start with settings that open it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.checks import refuse_unsafe
from config.signing_key import read_signing_key

GOOD = "hQ3vK9sZ1xW7mB5nL2pR8tY4uJ6cD0fG"
ELSEWHERE = {"DATABASE_URL": "postgresql://x@db.example/x", "BASE_URL": "https://runs.example"}


@pytest.fixture
def served(settings: Any) -> Any:
    """Settings of an installation that others reach, all in order."""
    settings.BASE_URL, settings.ALLOWED_HOSTS = "https://runs.example", ["runs.example"]
    settings.HTTPS, settings.TRUSTED_PROXIES, settings.SECRET_KEY, settings.DEBUG = True, 1, GOOD, False
    return settings


def test_settings_in_order_start(served: Any) -> None:
    refuse_unsafe()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "short", "E030: SECRET_KEY has fewer than 32 letters"),
        ("SECRET_KEY", "ab" * 30, "E030: SECRET_KEY has fewer than 5 different letters"),
        ("SECRET_KEY", "change-me-before-anybody-uses-this-thing", "E030: SECRET_KEY is a placeholder"),
        ("DEBUG", True, "E031: DEBUG is on"),
        ("BASE_URL", "runs.example", "E032: BASE_URL must begin"),
        ("ALLOWED_HOSTS", ["other.example"], "E004: ALLOWED_HOSTS lacks runs.example"),
    ],
)
def test_what_opens_it_is_refused_by_name(served: Any, name: str, value: Any, said: str) -> None:
    setattr(served, name, value)
    with pytest.raises(SystemExit, match=said) as refused:
        refuse_unsafe()
    assert name != "SECRET_KEY" or str(value) not in str(refused.value)


def test_what_only_this_machine_reaches_starts(served: Any) -> None:
    served.BASE_URL, served.HTTPS, served.SECRET_KEY, served.DEBUG = "http://127.0.0.1:8000", False, "short", True
    refuse_unsafe()


@pytest.mark.parametrize("module", ["config.wsgi", "config.worker"])
def test_web_and_worker_ask_before_they_start(module: str) -> None:
    environment = {**os.environ, "BASE_URL": "https://runs.example", "SECRET_KEY": "short", "ALLOWED_HOSTS": "x"}
    command = [sys.executable, "-m", module]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert "Steadyrun does not start with these settings:" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "E030" in ended.stderr
    assert "E004" in ended.stderr


def test_no_machine_makes_a_key_of_its_own_where_several_may_serve(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="SECRET_KEY is not set"):
        read_signing_key(ELSEWHERE, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert read_signing_key({**ELSEWHERE, "SECRET_KEY": GOOD}, tmp_path) == GOOD


def test_a_key_is_made_once_on_one_machine(tmp_path: Path) -> None:
    made = read_signing_key({}, tmp_path)
    assert len(made) >= 64
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    # An installation that has one keeps it, wherever its database is.
    assert read_signing_key(ELSEWHERE, tmp_path) == made
