"""Whether failures share a value more often than all runs do: share, usual share, lift, interval, p-value, reading.

Units: shares from 0 to 1; a lift of 1 is "as often as usual". Nothing here says why: only what failures have in common.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts.phrases import gettext_noop
from monitoring.analysis.intervals import Z_95, wilson

# Below this many failures no pattern is called one, whatever its p-value.
MIN_FAILURES = 10
# A value that fewer failures share is never called concentrated.
MIN_SHARED = 5
MIN_LIFT = 2.0
SIGNIFICANCE = 0.05
# A value that at least this share of the failures has in common makes them local.
LOCAL_SHARE = 0.5
# Terms of a tail smaller than this part of its sum do not change it.
_NEGLIGIBLE = 1e-16
# Two tables count as equally likely when their log probabilities differ by less.
_TIE = 1e-7


class Reading(StrEnum):
    """What a row means, in words; the value is also what an export writes."""

    CONCENTRATED = gettext_noop("Concentrated")
    ABOVE_USUAL = gettext_noop("Above usual")
    AS_USUAL = gettext_noop("As usual")
    BELOW_USUAL = gettext_noop("Below usual")
    TOO_FEW = gettext_noop("Too few to say")
    NOT_COMPARED = gettext_noop("Nothing to compare")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value to look at: `failures` of `all_failures` share it, and `base` of `base_total` runs (or step runs).

    `is_apart` when the base does not contain these failures: another period, or only some of the runs.
    """

    kind: str
    value: str
    failures: int
    all_failures: int
    base: int
    base_total: int
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A candidate with its figures. `p_value` is corrected for all candidates that were looked at together.

    `usual`, `lift`, `low`, `high` and `p_value` are None where there is nothing to compare with. Where the usual share
    is 0 the lift has no number: it is None too.
    """

    kind: str
    value: str
    failures: int
    share: float
    usual: float | None
    lift: float | None
    low: float | None
    high: float | None
    p_value: float | None
    reading: Reading


def measure(candidates: Sequence[Candidate], looked_at: int = 0, layers: int = 1) -> list[Finding]:
    """The candidates with their figures, in their order. Each has failures.

    `looked_at` is how many were looked at to find these, if more: the p-values are corrected for all of them, and for
    the `layers` of which these are one.
    """
    p_values = holm([_p_value(c) for c in candidates if c.base_total > 0], looked_at)
    corrected = iter([min(1.0, p_value * layers) for p_value in p_values])
    return [_finding(c, next(corrected) if c.base_total > 0 else None) for c in candidates]


def finding_order(finding: Finding) -> tuple[int, float, int, str, str]:
    """A key to sort by: concentrated first, then by lift, failures and name."""
    rank = list(Reading).index(finding.reading)
    return rank, -lift_order(finding), -finding.failures, finding.kind, finding.value


def lift_order(finding: Finding) -> float:
    """The lift as a number to sort by: endless where the value is new, nothing where there is none to compare with."""
    if finding.lift is None:
        return math.inf if finding.usual == 0 else 0.0
    return finding.lift


def _finding(c: Candidate, p_value: float | None) -> Finding:
    share = c.failures / c.all_failures
    if p_value is None:
        return Finding(c.kind, c.value, c.failures, share, None, None, None, None, None, Reading.NOT_COMPARED)
    usual = c.base / c.base_total
    if not usual:
        reading = read(math.inf, p_value, c.failures, c.all_failures)
        return Finding(c.kind, c.value, c.failures, share, 0.0, None, None, None, p_value, reading)
    lift = share / usual
    low, high = _lift_interval(c, usual)
    reading = read(lift, p_value, c.failures, c.all_failures)
    return Finding(c.kind, c.value, c.failures, share, usual, lift, low, high, p_value, reading)


def _lift_interval(c: Candidate, usual: float) -> tuple[float | None, float | None]:
    """The 95 % interval of the lift.

    Of a base that is all there the usual share is known: the interval is that of the share of failures, divided by it.
    Of a sample it is not: D. Katz et al., "Obtaining confidence intervals for the risk ratio in cohort studies",
    Biometrics 34 (1978).
    """
    if not c.is_apart:
        interval = wilson(c.failures, c.all_failures)
        return (interval.low / usual, interval.high / usual) if interval else (None, None)
    spread = Z_95 * math.sqrt(max(1 / c.failures - 1 / c.all_failures + 1 / c.base - 1 / c.base_total, 0.0))
    lift = c.failures / c.all_failures / usual
    return lift * math.exp(-spread), lift * math.exp(spread)


def read(lift: float, p_value: float, failures: int, all_failures: int) -> Reading:
    """What a lift means. `p_value` is the corrected one."""
    if all_failures < MIN_FAILURES:
        return Reading.TOO_FEW
    if p_value >= SIGNIFICANCE:
        return Reading.AS_USUAL
    if lift <= 1:
        return Reading.BELOW_USUAL
    return Reading.CONCENTRATED if lift >= MIN_LIFT and failures >= MIN_SHARED else Reading.ABOVE_USUAL


def _p_value(c: Candidate) -> float:
    """Failures against the rest of the base. A base that is smaller than its failures (late figures) is raised."""
    if c.is_apart:
        return fisher_exact(c.failures, c.all_failures - c.failures, c.base, max(c.base_total - c.base, 0))
    rest = max(c.base - c.failures, 0)
    others = max(c.base_total - c.base - (c.all_failures - c.failures), 0)
    return fisher_exact(c.failures, c.all_failures - c.failures, rest, others)


def holm(p_values: Sequence[float], looked_at: int = 0) -> list[float]:
    """The p-values corrected for being looked at together, in the same order; those not given count as larger.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    highest = 0.0
    compared = max(len(p_values), looked_at)
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (compared - rank)))
        corrected[index] = highest
    return corrected


