"""Sampling rates as senders write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.adapters.rates import of_percent, of_share, one_in


@pytest.mark.parametrize(
    ("told", "found"),
    [(10, 10.0), ("10", 10.0), (1, 1.0), (0, 1.0), (2.5, 2.5), (-1, None), (True, None), ("many", None), ([], None)],
)
def test_one_in_how_many(told: Any, found: float | None) -> None:
    assert one_in(told) == found


@pytest.mark.parametrize(
    ("told", "found"),
    [
        *[(0.1, 10.0), ("0.1", 10.0), (1, 1.0), (1.0, 1.0), (0.3, 3.33), (0.10000610, 10.0), (1 / 1024, 1024.0)],
        *[(0, None), (-0.5, None), (1.5, None), (None, None), ("nan", None), ("inf", None), ("1" * 50, None)],
        (1e-320, None),
    ],
)
def test_a_share(told: Any, found: float | None) -> None:
    assert of_share(told) == found


def test_a_percentage() -> None:
    assert [of_percent(told) for told in (12.5, "50", 100, 0, 200, None)] == [8.0, 2.0, 1.0, None, None, None]


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_whatever_is_told_n_is_at_least_1_or_not_told(told: Any) -> None:
    for read in (one_in, of_share, of_percent):
        found = read(told)
        assert found is None or found >= 1.0
