"""Before and after: did a change lower a figure, is it too early to tell, or did it not help?

Sides are compared hour by hour with their like (`monitoring.analysis.alike`), so that the times at which runs happen to
come decide nothing. With n0 and n1 runs of stratum i before and after, means m0 and m1, and weights
w = n0 n1 / (n0 + n1), the change is sum w (m1 - m0) / sum w: for shares the Mantel-Haenszel risk difference (Cochran,
"Some methods for strengthening the common chi-square tests", Biometrics 1954; Mantel and Haenszel, JNCI 1959). Its null
variance is that of Cochran, Mantel and Haenszel, sum w p (1 - p) N / (N - 1), times the dispersion between hours where
failures come in bursts (quasi-likelihood: McCullagh and Nelder, "Generalized Linear Models", 1989, 4.5); for other
figures it is the mean square between hours of one stratum.

Looking every hour must not make chance findings. The sum of weights is the information; as a share t of the
information that is planned for, z sqrt(t) is a Brownian motion if nothing changed (Jennison and Turnbull, "Group
Sequential Methods", 2000, ch. 3; a fixed past counts like any shared control). It crosses a constant c before t = 1
with the probability 2 (1 - Phi(c)): the O'Brien-Fleming boundary under Lan and DeMets's spending (Biometrika 1983),
for any number of looks. The interval shown is the repeated confidence interval of that boundary (Jennison and
Turnbull, JRSS B 1989): it leaves zero out when, and only when, it is decided. Smaller is better for every figure
here. Pure; counts and shares have no unit, other figures keep their own.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from monitoring.analysis.alike import DAY_HOURS, MONDAY, WEEK_HOURS, Alike, Array, Hours, Places
from monitoring.analysis.arrays import np

# One-sided: the chance to call a change that did nothing "helped", and as much for "got worse".
ERROR = 0.025
POWER = 0.8
# No decision on fewer runs after, however clear they look.
MIN_RUNS = 20
DEFAULT_CHANGE = -0.5
_NORMAL = NormalDist()
BOUNDARY = -_NORMAL.inv_cdf(ERROR / 2)
# No longer than this is waited for runs to come.
MAX_HOURS = 26 * WEEK_HOURS


class Outcome(StrEnum):
    """What the comparison says."""

    HELPED = "helped"
    NO_HELP = "no_help"
    WORSE = "worse"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be found, and the information (sum of weights, in runs) that finds it with `POWER`.

    `before` is the figure a run, `gain` how much less is expected, `variance` that of one run.
    """

    before: float
    gain: float
    variance: float
    weight: float


@dataclass(frozen=True, slots=True)
class Proof:
    """The comparison. `before` and `after` are the weighted means, `low` to `high` the interval of `change`.

    `progress` is the share of the planned information (at most 1); `runs_after` are those that have their like before.
    """

    outcome: Outcome
    before: float
    after: float
    change: float
    low: float
    high: float
    progress: float
    runs_before: int
    runs_after: int

    @property
    def relative(self) -> float | None:
        """The change as a share of what it was."""
        return self.change / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Missing:
    """Runs after the change that are still needed, and the hours that they take at the present volume."""

    runs: int
    hours: int


def crossing_chance(drift: float, boundary: float = BOUNDARY) -> float:
    """The chance that a Brownian motion with this drift reaches the boundary by the time 1 (inverse Gaussian law)."""
    late = math.exp(2 * drift * boundary) * _NORMAL.cdf(-boundary - drift)
    return 1 - _NORMAL.cdf(boundary - drift) + late


def _drift_for(power: float) -> float:
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if crossing_chance(middle) < power else (low, middle)
    return high


DRIFT = _drift_for(POWER)


def plan(before: Hours, gain: float, *, is_share: bool) -> Plan | None:
    """The information that shows this gain; None where there is nothing to gain or nothing is known.

    weight = variance (drift / gain)^2: the sample size of a comparison of means, with the drift that reaches the
    boundary with `POWER` in place of the sum of two normal quantiles.
    """
    if gain <= 0 or not before.count:
        return None
    variance = _variance_of_one(before, gain, is_share=is_share)
    return Plan(before.mean, gain, variance, max(variance * (DRIFT / gain) ** 2, MIN_RUNS / 2))


def _variance_of_one(before: Hours, gain: float, *, is_share: bool) -> float:
    """The variance of one run, bursts included, from the past alone: strata only as fine as it has hours for.

    A share above one half varies more once it has fallen: the greater variance counts.
    """
    weeks = before.strata(Alike.HOUR_OF_WEEK)
    fine = len(np.unique(weeks)) * 2 <= len(weeks)
    days = before.strata(Alike.HOUR_OF_DAY)
    coarse = days if len(np.unique(days)) * 2 <= len(days) else np.zeros_like(days)
    strata = weeks if fine else coarse
    if not is_share:
        return _mean_square(strata, before.runs, before.totals)
    share, least = before.mean, max(before.mean - gain, 0.0)
    middle = min(max(0.5, least), share)
    return middle * (1 - middle) * _dispersion(strata, before.runs, before.totals)


