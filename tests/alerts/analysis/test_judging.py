"""What one reading says about a condition."""

from datetime import UTC, datetime

import pytest

from alerts.analysis.conditions import Comparison, Condition
from alerts.analysis.judging import Verdict, judge
from alerts.analysis.readings import Reading, Subject

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)


def said(condition, value, **more):
    judged = judge(condition, Reading(Subject(), AT, value, samples=50, **more))
    return judged.verdict, judged.limit


@pytest.mark.parametrize(
    ("comparison", "value", "verdict"),
    [
        ("above", 5.1, Verdict.BAD),
        ("above", 5.0, Verdict.GOOD),
        ("below", 4.9, Verdict.BAD),
        ("below", 5.0, Verdict.GOOD),
    ],
)
def test_the_threshold_itself_is_good(comparison, value, verdict):
    assert said(Condition("runs", Comparison(comparison), threshold=5.0), value) == (verdict, 5.0)


def test_a_clear_threshold_makes_room_between():
    above = Condition("runs", threshold=5.0, clear_threshold=3.0)
    below = Condition("runs", Comparison.BELOW, threshold=5.0, clear_threshold=8.0)

    assert [said(above, value)[0] for value in (6.0, 4.0, 3.0)] == [Verdict.BAD, Verdict.BETWEEN, Verdict.GOOD]
    assert [said(below, value)[0] for value in (4.0, 6.0, 8.0)] == [Verdict.BAD, Verdict.BETWEEN, Verdict.GOOD]


def test_a_clear_threshold_on_the_wrong_side_is_none():
    assert said(Condition("runs", threshold=5.0, clear_threshold=9.0), 4.0)[0] is Verdict.GOOD


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_what_is_no_number_is_no_data(value):
    assert said(Condition("runs", threshold=5.0), value) == (Verdict.NO_DATA, None)


@pytest.mark.parametrize("threshold", [None, float("nan"), float("inf")])
def test_an_impossible_threshold_is_no_data(threshold):
    assert said(Condition("runs", threshold=threshold), 4.0) == (Verdict.NO_DATA, None)


def test_a_metric_that_nobody_knows_is_no_data():
    assert said(Condition("no_such_metric", threshold=1.0), 4.0) == (Verdict.NO_DATA, None)


def test_unusual_is_outside_on_the_side_that_is_worse():
    slow, quiet = Condition("duration_p95", Comparison.UNUSUAL), Condition("runs", Comparison.UNUSUAL)

    assert said(slow, 21.0, low=10.0, high=20.0) == (Verdict.BAD, 20.0)
    assert said(slow, 5.0, low=10.0, high=20.0)[0] is Verdict.GOOD
    assert said(quiet, 5.0, low=10.0, high=20.0) == (Verdict.BAD, 10.0)
    assert said(quiet, 25.0, low=10.0, high=20.0)[0] is Verdict.GOOD


def test_unusual_either_is_outside_on_both_sides():
    condition = Condition("runs", Comparison.UNUSUAL_EITHER)

    assert [said(condition, value, low=10.0, high=20.0) for value in (5.0, 25.0)] == [
        (Verdict.BAD, 10.0),
        (Verdict.BAD, 20.0),
    ]
    assert said(condition, 15.0, low=10.0, high=20.0)[0] is Verdict.GOOD


def test_without_a_usual_range_nothing_is_unusual():
    assert said(Condition("runs", Comparison.UNUSUAL), 5.0) == (Verdict.NO_DATA, None)


def test_a_budget_burns_too_fast_where_an_alarm_says_so():
    anything, fast = Condition("burn_rate"), Condition("burn_rate", threshold=6.0)

    assert said(anything, 8.0)[0] is Verdict.GOOD
    assert said(anything, 8.0, high=6.0) == (Verdict.BAD, 6.0)
    assert said(fast, 2.0, high=1.0)[0] is Verdict.GOOD
    assert said(fast, 20.0, high=14.4) == (Verdict.BAD, 14.4)


def test_the_excess_grows_with_how_bad_it_is():
    def excess(condition, value, **more):
        return judge(condition, Reading(Subject(), AT, value, **more)).excess

    assert excess(Condition("runs", threshold=5.0), 9.0) == 4.0
    assert excess(Condition("runs", Comparison.BELOW, threshold=5.0), 2.0) == 3.0
    assert excess(Condition("runs", Comparison.UNUSUAL), 2.0, low=10.0, high=20.0) == 8.0
