"""Requests that come while another one of the team is stored are stored together, and each is told its own outcome."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from ingestion.gathering import Gathering

SECONDS = 10


class Work:
    """Turns that can be held up; what was done together and alone."""

    def __init__(self, limit: int = 100) -> None:
        self.turns: list[list[str]] = []
        self.single: list[str] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.gathering = Gathering[str, str](self.together, limit)
        self.pool = ThreadPoolExecutor(8)

    def together(self, items: Sequence[str]) -> list[str]:
        self.turns.append(list(items))
        if "bad" in items:
            raise ValueError("a bad one")
        return [f"{item} with {len(items) - 1}" for item in items]

    def alone(self, item: str) -> str:
        self.single.append(item)
        if item == "held":
            self.begun.set()
            assert self.go_on.wait(SECONDS)
        if item == "bad":
            raise ValueError("bad alone")
        return f"{item} alone"

    def give(self, item: str, *, key: str = "team", weight: int = 1) -> Future[str]:
        return self.pool.submit(self.gathering.take, key, item, weight, self.alone)

    def give_in_turn(self, items: Sequence[str], *, weight: int = 1) -> list[Future[str]]:
        """Gives items, each once the one before waits."""
        given = []
        for item in items:
            before = self.waiting()
            given.append(self.give(item, weight=weight))
            until(lambda before=before: self.waiting() > before)  # type: ignore[misc]
        return given

    def waiting(self) -> int:
        return len(self.gathering._queues.get("team", ()))


def until(is_so: Callable[[], bool]) -> None:
    """Waits for what another thread does."""
    for _ in range(SECONDS * 1000):
        if is_so():
            return
        threading.Event().wait(0.001)
    raise AssertionError("it did not come to that")


@pytest.fixture
def work() -> Iterator[Work]:
    """Work of which the first turn is held up by an item that came alone."""
    made = Work(limit=3)
    first = made.give("held")
    assert made.begun.wait(SECONDS)
    yield made
    made.go_on.set()
    assert first.result(SECONDS) == "held alone"
    made.pool.shutdown()
    assert made.gathering._queues == {}


def test_who_finds_nobody_at_work_does_not_wait() -> None:
    made = Work()
    assert made.gathering.take("team", "a", 1, made.alone) == "a alone"
    assert (made.turns, made.gathering._queues) == ([], {})


def test_those_who_come_meanwhile_go_together_up_to_the_limit(work: Work) -> None:
    given = work.give_in_turn(["a", "b", "c", "d"])
    work.go_on.set()
    assert [one.result(SECONDS) for one in given] == ["a with 2", "b with 2", "c with 2", "d alone"]
    assert work.turns == [["a", "b", "c"]]


def test_one_that_is_heavy_is_done_but_alone(work: Work) -> None:
    given = work.give_in_turn(["a", "b"], weight=3)
    work.go_on.set()
    assert [one.result(SECONDS) for one in given] == ["a alone", "b alone"]


def test_one_that_fails_does_not_fail_the_others(work: Work) -> None:
    given = work.give_in_turn(["a", "bad", "c"])
    work.go_on.set()
    assert (given[0].result(SECONDS), given[2].result(SECONDS)) == ("a alone", "c alone")
    with pytest.raises(ValueError, match="bad alone"):
        given[1].result(SECONDS)


def test_nobody_waits_for_one_that_hangs(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.gathering.PATIENCE_SECONDS", 0.05)
    assert work.give("a").result(SECONDS) == "a alone"
    assert not work.go_on.is_set()


def test_other_keys_do_not_wait(work: Work) -> None:
    assert work.give("other", key="another team").result(SECONDS) == "other alone"
    assert not work.go_on.is_set()


def test_an_error_of_who_is_alone_leaves_nobody_waiting() -> None:
    made = Work()
    with pytest.raises(ValueError, match="bad alone"):
        made.gathering.take("team", "bad", 1, made.alone)
    assert made.gathering.take("team", "a", 1, made.alone) == "a alone"
