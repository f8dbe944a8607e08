"""What is slow, and whose time it is."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.analysis.dependencies import Cause
from alerts.analysis.slowness import LEAST_CALLS, LEAST_HOURS, LEAST_RUNS, Compared, Timed, is_their_time, slow, slowed

A, B = UUID(int=1), UUID(int=2)
PAYMENTS = Cause("system", "api.payments.example")
CALM = [Timed(10, 10 * mean) for mean in [*range(90, 110), *range(95, 105)]]


def times(count: int, mean: float) -> Timed:
    return Timed(count, count * mean)


def test_calls_beyond_their_usual_range_and_half_as_long_again_are_slow() -> None:
    found = slow(CALM, times(10, 200))
    assert found is not None
    assert (found.mean_ms, found.usual_ms, found.factor) == (200, 99.5, pytest.approx(2.01, abs=0.01))


@pytest.mark.parametrize(
    ("hours", "lately"),
    [
        (CALM, times(10, 140)),
        (CALM, times(LEAST_CALLS - 1, 900)),
        (CALM[: LEAST_HOURS - 1], times(10, 900)),
        ([times(LEAST_CALLS - 1, 100)] * 90, times(10, 900)),
        ([*CALM, *[times(10, 300)] * 4], times(10, 250)),
        ([], times(10, 900)),
        (CALM, Timed()),
    ],
    ids=[
        "under half as long again",
        "too few calls lately",
        "too few hours",
        "hours with too few calls",
        "as slow as it sometimes is",
        "never called before",
        "not called lately",
    ],
)
def test_else_they_are_not_or_nobody_knows(hours, lately) -> None:
    assert slow(hours, lately) is None


def test_half_of_the_time_that_runs_take_longer_must_be_that_of_calls() -> None:
    runs = Compared(times(10, 3_000), times(100, 1_000))
    assert is_their_time(runs, Compared(times(10, 1_500), times(100, 500)))
    assert not is_their_time(runs, Compared(times(10, 1_400), times(100, 500)))
    # Two calls a run where there was one before.
    assert is_their_time(runs, Compared(times(20, 800), times(100, 500)))


@pytest.mark.parametrize(
    "runs",
    [
        Compared(Timed(), times(100, 1_000)),
        Compared(times(10, 3_000), times(LEAST_RUNS - 1, 1_000)),
        Compared(times(10, 900), times(100, 1_000)),
    ],
    ids=["no run ended lately", "too few before", "not slower"],
)
def test_where_runs_are_not_known_to_take_longer_nothing_explains_it(runs) -> None:
    assert not is_their_time(runs, Compared(times(10, 9_000), times(100, 100)))


def test_of_slow_ones_those_are_told_that_explain_a_workflow() -> None:
    runs = {A: Compared(times(10, 3_000), times(100, 1_000)), B: Compared(times(10, 3_000), times(100, 1_000))}
    calls = {
        (A, PAYMENTS): Compared(times(10, 2_400), times(100, 500)),
        (B, PAYMENTS): Compared(times(10, 600), times(100, 500)),
    }
    assert slowed(runs, calls, [PAYMENTS]) == {A: {PAYMENTS}}
    assert slowed(runs, calls, []) == {}
    assert slowed({}, calls, [PAYMENTS]) == {}


amounts = st.builds(Timed, st.integers(0, 50), st.floats(0, 1e6))


@given(st.lists(amounts, max_size=60), amounts, st.randoms())
def test_the_order_of_hours_means_nothing(hours, lately, random) -> None:
    turned = list(hours)
    random.shuffle(turned)
    assert slow(hours, lately) == slow(turned, lately)
