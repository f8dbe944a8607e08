"""What fuzzing shares: no request hangs, no name is looked up, and how many cases were tried."""

import faulthandler
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any

import pytest

from tests.fuzz.counting import COUNTS, SECONDS_OF_A_REQUEST

Watch = Callable[[], AbstractContextManager[None]]


class Hung(BaseException):
    """A request took longer than any may. Not an `Exception`: nothing on the way may answer it."""


def _end(_signal: int, _frame: FrameType | None) -> None:
    faulthandler.dump_traceback()
    raise Hung(f"a request took more than {SECONDS_OF_A_REQUEST} s")


@pytest.fixture
def in_time() -> Iterator[Watch]:
    """Bounds a request: `with in_time(): ...`. Raises `Hung`."""

    @contextmanager
    def watch() -> Iterator[None]:
        signal.setitimer(signal.ITIMER_REAL, SECONDS_OF_A_REQUEST)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, _end)
    yield watch
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def _no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up hosts are not looked up: that would take seconds each."""
    find = socket.getaddrinfo

    def local(host: Any, *rest: Any, **more: Any) -> Any:
        if host in ("127.0.0.1", "localhost", "::1"):
            return find(host, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "no such name in tests")

    monkeypatch.setattr(socket, "getaddrinfo", local)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints how many cases each part tried (where this process ran them)."""
    if COUNTS:
        terminalreporter.section("cases of hostile input")
        for part, number in sorted(COUNTS.items()):
            terminalreporter.write_line(f"{number:>7,}  {part}")
        terminalreporter.write_line(f"{COUNTS.total():>7,}  in all")
