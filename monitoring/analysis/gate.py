"""Whether a release may go on: pass, fail or undecided, each check with its reason and figures.

A check fails when a change for the worse is shown, and passes when it is not although there are runs enough to show one
that matters. A pipeline asks again and again, and each look is a chance for a false alarm: until there are runs enough
only a difference of three standard errors counts (J. L. Haybittle, "Repeated assessment of results in clinical trials
of cancer treatment", British Journal of Radiology 44 (1971); R. Peto et al., "Design and analysis of randomized
clinical trials requiring prolonged observation of each patient", British Journal of Cancer 34 (1976)).
Rates are shares of 1; a release whose rate is the same fails at most one time in twenty, one whose rate has doubled
passes at most one time in five.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import NormalDist

from accounts import formats
from monitoring.analysis.difference import (
    LEVEL,
    POWER,
    compare_quantiles,
    compare_rates,
    quantile_runs,
    runs_after_needed,
    runs_needed,
    z_of,
)
from monitoring.analysis.histogram import Histogram, percentile
from monitoring.analysis.intervals import wilson

# Three standard errors.
EARLY_LEVEL = 0.9973
# What matters: the rate doubled, or grew by so much where that is more.
MIN_POINTS = 0.02
P95 = 0.95


class Outcome(StrEnum):
    """The answer of the gate; the value is what it is called everywhere."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Runs:
    """What is known of the runs of a release: `failures` of `rated` ones, and durations in ms."""

    failures: int = 0
    rated: int = 0
    durations: Histogram = field(default_factory=dict)

    @property
    def rate(self) -> float | None:
        """The failure rate; None without runs."""
        return self.failures / self.rated if self.rated else None


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked: runs that are enough (None: as many as tell), the greatest failure rate and growth of p95."""

    min_runs: int | None = None
    max_failure_rate: float | None = None
    max_p95_increase: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `low` and `high` are the interval of what is compared: the change of a rate, a rate, a ratio of p95s.

    `needed` runs of the release decide it, `more` of them are missing; None: no number is known.
    """

    name: str
    outcome: Outcome
    reason: str
    value: float | None = None
    baseline: float | None = None
    limit: float | None = None
    low: float | None = None
    high: float | None = None
    needed: int | None = None
    more: int | None = None


def decide(release: Runs, baseline: Runs | None, limits: Limits) -> tuple[Outcome, list[Check]]:
    """The answer and its checks. Without a baseline only a greatest failure rate can be checked."""
    checks = []
    if baseline is not None:
        checks.append(check_rate(release, baseline, limits))
    if limits.max_failure_rate is not None:
        checks.append(check_limit(release, limits.max_failure_rate, limits))
    if baseline is not None and limits.max_p95_increase is not None:
        checks.append(check_p95(release, baseline, limits.max_p95_increase, limits))
    return overall(checks), checks


def overall(checks: Sequence[Check]) -> Outcome:
    """One failed check fails all, one undecided leaves all undecided; so does nothing to check."""
    found = {check.outcome for check in checks}
    if Outcome.FAIL in found:
        return Outcome.FAIL
    return Outcome.PASS if found == {Outcome.PASS} else Outcome.UNDECIDED


def check_rate(release: Runs, baseline: Runs, limits: Limits) -> Check:
    """The failure rate against that of the baseline."""
    name = "failure_rate"
    told = baseline.rate
    if told is None:
        return Check(name, Outcome.UNDECIDED, "the baseline has no finished runs", release.rate)
    worse = min(told + max(told, MIN_POINTS), 1.0)
    needed = limits.min_runs or runs_after_needed(told, worse, baseline.rated)
    more = max(needed - release.rated, 0) if needed is not None else None
    found = compare_rates(
        (baseline.failures, baseline.rated), (release.failures, release.rated), EARLY_LEVEL if more != 0 else LEVEL
    )
    if found is None:
        reason = "the release has no finished runs yet"
        return Check(name, Outcome.UNDECIDED, reason, None, told, worse, needed=needed, more=more)
    outcome, reason = Outcome.PASS, "not shown to be higher"
    if found.direction > 0:
        outcome, reason = Outcome.FAIL, "higher than that of the baseline"
    elif needed is None:
        outcome, reason = Outcome.UNDECIDED, _too_few(told, worse, baseline.rated)
    elif more:
        outcome, reason = Outcome.UNDECIDED, "too few runs to tell"
    return Check(name, outcome, reason, found.after, told, worse, found.low, found.high, needed, more)


