"""Where a budget stands, and when it is passed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.analysis.budget_course import (
    BudgetCourse,
    BudgetState,
    Threshold,
    ThresholdOn,
    expected_on,
    lowest,
    reached,
    spent_on,
    sums_by_day,
    thresholds_of,
)
from billing.analysis.forecast import Point

FIRST = date(2026, 11, 1)
AMOUNTS = st.decimals(-1000, 1000, places=9)


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def point(number: int, usd: int) -> Point:
    return Point(day(number), Decimal(usd), Decimal(usd - 10), Decimal(usd + 10))


@pytest.mark.parametrize(
    ("actual", "interval", "state", "difference"),
    [
        (100, (400, 350, 450), BudgetState.INSIDE, -100),
        (100, (480, 440, 520), BudgetState.AT_RISK, -20),
        (100, (520, 480, 560), BudgetState.AT_RISK, 20),
        (100, (600, 560, 640), BudgetState.OVER, 100),
        (501, (501, 501, 501), BudgetState.OVER, 1),
        (500, (500, 500, 500), BudgetState.INSIDE, 0),
        (100, (None, None, None), BudgetState.UNKNOWN, -400),
        (600, (None, None, None), BudgetState.OVER, 100),
    ],
)
def test_states(actual: int, interval: tuple[int | None, ...], state: BudgetState, difference: int) -> None:
    forecast, low, high = (None if one is None else Decimal(one) for one in interval)
    course = BudgetCourse(Decimal(500), Decimal(actual), forecast, low, high)
    assert (course.state, course.difference) == (state, difference)


def test_shares_are_those_of_the_amount_and_none_where_nothing_is_forecast() -> None:
    assert BudgetCourse(Decimal(200), Decimal(50), Decimal(300)).forecast_share == 1.5
    assert BudgetCourse(Decimal(200), Decimal(50)).forecast_share is None
    assert BudgetCourse(Decimal(200), Decimal(250)).forecast_share == 1.25
    assert BudgetCourse(Decimal(200), Decimal(50)).share_on(ThresholdOn.ACTUAL) == 0.25


@given(st.dictionaries(st.integers(1, 30).map(day), AMOUNTS), AMOUNTS, st.randoms(use_true_random=False))
def test_it_is_passed_where_it_is_over_to_the_end_in_any_order(costs, amount, random) -> None:
    days = list(costs)
    random.shuffle(days)
    sums = sums_by_day({one: costs[one] for one in days})
    assert sums == sums_by_day(costs)
    passed = spent_on(sums, amount)
    over = {one for one in sums if sums[one] > amount}
    if passed is None:
        assert not sums or max(sums) not in over
    else:
        assert {one for one in sums if one >= passed} <= over
        before = max((one for one in sums if one < passed), default=None)
        assert before is None or before not in over


def test_a_credit_takes_back_what_was_over() -> None:
    costs = {day(1): Decimal(120), day(2): Decimal(-50), day(3): Decimal(40)}
    assert spent_on(sums_by_day(costs), Decimal(100)) == day(3)
    assert spent_on(sums_by_day(costs), Decimal(110)) is None
    assert spent_on(sums_by_day(costs), Decimal(110), is_over=False) == day(3)


def test_it_is_expected_on_the_first_day_over_it() -> None:
    points = [point(10, 90), point(11, 100), point(12, 110)]
    assert expected_on(points, Decimal(100)) == day(12)
    assert expected_on(points, Decimal(100), is_over=False) == day(11)
    assert expected_on(points, Decimal(200)) is None


def test_thresholds_are_reached_at_their_share() -> None:
    told = thresholds_of([{"on": "forecast", "percent": 110}, {"on": "actual", "percent": 50}])
    assert [(one.on, one.percent) for one in told] == [(ThresholdOn.ACTUAL, 50), (ThresholdOn.FORECAST, 110)]
    course = BudgetCourse(Decimal(100), Decimal(50), Decimal(109), Decimal(100), Decimal(120))
    found = reached(told, course, {day(9): Decimal(50)}, [point(10, 60), point(11, 109)])
    assert [(one.is_reached, one.day) for one in found] == [(True, day(9)), (False, None)]
    later = Threshold(ThresholdOn.ACTUAL, 60)
    assert [(one.is_reached, one.day) for one in reached([later], course, {}, [point(10, 60)])] == [(False, day(10))]


def test_the_lowest_threshold_is_of_its_own_kind() -> None:
    told = [Threshold(ThresholdOn.ACTUAL, 80), Threshold(ThresholdOn.ACTUAL, 50), Threshold(ThresholdOn.FORECAST, 10)]
    assert lowest(told, ThresholdOn.ACTUAL) == 0.5
    assert lowest(told[:2], ThresholdOn.FORECAST) is None