def prove(before: Hours, after: Hours, planned: Plan, *, alike: Alike, is_share: bool) -> Proof:
    """Compares two sides. With `Alike.SAME_HOUR` the first is what ran beside the second: the old release."""
    side = np.concatenate((before.strata(alike), after.strata(alike)))
    if alike is Alike.SAME_HOUR:
        # Hours since 1970 are too large to count by.
        side = np.unique(side, return_inverse=True)[1]
    first, second = side[: len(before.at)], side[len(before.at) :]
    size = int(side.max()) + 1 if len(side) else 1
    n0, n1 = np.bincount(first, before.runs, size), np.bincount(second, after.runs, size)
    y0, y1 = np.bincount(first, before.totals, size), np.bincount(second, after.totals, size)
    both = (n0 > 0) & (n1 > 0)
    weights = np.where(both, n0 * n1 / np.maximum(n0 + n1, 1), 0.0)
    weight = float(weights.sum())
    counted = (before.count, int(n1[both].sum()))
    if weight <= 0:
        return Proof(Outcome.CANNOT_TELL, before.mean, after.mean, 0.0, -math.inf, math.inf, 0.0, *counted)
    m0, m1 = y0 / np.maximum(n0, 1), y1 / np.maximum(n1, 1)
    old, new = float((weights * m0).sum()) / weight, float((weights * m1).sum()) / weight
    runs, totals = np.concatenate((before.runs, after.runs)), np.concatenate((before.totals, after.totals))
    variance = _null_variance(side, runs, totals, weights, is_share=is_share)
    share = min(weight / planned.weight, 1.0)
    half = BOUNDARY / math.sqrt(share) * math.sqrt(variance) / weight
    change = new - old
    outcome = _outcome(change, half, share, counted[1])
    return Proof(outcome, old, new, change, change - half, change + half, share, *counted)


def _outcome(change: float, half: float, share: float, runs_after: int) -> Outcome:
    if runs_after < MIN_RUNS:
        return Outcome.CANNOT_TELL
    if change + half < 0:
        return Outcome.HELPED
    if change - half > 0:
        return Outcome.WORSE
    return Outcome.NO_HELP if share >= 1 else Outcome.CANNOT_TELL


def _null_variance(side: Places, runs: Array, totals: Array, weights: Array, *, is_share: bool) -> float:
    """The variance of the weighted sum of differences if both sides are alike."""
    if not is_share:
        return _mean_square(side, runs, totals) * float(weights.sum())
    spread = _spread(side, runs, totals)
    return float((weights * spread).sum()) * _dispersion(side, runs, totals)


def _spread(side: Places, runs: Array, totals: Array) -> Array:
    """The variance of one run in each stratum, without bias: p (1 - p) N / (N - 1)."""
    number: Array = np.bincount(side, runs).astype(float)
    share: Array = np.bincount(side, totals) / np.maximum(number, 1)
    return share * (1 - share) * np.where(number > 1, number / np.maximum(number - 1, 1), 0.0)


def _between(side: Places, runs: Array, totals: Array) -> tuple[float, Array]:
    """Sum of n (m - mean of the stratum)^2 over hours, and 1 - n / N of each hour: its expectation in variances."""
    number, total = np.bincount(side, runs), np.bincount(side, totals)
    means = total / np.maximum(number, 1)
    squares = (totals - runs * means[side]) ** 2 / runs
    return float(squares.sum()), 1 - runs / number[side]


def _mean_square(side: Places, runs: Array, totals: Array) -> float:
    """The variance of one run as the hours of a stratum differ."""
    squares, free = _between(side, runs, totals)
    return squares / float(free.sum()) if free.sum() > 1e-9 else 0.0


def _dispersion(side: Places, runs: Array, totals: Array) -> float:
    """How much more the hours differ than shares do by chance; at least 1."""
    squares, free = _between(side, runs, totals)
    spread = _spread(side, runs, totals)
    expected = float((free * spread[side]).sum())
    return max(squares / expected, 1.0) if expected > 1e-9 else 1.0


def missing(before: Hours, after: Hours, planned: Plan, *, alike: Alike) -> Missing | None:
    """What has yet to come; None where no number of runs would do (there are too few before), or not in `MAX_HOURS`.

    It walks on hour by hour with the volume that each hour of the week had before.
    """
    if alike is Alike.SAME_HOUR:
        return _missing_beside(before, after, planned)
    if not len(before.at):
        return None
    size = {Alike.HOUR_OF_WEEK: WEEK_HOURS, Alike.HOUR_OF_DAY: DAY_HOURS}.get(alike, 1)
    old = np.bincount(before.strata(alike), before.runs, size)
    new = np.bincount(after.strata(alike), after.runs, size).astype(float)
    volume = old / max((int(before.at.max() - before.at.min()) + 1) / size, 1.0)
    weight = float((old * new / np.maximum(old + new, 1)).sum())
    at = int(max(before.at.max(), after.at.max() if len(after.at) else 0)) + 1
    runs, counted = 0.0, float(new[old > 0].sum())
    for passed in range(MAX_HOURS):
        if weight >= planned.weight and counted + runs >= MIN_RUNS:
            return Missing(math.ceil(runs), passed)
        place = (at + passed + MONDAY) % WEEK_HOURS % size
        if not volume[place]:
            continue
        weight -= old[place] * new[place] / (old[place] + new[place])
        new[place] += volume[place]
        weight += old[place] * new[place] / (old[place] + new[place])
        runs += volume[place]
    return None


def _missing_beside(old: Hours, new: Hours, planned: Plan) -> Missing | None:
    """As `missing`, if both releases go on as they do."""
    _, side = np.unique(np.concatenate((old.at, new.at)), return_inverse=True)
    size = len(old.at) + len(new.at)
    first, second = (
        np.bincount(side[part], runs, size)
        for part, runs in ((slice(len(old.at)), old.runs), (slice(len(old.at), None), new.runs))
    )
    weight, count = float((first * second / np.maximum(first + second, 1)).sum()), float(new.runs.sum())
    if not weight:
        return None
    more = max((planned.weight - weight) / (weight / count), MIN_RUNS - count, 0.0)
    span = int(new.at.max() - new.at.min()) + 1
    return Missing(math.ceil(more), math.ceil(more / (count / span)))