def check_limit(release: Runs, limit: float, limits: Limits) -> Check:
    """The failure rate against a fixed limit."""
    name = "max_failure_rate"
    needed = limits.min_runs or runs_against(limit, min(limit + max(limit, MIN_POINTS), 1.0))
    more = max(needed - release.rated, 0)
    found = wilson(release.failures, release.rated, z_of(EARLY_LEVEL if more else LEVEL))
    if found is None:
        reason = "the release has no finished runs yet"
        return Check(name, Outcome.UNDECIDED, reason, None, None, limit, needed=needed, more=more)
    outcome, reason = Outcome.PASS, "within the limit"
    # The low end of no failures is 0 up to rounding.
    if release.failures and found.low > limit:
        outcome, reason = Outcome.FAIL, "above the limit"
    elif more:
        outcome, reason = Outcome.UNDECIDED, "too few runs to tell"
    elif found.rate > limit:
        outcome, reason = Outcome.UNDECIDED, "above the limit, but it may be chance"
        # At this rate: until the interval leaves the limit out.
        more = max(runs_against(limit, found.rate) - release.rated, 1)
    return Check(name, outcome, reason, found.rate, None, limit, found.low, found.high, needed, more)


def check_p95(release: Runs, baseline: Runs, increase: float, limits: Limits) -> Check:
    """The growth of the p95 latency against the greatest that is allowed, a share of it (0.2: a fifth)."""
    name, limit = "p95_increase", 1 + increase
    enough = max(limits.min_runs or 0, 2 * quantile_runs(P95))
    timed, fewest = sum(release.durations.values()), quantile_runs(P95)
    more = max(enough - timed, 0)
    found = compare_quantiles(baseline.durations, release.durations, P95, EARLY_LEVEL if more else LEVEL)
    if found is None or found.ratio_low is None:
        values = (percentile(release.durations, P95), percentile(baseline.durations, P95))
        is_old_short = sum(baseline.durations.values()) < fewest
        reason = f"the baseline has fewer than {fewest} timed runs" if is_old_short else "too few timed runs to tell"
        return Check(
            name, Outcome.UNDECIDED, reason, *values, limit, needed=enough, more=None if is_old_short else more
        )
    ratio = found.ratio or 0.0
    outcome, reason = Outcome.PASS, "within the limit"
    if found.ratio_low > limit:
        outcome, reason = Outcome.FAIL, "grown by more than the limit"
    elif more:
        outcome, reason = Outcome.UNDECIDED, "too few timed runs to tell"
    elif ratio > limit:
        outcome, reason, more = Outcome.UNDECIDED, "grown by more than the limit, but it may be chance", timed
    return Check(
        name, outcome, reason, found.after, found.before, limit, found.ratio_low, found.ratio_high, enough, more
    )


def runs_against(limit: float, rate: float, power: float = POWER, alpha: float = 1 - LEVEL) -> int:
    """How many runs show that a rate is above a limit.

    J. L. Fleiss, B. Levin and M. C. Paik, "Statistical Methods for Rates and Proportions" (2003), section 2.5.
    """
    gap = rate - limit
    if gap <= 0:
        return 1
    normal = NormalDist()
    reach = normal.inv_cdf(1 - alpha / 2) * math.sqrt(limit * (1 - limit)) + normal.inv_cdf(power) * math.sqrt(
        rate * (1 - rate)
    )
    return max(math.ceil((reach / gap) ** 2), 1)


def _too_few(rate: float, worse: float, runs: int) -> str:
    """Why a baseline of so many runs can show nothing."""
    each = runs_needed(rate, worse / rate - 1) if rate else None
    many = f" ({formats.count(each)} of each would tell)" if each else ""
    return f"the baseline has only {formats.count(runs)} runs: no number of runs of the release would tell{many}"