def fisher_exact(a: int, b: int, c: int, d: int) -> float:
    """The two-sided p-value of the table ((a, b), (c, d)): the chance of a table no likelier than this one.

    R. A. Fisher, "Statistical Methods for Research Workers" (1934), section 21.02. Each tail is summed from where it
    starts to where it stops mattering, so large tables cost as little as small ones.
    """
    row, column, total = a + b, a + c, a + b + c + d
    first, last = max(0, row + column - total), min(row, column)
    if first == last:
        return 1.0
    rest = total - row - column
    # The hypergeometric probability, the parts that do not depend on x taken together.
    margins = sum(math.lgamma(n + 1) for n in (row, total - row, column, total - column)) - math.lgamma(total + 1)

    def log_chance(x: int) -> float:
        cells = math.lgamma(x + 1) + math.lgamma(row - x + 1) + math.lgamma(column - x + 1) + math.lgamma(rest + x + 1)
        return margins - cells

    mode = min(max((row + 1) * (column + 1) // (total + 2), first), last)
    limit = log_chance(a) + _TIE
    if log_chance(mode) <= limit:
        return 1.0
    below = _edge(log_chance, first - 1, mode, limit)
    above = _edge(log_chance, last + 1, mode, limit)

    table = (row, column, rest)
    chance = _tail(math.exp(log_chance(below)), below, first, table) if below >= first else 0.0
    if above <= last:
        chance += _tail(math.exp(log_chance(above)), above, last, table)
    return min(1.0, chance)


def _edge(log_chance: Callable[[int], float], outside: int, inside: int, limit: float) -> int:
    """The value nearest to `inside` whose chance is within the limit; `outside` when there is none (bisection)."""
    while abs(inside - outside) > 1:
        middle = (inside + outside) // 2
        if log_chance(middle) <= limit:
            outside = middle
        else:
            inside = middle
    return outside


def _tail(chance: float, start: int, end: int, table: tuple[int, int, int]) -> float:
    """The chances from `start`, whose own is given, to `end`, down or up; `table` is (row, column, rest)."""
    row, column, rest = table
    is_up, total = end > start, chance
    for x in range(start, end) if is_up else range(start - 1, end - 1, -1):
        # The chance of x + 1 over that of x.
        ratio = (row - x) * (column - x) / ((x + 1) * (rest + x + 1))
        chance = chance * ratio if is_up else chance / ratio
        total += chance
        if chance <= total * _NEGLIGIBLE:
            break
    return total


class Reach(StrEnum):
    """How far the failures reach, as far as shared values can tell."""

    TOO_FEW = "too few"
    SPREAD = "spread"
    PART = "part"
    LOCAL = "local"
