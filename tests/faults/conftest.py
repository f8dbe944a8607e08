"""Faults: real processes, killed and starved while they work. `make faults` runs them; `make test` does not.

All share one data folder that is prepared once. Each fault has a team of its own, so that everything it stored can be
recounted.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from config import embedded
from tests.faults import house as houses
from tests.faults import results
from tests.faults.house import House
from tests.faults.results import RESULTS, Result
from tests.servers import temporary_home

collect_ignore_glob = [] if os.environ.get("FAULTS") == "1" else ["test_*.py"]
Note = Callable[[str], Any]


@pytest.fixture(scope="session")
def data() -> Iterator[Path]:
    """A data folder that is migrated and has its first team; nothing runs on it.

    FAULTS_HOME names a folder that keeps it for the next run: migrating takes a minute.
    """
    if kept := os.environ.get("FAULTS_HOME"):
        Path(kept).mkdir(exist_ok=True)
        home = Path(kept) / "home"
        if not (home / "login.json").exists():
            with houses.start(home):
                pass
        yield home
        return
    folder = temporary_home()
    home = folder / "home"
    with houses.start(home):
        pass
    yield home
    embedded.remove(home)
    shutil.rmtree(folder)


class Keeper:
    """The house that most faults share: starting one takes longer than most of them."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.running: House | None = None

    def open(self) -> House:
        """The running house; a fresh one where there is none, or its supervisor has ended."""
        if self.running is None or self.running.process.poll() is not None:
            self.running = houses.start(self.data)
        return self.running

    def close(self) -> None:
        """Ends it: somebody wants the data folder."""
        if self.running is not None and self.running.process.poll() is None:
            self.running.stop()
        self.running = None


@pytest.fixture(scope="session")
def keeper(data: Path) -> Iterator[Keeper]:
    """Starts and ends the shared house."""
    found = Keeper(data)
    yield found
    found.close()


@pytest.fixture(scope="module")
def house(keeper: Keeper) -> House:
    """The shared house, running."""
    return keeper.open()


@pytest.fixture
def idle(data: Path, keeper: Keeper) -> Path:
    """The data folder, with nothing running on it."""
    keeper.close()
    return data


@pytest.fixture
def noting() -> Note:
    """`with noting("name") as result:` prints what became of a fault, and keeps it if it kept the promise."""

    @contextmanager
    def note(name: str) -> Iterator[Result]:
        result, began = Result(name), time.monotonic()
        RESULTS.append(result)
        try:
            yield result
        except pytest.skip.Exception as skipped:
            result.skipped = str(skipped)
            raise
        except BaseException:
            result.is_broken = True
            raise
        finally:
            result.took = time.monotonic() - began
            results.keep([result])

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table; `bench/faults.json` has what kept the promise."""
    if not RESULTS:
        return
    terminalreporter.section("faults")
    for line in results.table(RESULTS):
        terminalreporter.write_line(line)
    for one in RESULTS:
        if one.figures:
            told = ", ".join(f"{name} {value:,.1f}" for name, value in one.figures.items())
            terminalreporter.write_line(f"{one.name}: {told}")
        if one.skipped:
            terminalreporter.write_line(f"{one.name}: skipped, {one.skipped}")
