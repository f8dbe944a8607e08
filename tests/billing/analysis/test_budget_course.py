"""Where a budget stands."""

from decimal import Decimal

import pytest

from billing.analysis.budget_course import BudgetCourse, BudgetState


@pytest.mark.parametrize(
    ("actual", "interval", "state", "difference"),
    [
        (100, (400, 350, 450), BudgetState.INSIDE, -100),
        (100, (480, 440, 520), BudgetState.AT_RISK, -20),
        (100, (520, 480, 560), BudgetState.AT_RISK, 20),
        (100, (600, 560, 640), BudgetState.OVER, 100),
        (501, (501, 501, 501), BudgetState.OVER, 1),
        (100, (None, None, None), BudgetState.UNKNOWN, -400),
        (600, (None, None, None), BudgetState.OVER, 100),
    ],
)
def test_states(actual: int, interval: tuple[int | None, ...], state: BudgetState, difference: int) -> None:
    forecast, low, high = (None if one is None else Decimal(one) for one in interval)
    course = BudgetCourse(Decimal(500), Decimal(actual), forecast, low, high)
    assert (course.state, course.difference) == (state, difference)
