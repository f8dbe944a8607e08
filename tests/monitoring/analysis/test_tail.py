"""Percentiles with what they rest on, and "the average hides it" with its figures."""

import itertools
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.histogram import Histogram, bin_of
from monitoring.analysis.tail import Hiding, Tail, find_groups, measure_tail


def histogram(durations: list[float]) -> Histogram:
    return dict(Counter(bin_of(ms) for ms in durations))


def measured(durations: list[float], mean_ms: float | None = None) -> Tail:
    tail = measure_tail(histogram(durations), mean_ms)
    assert tail is not None
    return tail


def lognormal(count: int, centre: float, sigma: float, seed: int = 3) -> list[float]:
    chance = random.Random(seed)
    return [centre * chance.lognormvariate(0, sigma) for _ in range(count)]


def test_each_percentile_says_how_many_runs_lie_beyond_it():
    tail = measured([float(n) for n in range(1, 1001)])
    assert [(p.share, p.beyond, p.is_told) for p in tail.percentiles] == [
        (0.5, 500, True),
        (0.9, 100, True),
        (0.95, 50, True),
        (0.99, 10, True),
        (0.999, 1, False),
    ]
    assert [p.ms for p in tail.percentiles] == pytest.approx([500, 900, 950, 990, 999], rel=0.025)
    assert tail.top is tail.percentiles[3]


def test_a_percentile_has_an_interval_by_ranks():
    # 50 +- 1.96 * 5 of 100 runs: from the 40th to the 61st.
    half = measured([float(n) for n in range(1, 101)]).percentiles[0]
    assert (half.low_ms, half.high_ms) == (pytest.approx(40, rel=0.04), pytest.approx(61, rel=0.04))


def test_a_few_slow_runs_are_hidden_by_the_average():
    # 970 runs of 1 s and 30 of 40 s: mean 2.17 s, p99 40 s, and the slowest 10 take 400 s of 2,170 s.
    tail = measured([1_000.0] * 970 + [40_000.0] * 30)
    assert tail.hiding is Hiding.HIDDEN
    assert tail.mean_ms == pytest.approx(2_170, rel=0.02)
    assert tail.mean_to_median == pytest.approx(2.17, rel=0.02)
    assert tail.ratio == pytest.approx(40, rel=0.04)
    assert tail.slow_share == pytest.approx(400 / 2_170, rel=0.03)
    assert tail.above_mean == 0.03
    assert tail.groups is None


def test_runs_that_differ_a_little_have_no_long_tail():
    tail = measured(lognormal(2_000, 1_000, 0.3))
    assert tail.hiding is Hiding.NO_TAIL


def test_two_groups_are_found_and_the_average_between_them_describes_neither():
    tail = measured(lognormal(700, 1_000, 0.25) + lognormal(300, 9_000, 0.25))
    assert tail.groups is not None
    fast, slow = tail.groups
    assert (fast.runs, slow.runs) == (700, 300)
    assert (fast.ms, slow.ms) == (pytest.approx(1_000, rel=0.05), pytest.approx(9_000, rel=0.05))
    assert tail.hiding is Hiding.HIDDEN


@pytest.mark.parametrize("seed", range(5))
def test_one_wide_group_is_not_called_two(seed):
    chance = random.Random(seed)
    assert find_groups(histogram([chance.expovariate(0.001) for _ in range(1_000)])) is None
    assert find_groups(histogram([chance.uniform(100, 1_000) for _ in range(1_000)])) is None
    assert find_groups(histogram(lognormal(1_000, 500, 1.5, seed))) is None


def test_an_average_that_is_pulled_up_by_its_tail_shows_it():
    # A tenth takes 1,000 times as long: the mean is 100 times the median.
    tail = measured([10.0] * 900 + [10_000.0] * 100)
    assert tail.groups is not None
    tail = measured([10.0] * 960 + [100_000.0] * 40)
    assert (tail.groups, tail.hiding) == (None, Hiding.VISIBLE)


def test_with_few_runs_nothing_is_said_of_the_tail():
    tail = measured([10.0] * 50 + [1_000.0])
    assert (tail.hiding, tail.top, tail.ratio, tail.slow_share) == (Hiding.TOO_FEW, None, None, None)


def test_runs_that_take_no_time_and_no_runs_at_all():
    assert measure_tail({}) is None
    tail = measured([0.0] * 500)
    assert (tail.hiding, tail.ratio, tail.mean_to_median, tail.slow_share) == (Hiding.NO_TAIL, None, None, None)


def test_the_exact_mean_is_used_where_it_is_known():
    assert measured([10.0] * 200, mean_ms=11.5).mean_ms == 11.5


@given(st.lists(st.floats(0.01, 1e7), min_size=1, max_size=300))
def test_figures_do_not_depend_on_order_and_grow_with_the_share(durations):
    tail, other = measured(durations), measured(durations[::-1])
    assert tail == other
    # Between two equal bins the interpolated value differs in its last digit.
    slack = 1 + 1e-9
    values = [p.ms for p in tail.percentiles]
    assert all(low <= high * slack for low, high in itertools.pairwise(values))
    assert all((p.low_ms or 0) <= p.ms * slack for p in tail.percentiles)
    assert all(p.ms <= (p.high_ms or p.ms) * slack for p in tail.percentiles)
    assert tail.slow_share is None or 0 <= tail.slow_share <= 1
