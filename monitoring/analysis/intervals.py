"""Intervals of rates."""

import math
from dataclasses import dataclass

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate with its 95 % interval, each a share from 0 to 1."""

    rate: float
    low: float
    high: float


def wilson(successes: int, total: int, z: float = Z_95) -> Interval | None:
    """The Wilson score interval of a rate; None without trials.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    """
    if total <= 0:
        return None
    rate = successes / total
    denominator = 1 + z * z / total
    centre = (rate + z * z / (2 * total)) / denominator
    half = z * math.sqrt(rate * (1 - rate) / total + z * z / (4 * total * total)) / denominator
    return Interval(rate, max(0.0, centre - half), min(1.0, centre + half))
