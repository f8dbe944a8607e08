"""Whether a failure that a release removed is back in a later one. Pure.

Where it never occurred since the fix, one failure is enough, once the fix had runs in which it could have occurred.
Where it went on at a lower rate, the later release must fail clearly more often: of all failures, the share that
falls on the later release is binomial with its share of the runs if the rates are alike (Przyborowski and Wilenski,
"Homogeneity of results in testing samples from Poisson series", Biometrika 1940). The level is strict because it is
asked again and again.
"""

import math
from dataclasses import dataclass

LEVEL = 0.001
# Runs since the fix without the failure that make its absence worth something.
MIN_RUNS = 20


@dataclass(frozen=True, slots=True)
class Side:
    """Rated runs, and failures of the group among them."""

    runs: int
    failures: int


def has_returned(since_fix: Side, later: Side) -> bool:
    """Whether the failure is back in the later release."""
    if not later.failures or since_fix.runs < MIN_RUNS:
        return False
    if not since_fix.failures:
        return True
    share = later.runs / (later.runs + since_fix.runs)
    if not 0 < share < 1:
        return False
    return at_least(later.failures, later.failures + since_fix.failures, share) <= LEVEL


def at_least(least: int, count: int, share: float) -> float:
    """The chance that of `count` at least `least` fall on something that has this share: the binomial tail."""
    whole = math.lgamma(count + 1) - math.lgamma(least + 1) - math.lgamma(count - least + 1)
    term = math.exp(whole + least * math.log(share) + (count - least) * math.log1p(-share))
    total = 0.0
    for number in range(least, count + 1):
        total += term
        if number > count * share and term < total * 1e-12:
            break
        term *= (count - number) / (number + 1) * share / (1 - share)
    return min(total, 1.0)
