"""When a process that ended by itself is started again."""

import json
import os
import sys
from pathlib import Path

import pytest

from config import children
from config.children import Child, born, spawn
from config.restarting import LONGEST_PAUSE_SECONDS, WINDOW_SECONDS, Restarts

ENDS = [sys.executable, "-c", "print('the end'); raise SystemExit(3)"]
STAYS = [sys.executable, "-c", "import time; time.sleep(60)"]


def ended(home: Path) -> Child:
    child = spawn("one", ENDS, home=home)
    child.process.wait(30)
    return child


def test_the_first_end_costs_no_pause_and_each_further_one_a_second_more(tmp_path: Path) -> None:
    restarts, child, said = Restarts(lambda: ended(tmp_path)), ended(tmp_path), list[str]()
    starts, now = [], 0.0
    while len(starts) < 4:
        fresh = restarts.revive(child, now, said.append)
        if fresh is not child:
            starts.append(now)
            child = fresh
        else:
            now += 0.5
    assert starts == [0.0, 1.0, 3.0, 6.0]
    assert said[:2] == ["one ended with code 3: starting it again", "the end"]
    assert said[2] == "one ended with code 3: starting it again in 1 s"


def test_it_is_never_given_up_and_old_ends_are_forgotten(tmp_path: Path) -> None:
    child, same = ended(tmp_path), ended(tmp_path)
    restarts = Restarts(lambda: same)
    restarts.ends = [0.0] * 50
    assert restarts.revive(child, 1.0, lambda _: None) is child
    assert restarts.due_at == 1.0 + LONGEST_PAUSE_SECONDS
    assert restarts.revive(child, 1.0 + LONGEST_PAUSE_SECONDS, lambda _: None) is same
    long_after = 2.0 + 2 * WINDOW_SECONDS
    assert restarts.revive(child, long_after, lambda _: None) is same


def test_a_process_that_runs_is_left_alone(tmp_path: Path) -> None:
    child = spawn("one", STAYS, home=tmp_path)
    try:
        assert Restarts(lambda: pytest.fail("started")).revive(child, 0.0, pytest.fail) is child
    finally:
        child.stop()


def test_what_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    """As on a full disk, where not even the file for its number can be written."""
    child, fresh, said = ended(tmp_path), ended(tmp_path), list[str]()
    answers = [OSError(28, "No space left on device"), fresh]

    def start() -> Child:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    restarts = Restarts(start)
    assert restarts.revive(child, 0.0, said.append) is child
    assert "No space left on device" in said[-1]
    assert restarts.revive(child, LONGEST_PAUSE_SECONDS - 0.1, said.append) is child
    assert restarts.revive(child, LONGEST_PAUSE_SECONDS, said.append) is fresh


def test_a_child_whose_number_cannot_be_noted_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    def refuse(_path: Path, text: str) -> None:
        started.append(json.loads(text)["pid"])
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(children, "write_private", refuse)
    with pytest.raises(OSError, match="No space left"):
        spawn("one", STAYS, home=tmp_path)
    assert [born(pid) for pid in started] == [None]
