"""The histogram of durations: mergeable, and within its stated error."""

import random
from statistics import quantiles

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.histogram import (
    BIN_SQL,
    RELATIVE_ERROR,
    ZERO_BIN,
    Histogram,
    bin_of,
    count_within,
    counts_within,
    merge,
    middle,
    percentile,
)

durations = st.floats(min_value=0.001, max_value=1e12, allow_nan=False)


def histogram(values: list[float]) -> Histogram:
    return merge(([bin_of(value)], [1]) for value in values)


@given(durations)
def test_the_middle_of_a_bin_is_within_the_error_of_each_duration(ms: float) -> None:
    assert middle(bin_of(ms)) == pytest.approx(ms, rel=RELATIVE_ERROR + 1e-9)


def test_zero_has_a_bin_of_its_own() -> None:
    assert bin_of(0) == bin_of(0.0009) == ZERO_BIN
    assert percentile(histogram([0, 0, 0]), 0.5) == 0


@given(st.lists(durations, min_size=1), st.integers(0, 20))
def test_merging_parts_is_the_same_as_counting_all(values: list[float], cut: int) -> None:
    parts = [histogram(values[:cut]), histogram(values[cut:])]
    assert merge((list(part), list(part.values())) for part in parts) == histogram(values)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_percentiles_are_within_the_error_of_the_interpolated_ones(share: float) -> None:
    rng = random.Random(7)
    values = [rng.lognormvariate(8, 1.5) for _ in range(2000)]
    exact = quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]
    assert percentile(histogram(values), share) == pytest.approx(exact, rel=RELATIVE_ERROR)


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None


def test_count_within() -> None:
    found = histogram([0, 10, 100, 1000])
    assert [count_within(found, limit) for limit in (0, 5, 10, 150, 1e6)] == [1, 1, 2, 3, 4]


@pytest.mark.django_db
def test_the_database_puts_durations_into_the_same_bins() -> None:
    values = [0.0, 0.0005, 0.001, 0.5, 1.0, 1.04, 137_000.0, 1_017_650.0, 1e12, *(1.37**n for n in range(60))]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {BIN_SQL.format(ms='ms')} FROM unnest(%s::float8[]) AS t(ms)", [values])
        assert [row[0] for row in cursor.fetchall()] == [bin_of(value) for value in values]


@given(st.dictionaries(st.integers(-300, 900), st.integers(1, 10**6)), st.lists(st.floats(0, 1e8), max_size=20))
def test_many_limits_at_once_are_the_same_as_one_by_one(histogram: Histogram, limits: list[float]) -> None:
    found = counts_within(histogram, [bin_of(limit) for limit in limits])
    assert found == tuple(count_within(histogram, limit) for limit in limits)
