"""The gate on simulated releases: how often it is wrong, asked once and asked all the time."""

from collections import Counter

import numpy as np
import pytest

from monitoring.analysis.difference import runs_after_needed
from monitoring.analysis.gate import Limits, Outcome, Runs, check_limit, check_p95, check_rate, decide, runs_against
from monitoring.analysis.histogram import Histogram, bin_of

NO_LIMITS = Limits()


def timed(values: list[float]) -> Histogram:
    return dict(Counter(bin_of(value) for value in values))


def asked(random: np.random.Generator, rate: float, baseline: Runs, looks: int) -> Outcome:
    """What a pipeline ends with that asks `looks` times until it is decided."""
    told = baseline.rate or 0.0
    size = runs_after_needed(told, told + max(told, 0.02), baseline.rated) or 0
    failed = np.cumsum(random.random(size) < rate)
    for look in range(1, looks + 1):
        runs = -(-size * look // looks)
        outcome, _ = decide(Runs(int(failed[runs - 1]), runs), baseline, NO_LIMITS)
        if outcome != Outcome.UNDECIDED:
            return outcome
    return Outcome.UNDECIDED


def answers(rate_before: float, rate_after: float, *, looks: int, rounds: int = 600, seed: int = 7) -> Counter[Outcome]:
    random = np.random.default_rng(seed)
    found: Counter[Outcome] = Counter()
    for _ in range(rounds):
        # The size that is asked follows from what the baseline shows, not from the truth.
        baseline = Runs(int(random.binomial(2000, rate_before)), 2000)
        found[asked(random, rate_after, baseline, looks)] += 1
    assert not found[Outcome.UNDECIDED], "at the size asked it decides"
    return found


@pytest.mark.parametrize("looks", [1, 20])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3])
def test_the_same_rate_fails_at_most_one_time_in_twenty(rate: float, looks: int) -> None:
    assert answers(rate, rate, looks=looks)[Outcome.FAIL] / 600 <= 0.05


@pytest.mark.parametrize("looks", [1, 20])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3])
def test_a_doubled_rate_passes_at_most_one_time_in_five(rate: float, looks: int) -> None:
    assert answers(rate, 2 * rate, looks=looks)[Outcome.PASS] / 600 <= 0.2


def test_a_disaster_fails_long_before_there_are_runs_enough() -> None:
    baseline = Runs(40, 2000)
    early = check_rate(Runs(8, 20), baseline, NO_LIMITS)
    assert (early.outcome, early.value) == (Outcome.FAIL, 0.4)
    assert early.more is not None
    assert early.more > 100


def test_too_few_runs_say_how_many_more() -> None:
    check = check_rate(Runs(3, 60), Runs(100, 2000), NO_LIMITS)
    assert (check.outcome, check.reason) == (Outcome.UNDECIDED, "too few runs to tell")
    assert check.needed == runs_after_needed(0.05, 0.1, 2000)
    assert check.more == (check.needed or 0) - 60


def test_a_small_baseline_says_so_and_an_empty_one_too() -> None:
    check = check_rate(Runs(1, 500), Runs(1, 30), NO_LIMITS)
    assert (check.outcome, check.needed) == (Outcome.UNDECIDED, None)
    assert "only 30 runs" in check.reason
    assert "no finished runs" in check_rate(Runs(1, 500), Runs(), NO_LIMITS).reason
    assert "no finished runs yet" in check_rate(Runs(), Runs(1, 500), NO_LIMITS).reason
    assert decide(Runs(0, 500), None, NO_LIMITS) == (Outcome.UNDECIDED, [])


def test_the_runs_that_are_enough_can_be_said() -> None:
    baseline = Runs(20, 400)
    assert check_rate(Runs(2, 49), baseline, Limits(min_runs=50)).outcome == Outcome.UNDECIDED
    assert check_rate(Runs(2, 50), baseline, Limits(min_runs=50)).outcome == Outcome.PASS
    assert check_rate(Runs(10, 50), baseline, Limits(min_runs=50)).outcome == Outcome.FAIL


