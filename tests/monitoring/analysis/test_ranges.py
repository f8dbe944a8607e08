"""Usual ranges: the distributions against their definitions, and how few samples widen them."""

import math
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.ranges import (
    Metric,
    Pool,
    Range,
    Side,
    beta_binomial_range,
    is_outside,
    limits,
    negative_binomial_range,
    together,
    with_limits,
)


def usual(metric: Metric, middle: float, spread: float = 0.0, **fields: int) -> Range:
    given = {"points": 8, "samples": 800, "typical": 100} | fields
    return with_limits(
        Range(metric=metric, low=0, middle=middle, high=0, spread=spread, pool=Pool.SAME_HOUR_OF_WEEK, **given)
    )


def binomial_range(n: int, p: float) -> tuple[int, int]:
    """The quantiles by their definition, in whole sums."""
    total, low = 0.0, -1
    for k in range(n + 1):
        total += math.comb(n, k) * p**k * (1 - p) ** (n - k)
        if low < 0 and total > 0.025:
            low = k
        if total >= 0.975:
            return low, k
    return low, n


@pytest.mark.parametrize(("n", "p"), [(10, 0.5), (50, 0.1), (100, 0.97), (7, 0.3)])
def test_without_doubt_the_rate_is_binomial(n: int, p: float) -> None:
    assert beta_binomial_range(n, p * 1e9, (1 - p) * 1e9) == binomial_range(n, p)


@given(st.integers(0, 1000), st.floats(0.01, 5000), st.floats(0.01, 5000))
def test_quantiles_are_those_of_all_chances(trials: int, a: float, b: float) -> None:
    def chances(a: float, b: float) -> list[float]:
        first = math.lgamma(b + trials) - math.lgamma(b) + math.lgamma(a + b) - math.lgamma(a + b + trials)
        found = [math.exp(first)]
        for k in range(trials):
            found.append(found[-1] * ((trials - k) * (a + k) / ((k + 1) * (b + trials - k - 1))))
        return found

    sums = list(accumulate(chances(min(a, b), max(a, b))))
    low = next((k for k, total in enumerate(sums) if total > 0.025), 0)
    high = next((k for k, total in enumerate(sums) if total >= 0.975), trials)
    assert beta_binomial_range(trials, a, b) == ((trials - high, trials - low) if a > b else (low, high))


def test_every_number_is_as_likely_when_every_rate_is() -> None:
    # Beta(1, 1): each of 0..99 has 1 %. The 2.5 % quantile is 2, the 97.5 % quantile 97.
    assert beta_binomial_range(99, 1, 1) == (2, 97)


@pytest.mark.parametrize(("mean", "low", "high"), [(1.0, 0, 3), (4.0, 1, 8), (10.0, 4, 17), (100.0, 81, 120)])
def test_without_spread_the_count_is_poisson(mean: float, low: int, high: int) -> None:
    # Published Poisson quantiles, as any table of the distribution has them.
    assert negative_binomial_range(mean, 0.0) == (low, high)


def test_the_cube_root_meets_the_exact_sum() -> None:
    exact, read = negative_binomial_range(499.9, 0.02), negative_binomial_range(500.1, 0.02)
    assert read == pytest.approx(exact, abs=4)


def test_a_count_of_spread_one_is_geometric() -> None:
    # Mean 9, spread 1: P(X <= k) = 1 - 0.9^(k + 1), so 97.5 % are reached at k = 35.
    assert negative_binomial_range(9.0, 1.0) == (0, 35)


def test_one_failure_of_few_runs_is_inside_and_five_percent_of_many_are_not() -> None:
    errors = usual(Metric.ERROR_RATE, 0.01)
    assert is_outside(errors, 1 / 3, 3).side is Side.INSIDE
    assert is_outside(errors, 2 / 3, 3).side is Side.ABOVE
    assert is_outside(errors, 1 / 20, 20).side is Side.INSIDE
    assert is_outside(errors, 0.05, 300).side is Side.ABOVE
    assert is_outside(errors, 0.0, 300).side is Side.INSIDE


def test_a_rate_that_differs_by_the_hour_has_a_wider_range() -> None:
    steady, moving = usual(Metric.ERROR_RATE, 0.1), usual(Metric.ERROR_RATE, 0.1, 0.05)
    assert moving.low < steady.low < 0.1 < steady.high < moving.high


def test_a_history_without_events_still_allows_one() -> None:
    never = usual(Metric.ERROR_RATE, 0.0, samples=40, typical=5)
    assert is_outside(never, 0.2, 5).side is Side.INSIDE
    assert is_outside(never, 1.0, 5).side is Side.ABOVE


def test_amounts_are_even_on_the_log_scale_and_few_runs_widen_them() -> None:
    slow = usual(Metric.DURATION_P95, 1000.0, 0.2)
    assert slow.low * slow.high == pytest.approx(1000.0**2)
    few = limits(slow, 25)
    assert few[0] < slow.low
    assert few[1] > slow.high
    assert limits(slow, 10_000) == (slow.low, slow.high)


def test_without_samples_nothing_is_outside() -> None:
    for metric in Metric:
        assert is_outside(usual(metric, 0.5), 1e12, 0).side is Side.INSIDE


def test_words_name_figure_range_and_what_it_is_made_of() -> None:
    slow = usual(Metric.DURATION_P95, 1000.0, 0.1)
    place = is_outside(slow, 3000.0, 100)
    assert place.is_outside
    assert place.words == "3.0 s, above the usual 807 ms to 1.2 s (the same hour of the week, 8 hours)"
    assert slow.words == "usual 807 ms to 1.2 s (the same hour of the week, 8 hours, 800 runs)"


def test_several_hours_together() -> None:
    day, night = usual(Metric.VOLUME, 90.0, typical=1, samples=8), usual(Metric.VOLUME, 10.0, typical=1, samples=8)
    both = together([day, night])
    assert both is not None
    assert both.middle == pytest.approx(50.0)
    assert both.low < 50 < both.high
    assert together([]) is None
    wide = together([day, replace(night, pool=Pool.ALL_HOURS)])
    assert wide is not None
    assert wide.pool is Pool.ALL_HOURS


@given(st.floats(0, 1), st.floats(0, 0.5), st.integers(1, 5000), st.integers(1, 400), st.integers(1, 3000))
def test_a_rate_range_is_a_share_around_what_is_usual(
    middle: float, spread: float, samples: int, typical: int, n: int
) -> None:
    low, high = limits(usual(Metric.ERROR_RATE, middle, spread, samples=samples, typical=typical), n)
    assert 0 <= low <= high <= 1


@given(st.floats(0, 1e5), st.floats(0, 4), st.integers(1, 2000))
def test_a_count_range_holds_its_middle(middle: float, spread: float, exposure: int) -> None:
    low, high = limits(usual(Metric.VOLUME, middle, spread), exposure)
    assert 0 <= low <= high
    assert high * exposure + 1 >= middle * exposure * 0.5
