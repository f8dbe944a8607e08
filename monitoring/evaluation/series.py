"""Made-up series with one anomaly each: how often the baseline rule finds it, and how often it opens without one.

`python -m monitoring.evaluation.series` prints the table that stands in docs/analysis/baselines.md.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from monitoring.analysis.expectation import Array
from monitoring.analysis.novelty import Point
from monitoring.analysis.watch import openings

START = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=5)
A_DAY = 288
POINTS = 21 * A_DAY
# The anomaly lasts four hours, begins in the last week, and counts as found when the rule opens while it lasts.
LASTS = 48
Random = np.random.Generator


def _day(random: Random) -> Array:
    """The shape of working days: 0.2 to 1 with the hour, a third of that at the weekend."""
    place = np.arange(POINTS)
    hours = 0.6 - 0.4 * np.cos(2 * np.pi * place / A_DAY + random.normal(0, 0.3))
    return hours * np.where(place // A_DAY % 7 >= 5, 1 / 3, 1.0)


def _bursts(random: Random) -> Array:
    return random.normal(10, 1, POINTS) + 60.0 * (np.arange(POINTS) % 72 < 3)


# A series and the size of its usual noise, by what it is like.
KINDS: dict[str, tuple[Callable[[Random], Array], float]] = {
    "requests of working days": (lambda random: random.poisson(100 * _day(random)).astype(float), 8.0),
    "CPU, even": (lambda random: random.normal(30, 2, POINTS), 2.0),
    "latency, heavy tail": (lambda random: random.lognormal(4, 0.5, POINTS), 30.0),
    "queue, wandering": (lambda random: np.cumsum(random.normal(0, 0.3, POINTS)) + random.normal(50, 2, POINTS), 2.0),
    "slow growth": (lambda random: np.arange(POINTS) * 0.01 + random.normal(50, 2, POINTS), 2.0),
    "batch every six hours": (_bursts, 1.0),
    "errors, mostly 0": (lambda random: random.poisson(0.05, POINTS).astype(float), 0.25),
}


def _stuck(values: Array, noise: float, random: Random) -> Array:
    del noise, random
    return np.full(LASTS, values[0])


# What the values become while the anomaly lasts, from the values, the size of the noise and chance.
ANOMALIES: dict[str, Callable[[Array, float, Random], Array]] = {
    "spike": lambda values, noise, _: values + 15 * noise * (np.arange(LASTS) == 0),
    "shift": lambda values, noise, _: values + 6 * noise,
    "drop to 0": lambda values, _noise, _random: np.zeros_like(values),
    "burst": lambda values, noise, random: values + random.normal(0, 6 * noise, LASTS),
    "stuck": _stuck,
}


@dataclass(frozen=True, slots=True)
class Found:
    """How many anomalies of `tried` were found, how many openings there were before one, in how many points."""

    tried: int = 0
    found: int = 0
    false: int = 0
    points: int = 0

    def plus(self, is_found: bool, false: int, points: int) -> "Found":
        """With one more series."""
        return Found(self.tried + 1, self.found + is_found, self.false + false, self.points + points)


def make(kind: str, anomaly: str, seed: int, *, missing: float = 0.0) -> tuple[list[Point], datetime]:
    """A series with an anomaly of `LASTS` points, and when it begins; `missing` is the share of points left out."""
    random = np.random.default_rng([seed, *(kind + anomaly).encode()])
    shape, noise = KINDS[kind]
    values = shape(random)
    begin = int(random.integers(14 * A_DAY, POINTS - LASTS))
    values[begin : begin + LASTS] = ANOMALIES[anomaly](values[begin : begin + LASTS], noise, random)
    kept = random.random(POINTS) >= missing
    kept[begin] = True
    points = [(START + STEP * place, float(values[place])) for place in np.flatnonzero(kept).tolist()]
    return points, START + STEP * begin


def measure(kind: str, anomaly: str, seeds: int, *, missing: float = 0.0) -> Found:
    """What the rule makes of so many series; openings in the four hours after the anomaly count neither way."""
    total = Found()
    for seed in range(seeds):
        points, begin = make(kind, anomaly, seed, missing=missing)
        opened = [reading.at for reading in openings(point for point in points if point[0] < begin + STEP * LASTS)]
        false = sum(at < begin for at in opened)
        total = total.plus(false < len(opened), false, sum(at < begin for at, _ in points))
    return total


def main(arguments: list[str] | None = None) -> None:
    """Prints a line a kind of series: share of each anomaly found, and false openings in a thousand points."""
    parser = ArgumentParser(description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--missing", type=float, default=0.0)
    options = parser.parse_args(arguments)
    sys.stdout.write(f"{'':26}" + "".join(f"{name:>11}" for name in ANOMALIES) + "  false a thousand\n")
    for kind in KINDS:
        told = [measure(kind, anomaly, options.seeds, missing=options.missing) for anomaly in ANOMALIES]
        false = 1_000 * sum(one.false for one in told) / sum(one.points for one in told)
        sys.stdout.write(
            f"{kind:26}" + "".join(f"{f'{one.found} of {one.tried}':>11}" for one in told) + f"{false:18.2f}\n"
        )


if __name__ == "__main__":
    main()
