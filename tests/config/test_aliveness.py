"""What a container's health check asks of worker and beat."""

import os
import time
from pathlib import Path

import pytest

from config.aliveness import OLDEST, Signs, main


def test_signs_are_given_and_grow_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "alive"
    monkeypatch.setenv("STEADYRUN_ALIVE_FILE", str(path))
    assert main() == 1
    assert "no sign of life yet" in capsys.readouterr().out
    Signs()(sender=None)
    assert main() == 0
    long_ago = time.time() - OLDEST - 5
    os.utime(path, (long_ago, long_ago))
    assert main() == 1
    assert "was 35 s ago" in capsys.readouterr().out


def test_a_sign_is_not_given_with_every_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEADYRUN_ALIVE_FILE", raising=False)
    given: list[bool] = []
    signs = Signs(lambda: given.append(True))
    for _ in range(100):
        signs()
    assert given == [True]
    assert main() == 1
