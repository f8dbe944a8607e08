"""When a failure is back."""

import pytest

from monitoring.analysis.returning import Side, at_least, has_returned


def test_one_failure_is_enough_where_there_was_none() -> None:
    assert has_returned(Side(200, 0), Side(5, 1))
    assert not has_returned(Side(200, 0), Side(5000, 0))


def test_an_absence_of_few_runs_says_nothing() -> None:
    assert not has_returned(Side(5, 0), Side(5, 1))


def test_where_it_went_on_it_must_be_clearly_more() -> None:
    assert not has_returned(Side(1000, 10), Side(1000, 15))
    assert has_returned(Side(1000, 10), Side(1000, 50))


def test_the_tail_of_the_binomial() -> None:
    assert at_least(0, 10, 0.3) == pytest.approx(1)
    assert at_least(10, 10, 0.5) == pytest.approx(0.5**10)
    assert at_least(6, 10, 0.5) == pytest.approx(0.376953125)
    assert at_least(100_000, 100_000, 0.9) >= 0
