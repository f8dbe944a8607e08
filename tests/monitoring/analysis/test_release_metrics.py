"""Figures of two releases: which word is said, how many more runs, and how often a word is wrong."""

from collections import Counter

import numpy as np
import pytest

from monitoring.analysis.difference import Moments, Reading, runs_after_needed
from monitoring.analysis.histogram import Histogram, bin_of, percentile
from monitoring.analysis.release_metrics import (
    Side,
    compare_shares,
    compare_sides,
    duration_moments,
    mean_compared,
    quantile_compared,
    rate_compared,
)


def timed(values: list[float]) -> Histogram:
    return dict(Counter(bin_of(value) for value in values))


def moments(values: list[float]) -> Moments:
    return Moments(len(values), sum(values), sum(value * value for value in values))


@pytest.mark.parametrize(
    ("before", "after", "reading"),
    [
        ((950, 1000), (700, 1000), Reading.WORSE),
        ((700, 1000), (950, 1000), Reading.BETTER),
        ((900, 1000), (895, 1000), Reading.NO_DIFFERENCE),
        ((900, 1000), (18, 20), Reading.CANNOT_TELL),
        ((9, 10), (900, 1000), Reading.CANNOT_TELL),
    ],
)
def test_a_success_rate_has_its_word(before: tuple[int, int], after: tuple[int, int], reading: Reading) -> None:
    assert rate_compared("success_rate", before, after, is_success=True).reading == reading


def test_how_many_more_runs_follows_from_what_matters() -> None:
    few = rate_compared("success_rate", (900, 1000), (18, 20), is_success=True)
    assert few.more == (runs_after_needed(0.1, 0.2, 1000) or 0) - 20
    # Where nothing failed, two points more are what matters.
    assert rate_compared("unmet_rate", (0, 1000), (0, 20)).more == (runs_after_needed(0, 0.02, 1000) or 0) - 20
    assert rate_compared("success_rate", (9, 10), (90, 100), is_success=True).more is None
    assert rate_compared("success_rate", (0, 0), (90, 100)).found is None


def test_with_so_many_more_runs_a_doubled_failure_rate_is_told() -> None:
    random, told = np.random.default_rng(3), 0
    for _ in range(400):
        before = int(random.binomial(1000, 0.1))
        first = rate_compared("failures", (before, 1000), (1, 10))
        runs = 10 + (first.more or 0)
        found = rate_compared("failures", (before, 1000), (int(random.binomial(runs, 0.2)), runs))
        assert found.reading != Reading.CANNOT_TELL
        told += found.reading == Reading.WORSE
    assert told / 400 >= 0.77


def test_means_and_percentiles_say_when_they_cannot_tell() -> None:
    random = np.random.default_rng(4)
    many, few = random.lognormal(3, 0.6, 2000).tolist(), random.lognormal(3, 0.6, 30).tolist()
    found = mean_compared("cost_usd", "usd", moments(many), moments(few))
    assert found.reading == Reading.CANNOT_TELL
    more = random.lognormal(3, 0.6, 30 + (found.more or 0)).tolist()
    assert mean_compared("cost_usd", "usd", moments(many), moments(more)).reading == Reading.NO_DIFFERENCE
    assert quantile_compared("p95_ms", 0.95, timed(many), timed(few)).more == 43
    assert quantile_compared("p95_ms", 0.95, timed(few), timed(many)).more is None
    slower = [3 * value for value in many]
    assert quantile_compared("p95_ms", 0.95, timed(many), timed(slower)).reading == Reading.WORSE
    assert quantile_compared("p95_ms", 0.95, timed(slower), timed(many)).reading == Reading.BETTER


def test_what_is_the_same_for_all_runs_shows_no_difference() -> None:
    nothing = Moments(100, 0.0, 0.0)
    assert mean_compared("retries", "count", nothing, nothing).reading == Reading.NO_DIFFERENCE
    assert mean_compared("retries", "count", nothing, Moments(0, 0.0, 0.0)).more is None


def test_the_spread_of_durations_comes_from_their_histogram() -> None:
    values = np.random.default_rng(5).lognormal(8, 0.7, 5000).tolist()
    told = duration_moments(timed(values), sum(values) / 5000)
    assert told.mean == pytest.approx(np.mean(values))
    assert told.variance == pytest.approx(np.var(values, ddof=1), rel=0.05)
    assert duration_moments({}, None).runs == 0


def test_shares_are_corrected_for_all_that_were_looked_at() -> None:
    alone = compare_shares([(0, 6)], 100, 100)[0]
    among = compare_shares([(0, 6)] + [(50, 50)] * 9, 100, 100)[0]
    assert alone.is_shown
    assert not among.is_shown
    assert (among.share_before, among.share_after, among.change) == (0.0, 0.06, 0.06)
    assert compare_shares([(0, 5)], 0, 100)[0].change is None


def test_a_comparison_has_all_figures_in_their_order() -> None:
    histogram = timed([float(n) for n in range(1, 500)])
    side = Side(450, 500, 0, 0, histogram, duration_moments(histogram, 250.0))
    names = [one.name for one in compare_sides(side, side)]
    assert names == [
        *("success_rate", "p50_ms", "p95_ms", "p99_ms", "mean_ms", "cost_usd", "tokens", "retries", "unmet_rate")
    ]
    assert compare_sides(side, side)[2].before == pytest.approx(percentile(histogram, 0.95))
