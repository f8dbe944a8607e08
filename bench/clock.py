"""What work takes: wall time, CPU time of this process and of PostgreSQL. The one way in which the kinds measure it."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.usage import cpu_seconds

Work = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that work took."""

    wall: float
    python: float
    postgres: float

    @property
    def cpu(self) -> float:
        """CPU seconds of this process and of PostgreSQL together."""
        return self.python + self.postgres


def backend() -> int:
    """The process of PostgreSQL that this process's connection talks to."""
    from django.db import connection

    connection.ensure_connection()
    return int(connection.connection.info.backend_pid)


def spend(postgres: int, work: Work) -> Spent:
    """Does the work once. `postgres` is the process of PostgreSQL that is counted, with those below it."""
    server, own, began = cpu_seconds(postgres), time.process_time(), time.perf_counter()
    work()
    wall, used = time.perf_counter() - began, time.process_time() - own
    return Spent(wall, used, cpu_seconds(postgres) - server)


def in_turn(
    postgres: int, works: Mapping[str, Work], *, rounds: int, each: int, warm: int = 2
) -> dict[str, dict[str, float]]:
    """Milliseconds that each work takes once, from `rounds` in which all have their turn, `each` times in a row.

    What slows the machine for a while slows all of them. Wall time is the median of all; CPU time of this process that
    of the rounds; PostgreSQL's is the mean, as it is counted in hundredths of a second.
    """
    walls: dict[str, list[float]] = {name: [] for name in works}
    spent: dict[str, list[Spent]] = {name: [] for name in works}
    for work in works.values():
        for _ in range(warm):
            work()
    for _ in range(rounds):
        for name, work in works.items():
            spent[name].append(spend(postgres, partial(_repeat, work, each, walls[name])))
    return {name: _milliseconds(walls[name], spent[name], each) for name in works}


def _repeat(work: Work, times: int, walls: list[float]) -> None:
    for _ in range(times):
        began = time.perf_counter()
        work()
        walls.append(time.perf_counter() - began)


def _milliseconds(walls: list[float], spent: list[Spent], each: int) -> dict[str, float]:
    python = statistics.median(one.python for one in spent) * 1_000 / each
    postgres = statistics.fmean(one.postgres for one in spent) * 1_000 / each
    return {
        "wall_ms": statistics.median(walls) * 1_000,
        "best_wall_ms": min(walls) * 1_000,
        "python_cpu_ms": python,
        "postgres_cpu_ms": postgres,
        "cpu_ms": python + postgres,
    }


def timed(postgres: int, work: Work, *, repeats: int, warm: int = 2) -> dict[str, float]:
    """Milliseconds that one work takes, see `in_turn`."""
    return in_turn(postgres, {"it": work}, rounds=1, each=repeats, warm=warm)["it"]


def loop_ms() -> float:
    """CPU time of a loop that is always the same: how fast the machine is just then."""
    began, kept = time.process_time(), dict[int, str]()
    for number in range(300_000):
        kept[number % 1_000] = str(number)
    return round((time.process_time() - began) * 1_000, 1)
