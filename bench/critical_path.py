"""How long the critical path of one execution takes: `python -m bench.critical_path`, CPU milliseconds, median of 9."""

import random
import statistics
import time
from collections.abc import Callable

from monitoring.analysis.critical_path import critical_path
from monitoring.analysis.timeline import Visit

ROUNDS = 9


def flat(count: int) -> list[Visit]:
    """Steps one after the other that overlap at times."""
    chance = random.Random(1)
    return [Visit(n, "step", "succeeded", None, 10.0 * n, 10 * n + 9 + 3 * chance.random()) for n in range(count)]


def tree(count: int) -> list[Visit]:
    """Four steps inside each step."""
    return [
        Visit(n, "step", "succeeded", (n - 1) // 4 if n else None, 1.0 * n, 3 * count - n / 2) for n in range(count)
    ]


def chain(count: int) -> list[Visit]:
    """Each step inside the one before."""
    return [Visit(n, "step", "succeeded", n - 1 if n else None, 1.0 * n, 2.0 * count - n) for n in range(count)]


def stairs(count: int) -> list[Visit]:
    """Each step started by the one before, which it outlives."""
    return [Visit(n, "step", "succeeded", n - 1 if n else None, 1.0 * n, 1.0 * count + n) for n in range(count)]


def cpu_ms(shape: Callable[[int], list[Visit]], count: int) -> float:
    """The median CPU time of one path, with sorting out what lies inside what."""
    visits = shape(count)
    took = []
    for _ in range(ROUNDS):
        before = time.process_time()
        critical_path(visits)
        took.append(1_000 * (time.process_time() - before))
    return statistics.median(took)


if __name__ == "__main__":
    for shape in (flat, tree, chain, stairs):
        print(f"{shape.__name__:8}", *(f"{count:>6} steps {cpu_ms(shape, count):7.1f} ms" for count in (2_000, 50_000)))
