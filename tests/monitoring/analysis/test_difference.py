"""Differences of rates, means and percentiles: published values, properties, and what their intervals promise."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.difference import (
    MIN_RUNS,
    Difference,
    Moments,
    Reading,
    compare_means,
    compare_quantiles,
    compare_rates,
    read,
    runs_after_needed,
    runs_needed,
    runs_to_narrow,
    t_quantile,
)
from monitoring.analysis.histogram import Histogram, bin_of, percentile

counts = st.integers(1, 100_000).flatmap(lambda runs: st.tuples(st.integers(0, runs), st.just(runs)))


def moments(values: Sequence[float]) -> Moments:
    return Moments(len(values), sum(values), sum(value * value for value in values))


def histogram(values: Sequence[float]) -> Histogram:
    return dict(Counter(bin_of(value) for value in values))


T = TypeVar("T")


def found(value: T | None) -> T:
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, table II, method 10, contrasts (a) to (f), (h).
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_published_differences_of_rates(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    # The paper subtracts the second from the first.
    got = found(compare_rates(second, first))
    assert (got.low, got.high) == pytest.approx((low, high), abs=1e-4)


@given(counts, counts)
def test_swapping_the_sides_mirrors_the_difference(first: tuple[int, int], second: tuple[int, int]) -> None:
    one, other = found(compare_rates(first, second)), found(compare_rates(second, first))
    assert (one.low, one.change, one.high) == pytest.approx((-other.high, -other.change, -other.low), abs=1e-12)
    assert one.direction == -other.direction
    assert -1 <= one.low <= one.change + 1e-12 <= one.high + 2e-12 <= 1 + 3e-12


@given(counts)
def test_the_same_counts_show_no_difference(side: tuple[int, int]) -> None:
    assert found(compare_rates(side, side)).direction == 0


def test_without_runs_there_is_no_difference() -> None:
    assert compare_rates((0, 0), (1, 3)) is None
    assert compare_means(moments([1.0] * (MIN_RUNS - 1)), moments([1.0] * 100)) is None
    assert compare_quantiles({}, {1: 100}, 0.5) is None
    assert compare_quantiles({1: 60}, {1: 60}, 0.95) is None, "60 runs do not bound it"


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    # Abramowitz and Stegun, table 26.10.
    [(3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (120, 1.980)],
)
def test_published_quantiles_of_student(freedom: float, quantile: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(quantile, rel=0.02 if freedom < 5 else 0.002)


def test_a_mean_with_its_interval_as_welch_gives_it() -> None:
    before = [float(n % 10) for n in range(40)]
    after = [float(n % 10) + 3 + n % 3 for n in range(60)]
    got = found(compare_means(moments(before), moments(after)))
    spread = math.sqrt(np.var(before, ddof=1) / 40 + np.var(after, ddof=1) / 60)
    assert got.change == pytest.approx(np.mean(after) - np.mean(before))
    # 85 degrees of freedom: t is 1.988.
    assert got.high - got.change == pytest.approx(1.988 * spread, rel=1e-3)
    assert found(got.ratio) == pytest.approx(np.mean(after) / np.mean(before))
    assert found(got.ratio_low) > 1


def test_equal_values_of_all_runs_differ_or_not() -> None:
    assert found(compare_means(moments([2.0] * 30), moments([2.0] * 30))).direction == 0
    assert found(compare_means(moments([2.0] * 30), moments([2.5] * 30))).direction == 1
    assert found(compare_means(moments([0.0] * 30), moments([2.5] * 30))).ratio is None


@given(st.lists(st.floats(0.001, 1e9), min_size=80, max_size=200), st.sampled_from([0.5, 0.9]))
def test_a_percentile_against_itself_shows_no_difference(values: list[float], q: float) -> None:
    got = compare_quantiles(histogram(values), histogram(values), q)
    if got is not None:
        assert got.direction == 0
        assert found(got.ratio_low) <= 1 <= found(got.ratio_high)
        assert got.before == pytest.approx(found(percentile(histogram(values), q)))


def test_zero_durations_have_a_ratio() -> None:
    got = found(compare_quantiles(histogram([0.0] * 200), histogram([5.0] * 200), 0.5))
    assert got.direction == 1
    assert math.isfinite(found(got.ratio_high))


def covered(draw: Callable[[np.random.Generator], Difference | None], truth: float, rounds: int, seed: int) -> float:
    """The share of rounds whose interval holds the truth."""
    random = np.random.default_rng(seed)
    drawn = [found(draw(random)) for _ in range(rounds)]
    return sum(one.low <= truth <= one.high for one in drawn) / rounds


@pytest.mark.parametrize(("rate", "runs"), [(0.02, (200, 50)), (0.05, (400, 400)), (0.3, (60, 30)), (0.5, (40, 200))])
def test_the_interval_of_rates_holds_what_it_promises(rate: float, runs: tuple[int, int]) -> None:
    after = rate * 1.5

    def draw(random: np.random.Generator) -> Difference | None:
        events = [int(random.binomial(n, p)) for n, p in zip(runs, (rate, after), strict=True)]
        return compare_rates((events[0], runs[0]), (events[1], runs[1]))

    assert covered(draw, after - rate, 2000, 11) >= 0.935


def test_the_interval_of_means_holds_what_it_promises_for_skewed_runs() -> None:
    def draw(random: np.random.Generator) -> Difference | None:
        before, after = random.lognormal(3, 0.8, 150), random.lognormal(3.2, 0.8, 80)
        return compare_means(moments(before.tolist()), moments(after.tolist()))

    truth = math.exp(3.2 + 0.32) - math.exp(3 + 0.32)
    assert covered(draw, truth, 1500, 12) >= 0.93


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_the_interval_of_percentiles_holds_what_it_promises(q: float) -> None:
    z = {0.5: 0.0, 0.95: 1.6448536}[q]

    def draw(random: np.random.Generator) -> Difference | None:
        before, after = random.lognormal(3, 0.8, 300), random.lognormal(3.4, 0.8, 150)
        return compare_quantiles(histogram(before.tolist()), histogram(after.tolist()), q)

    assert covered(draw, math.exp(3.4 + 0.8 * z) - math.exp(3 + 0.8 * z), 1000, 13) >= 0.94


@pytest.mark.parametrize(("rate", "change", "plain"), [(0.2, 0.5, 292), (0.1, -0.5, 432), (0.5, 0.2, 385)])
def test_the_number_of_runs_is_that_of_the_formula(rate: float, change: float, plain: int) -> None:
    # Uncorrected: (1.96 + 0.8416)^2 (p1 q1 + p2 q2) / (p2 - p1)^2, rounded up; the correction adds about 2 / gap.
    got = runs_needed(rate, change)
    assert got == pytest.approx(plain + 2 / abs(rate * change), abs=2)
    assert runs_after_needed(rate, rate * (1 + change), got) == pytest.approx(got, rel=0.02)


@given(st.floats(0.01, 0.9), st.floats(-0.9, 3).filter(lambda change: abs(change) > 0.05), st.integers(50, 10**6))
def test_more_runs_before_never_need_more_after(rate: float, change: float, before: int) -> None:
    after = min(rate * (1 + change), 1.0)
    fewer, more = (runs_after_needed(rate, after, runs) for runs in (before, 2 * before))
    assert fewer is None or found(more) <= fewer


@pytest.mark.parametrize(("rate", "change"), [(0.0, 1.0), (0.1, 0.0), (1.0, 1.0), (0.1, -1.5)])
def test_what_no_number_of_runs_shows_is_refused(rate: float, change: float) -> None:
    with pytest.raises(ValueError, match="are needed"):
        runs_needed(rate, change)


@pytest.mark.parametrize(("rate", "change"), [(0.02, 1.0), (0.05, -0.5), (0.1, -0.5), (0.2, 1.0), (0.4, -0.5)])
def test_so_many_runs_show_the_change_four_times_in_five(rate: float, change: float) -> None:
    runs = runs_needed(rate, change)
    random = np.random.default_rng(14)
    pairs = random.binomial(runs, [rate, rate * (1 + change)], size=(2000, 2)).tolist()
    shown = [found(compare_rates((first, runs), (second, runs))).direction for first, second in pairs]
    assert shown.count(1 if change > 0 else -1) / len(shown) >= 0.79


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_without_a_change_one_is_shown_at_most_one_time_in_twenty(rate: float) -> None:
    runs = runs_needed(rate, 1.0)
    pairs = np.random.default_rng(15).binomial(runs, rate, size=(3000, 2)).tolist()
    shown = [found(compare_rates((first, runs), (second, runs))).direction for first, second in pairs]
    assert sum(map(abs, shown)) / len(shown) <= 0.055


def test_so_many_runs_narrow_a_ratio() -> None:
    values = np.random.default_rng(16).lognormal(3, 1, 200).tolist()
    wide = found(compare_means(moments(values * 20), moments(values)))
    needed = found(runs_to_narrow(wide, 0.1))
    narrow = found(compare_means(moments(values * 20), moments(values * round(needed / 200))))
    assert found(narrow.ratio_high) / found(narrow.ratio_low) == pytest.approx(1.1**2, rel=0.05)
    assert runs_to_narrow(found(compare_means(moments(values), moments(values))), 0.01) is None


def test_the_words() -> None:
    up = found(compare_rates((5, 1000), (50, 1000)))
    same = found(compare_rates((50, 1000), (50, 1000)))
    assert read(up, 0) == Reading.WORSE
    assert read(up, 10, higher_is_better=True) == Reading.BETTER
    assert read(same, 0) == Reading.NO_DIFFERENCE
    assert read(same, 10) == read(same, None) == read(None, 0) == Reading.CANNOT_TELL