@pytest.mark.parametrize(
    ("failures", "runs", "outcome"),
    [
        (0, 10, Outcome.UNDECIDED),
        (8, 10, Outcome.FAIL),
        (2, 200, Outcome.PASS),
        (30, 200, Outcome.FAIL),
        (12, 200, Outcome.UNDECIDED),
    ],
)
def test_a_greatest_failure_rate(failures: int, runs: int, outcome: Outcome) -> None:
    check = check_limit(Runs(failures, runs), 0.05, Limits(max_failure_rate=0.05))
    assert check.outcome == outcome
    assert (check.more == 0) == (outcome == Outcome.PASS or (outcome == Outcome.FAIL and runs == 200))


def test_a_limit_of_nothing_is_told_by_so_many_runs_without_a_failure() -> None:
    needed = runs_against(0, 0.02)
    assert check_limit(Runs(0, needed), 0, Limits(max_failure_rate=0)).outcome == Outcome.PASS
    assert check_limit(Runs(1, needed), 0, Limits(max_failure_rate=0)).outcome == Outcome.FAIL


def test_a_limit_is_wrong_as_seldom_as_it_promises() -> None:
    random, limit = np.random.default_rng(8), 0.05
    runs = runs_against(limit, 2 * limit)
    told = Limits(max_failure_rate=limit)
    at = [check_limit(Runs(int(n), runs), limit, told).outcome for n in random.binomial(runs, limit, 2000)]
    above = [check_limit(Runs(int(n), runs), limit, told).outcome for n in random.binomial(runs, 2 * limit, 2000)]
    assert at.count(Outcome.FAIL) / 2000 <= 0.05
    assert above.count(Outcome.PASS) / 2000 <= 0.2


def test_a_greatest_growth_of_p95() -> None:
    random = np.random.default_rng(9)
    baseline = Runs(0, 1000, timed(random.lognormal(8, 0.5, 1000).tolist()))
    limits = Limits(max_p95_increase=0.2)
    answers = {
        factor: check_p95(Runs(0, 400, timed((factor * random.lognormal(8, 0.5, 400)).tolist())), baseline, 0.2, limits)
        for factor in (1.0, 2.0)
    }
    assert [answers[factor].outcome for factor in (1.0, 2.0)] == [Outcome.PASS, Outcome.FAIL]
    few = check_p95(Runs(0, 30, timed(random.lognormal(8, 0.5, 30).tolist())), baseline, 0.2, limits)
    assert (few.outcome, few.more) == (Outcome.UNDECIDED, (few.needed or 0) - 30)
    short = check_p95(Runs(0, 400, baseline.durations), Runs(0, 20, {10: 20}), 0.2, limits)
    assert (short.outcome, short.more) == (Outcome.UNDECIDED, None)


def test_growth_of_p95_at_the_limit_fails_at_most_one_time_in_twenty() -> None:
    random, limits = np.random.default_rng(10), Limits(max_p95_increase=0.2)
    failed = 0
    for _ in range(300):
        baseline = Runs(0, 1000, timed(random.lognormal(8, 0.5, 1000).tolist()))
        release = Runs(0, 300, timed((1.2 * random.lognormal(8, 0.5, 300)).tolist()))
        failed += check_p95(release, baseline, 0.2, limits).outcome == Outcome.FAIL
    assert failed / 300 <= 0.05


def test_one_failed_check_fails_all_and_one_undecided_leaves_it_open() -> None:
    baseline = Runs(20, 2000)
    outcome, checks = decide(Runs(60, 2000), baseline, Limits(max_failure_rate=0.5))
    assert outcome == Outcome.FAIL
    assert [check.outcome for check in checks] == [Outcome.FAIL, Outcome.PASS]
    outcome, checks = decide(Runs(20, 2000), baseline, Limits(max_failure_rate=0.009))
    assert (outcome, checks[0].outcome) == (Outcome.UNDECIDED, Outcome.PASS)
    assert decide(Runs(20, 2000), baseline, Limits(max_failure_rate=0.02))[0] == Outcome.PASS
