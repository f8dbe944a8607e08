"""Usual ranges as limits of rules."""

import pytest

from alerts.analysis.catalogue import METRICS, Family
from alerts.analysis.usual import NEEDED, Exposure, limits_of
from monitoring.analysis.ranges import Metric, Pool, Range, limits

BEHIND = Exposure(rated=100, runs=100, timed=100, hours=1.0)


def usual(metric, middle, spread=0.01, samples=1000, typical=100):
    return Range(metric, 0.0, middle, 0.0, spread, 50, samples, typical, Pool.ALL_HOURS)


def test_limits_are_twice_as_far_from_the_middle():
    one = usual(Metric.ERROR_RATE, 0.1)
    low, high = limits(one, 100)

    assert limits_of("error_rate", {Metric.ERROR_RATE: one}, BEHIND) == (
        pytest.approx(max(0.0, 0.1 - 2 * (0.1 - low))),
        pytest.approx(0.1 + 2 * (high - 0.1)),
    )


def test_failures_are_the_usual_rate_of_so_many_runs():
    one = usual(Metric.ERROR_RATE, 0.1)
    low, high = limits_of("error_rate", {Metric.ERROR_RATE: one}, BEHIND)

    assert limits_of("failures", {Metric.ERROR_RATE: one}, BEHIND) == (low * 100, high * 100)


def test_fewer_runs_behind_make_wider_limits():
    one = usual(Metric.ERROR_RATE, 0.1)
    few, many = (
        limits_of("error_rate", {Metric.ERROR_RATE: one}, Exposure(count, count, count, 1.0)) for count in (10, 1000)
    )

    assert few[0] <= many[0] < many[1] <= few[1] <= 1.0


def test_runs_of_five_minutes_are_a_twelfth_of_those_of_an_hour():
    one = {Metric.VOLUME: usual(Metric.VOLUME, 600.0, spread=0.0)}
    low, high = limits_of("runs", one, Exposure(0, 0, 0, 1 / 12))

    assert low < 50 < high
    assert high < 100


def test_amounts_are_widened_on_the_scale_of_logarithms():
    one = usual(Metric.DURATION_P95, 1000.0, spread=0.1)
    low, high = limits_of("duration_p95", {Metric.DURATION_P95: one}, BEHIND)

    assert low * high == pytest.approx(1000.0**2)
    assert 1300 < high < 1800


def test_cost_is_the_usual_number_of_runs_times_what_one_usually_costs():
    ranges = {
        Metric.COST: usual(Metric.COST, 0.02, spread=0.1),
        Metric.VOLUME: usual(Metric.VOLUME, 100.0, spread=0.01),
    }
    low, high = limits_of("cost_usd", ranges, BEHIND)

    assert low < 2.0 < high
    assert low * high == pytest.approx(4.0)


def test_without_all_that_it_needs_nothing_is_usual():
    assert limits_of("cost_usd", {Metric.COST: usual(Metric.COST, 0.02)}, BEHIND) is None
    assert limits_of("error_rate", {Metric.ERROR_RATE: usual(Metric.ERROR_RATE, 0.1)}, Exposure(0, 0, 0, 1)) is None
    assert limits_of("duration_p99", {}, BEHIND) is None


def test_the_catalogue_says_for_which_metrics_there_is_a_usual_range():
    offered = {name for name, one in METRICS.items() if one.family is Family.ROLLUP and one.has_usual}

    assert offered == NEEDED.keys()
