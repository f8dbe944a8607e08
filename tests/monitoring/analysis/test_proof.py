"""Before and after: what is decided, what is asked for, and how often it is wrong under a look every hour."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.alike import Alike, Hours, alike_of, hours
from monitoring.analysis.proof import BOUNDARY, DRIFT, MIN_RUNS, Outcome, crossing_chance, missing, plan, prove
from monitoring.evaluation.proving import SETTINGS, simulate

WEEKS = 4 * 168
# The first hour of a Monday.
MONDAY = 96


def side(start: int, length: int, runs: float, rate: float) -> Hours:
    """The same number of runs and failures in each hour."""
    return hours({start + hour: (runs, runs * rate) for hour in range(length)})


def compare(before: Hours, after: Hours, change: float = -0.5):
    planned = plan(before, -change * before.mean, is_share=True)
    assert planned is not None
    return prove(before, after, planned, alike=alike_of(before), is_share=True)


def still_missing(before: Hours, after: Hours):
    planned = plan(before, before.mean / 2, is_share=True)
    assert planned is not None
    return missing(before, after, planned, alike=alike_of(before))


def test_the_boundary_keeps_the_error_and_the_drift_gives_the_power() -> None:
    assert crossing_chance(0.0) == pytest.approx(0.025)
    assert pytest.approx(2.2414, abs=1e-4) == BOUNDARY
    assert crossing_chance(DRIFT) == pytest.approx(0.8)


def test_a_failure_that_vanished_is_helped_and_the_interval_says_so() -> None:
    proof = compare(side(MONDAY, WEEKS, 10, 0.1), side(MONDAY + WEEKS, 48, 10, 0.0))
    assert proof.outcome is Outcome.HELPED
    assert proof.before == pytest.approx(0.1)
    assert proof.after == 0
    assert proof.high < 0


def test_too_few_runs_cannot_tell_and_say_how_many_are_needed() -> None:
    before = side(MONDAY, WEEKS, 10, 0.1)
    proof = compare(before, side(MONDAY + WEEKS, 2, 10, 0.0))
    assert proof.outcome is Outcome.CANNOT_TELL
    assert proof.low < 0 < proof.high
    left = still_missing(before, side(MONDAY + WEEKS, 2, 10, 0.0))
    assert left is not None
    assert left.runs == 10 * left.hours
    later = compare(before, side(MONDAY + WEEKS, 2 + left.hours, 10, 0.1))
    assert later.progress == 1
    assert later.outcome is Outcome.NO_HELP
    assert compare(before, side(MONDAY + WEEKS, 1 + left.hours, 10, 0.1)).outcome is Outcome.CANNOT_TELL


def test_nothing_changed_is_no_help_and_worse_is_worse() -> None:
    before = side(MONDAY, WEEKS, 10, 0.1)
    assert compare(before, side(MONDAY + WEEKS, 100, 10, 0.1)).outcome is Outcome.NO_HELP
    assert compare(before, side(MONDAY + WEEKS, 100, 10, 0.3)).outcome is Outcome.WORSE


def test_the_hours_of_the_week_decide_nothing() -> None:
    """Nights fail, days do not. A release in the morning is no improvement."""
    rows = {MONDAY + h: (10.0, 5.0 if h % 24 < 8 else 0.0) for h in range(WEEKS)}
    before = hours(rows)
    days = hours({MONDAY + WEEKS + h: (10.0, 0.0) for h in range(168) if h % 24 >= 8})
    proof = compare(before, days)
    assert proof.change == 0
    assert proof.outcome is Outcome.NO_HELP


def test_bursts_widen_the_interval() -> None:
    steady = side(MONDAY, WEEKS, 10, 0.1)
    bursty = hours({MONDAY + h: (10.0, 10.0 if h % 10 == 0 else 0.0) for h in range(WEEKS)})
    after = side(MONDAY + WEEKS, 30, 10, 0.1)
    assert compare(bursty, after).high - compare(bursty, after).low > 2 * (
        compare(steady, after).high - compare(steady, after).low
    )


def test_a_short_past_is_compared_by_what_it_has() -> None:
    assert alike_of(side(MONDAY, 200, 1, 0)) is Alike.HOUR_OF_WEEK
    assert alike_of(side(MONDAY, 30, 1, 0)) is Alike.HOUR_OF_DAY
    assert alike_of(side(MONDAY, 5, 1, 0)) is Alike.ALL


def test_too_little_before_cannot_be_made_up_for_by_runs_after() -> None:
    assert still_missing(side(MONDAY, 20, 2, 0.05), side(MONDAY + 20, 1, 2, 0.0)) is None


def test_nothing_to_gain_has_no_plan() -> None:
    assert plan(side(MONDAY, WEEKS, 10, 0.0), 0.0, is_share=True) is None
    assert plan(hours({}), 0.5, is_share=True) is None


def test_the_old_release_at_the_same_time_is_the_control_of_a_canary() -> None:
    past = side(MONDAY, WEEKS, 10, 0.1)
    planned = plan(past, 0.05, is_share=True)
    assert planned is not None
    old = hours({MONDAY + WEEKS + h: (18.0, 9.0) for h in range(48)})
    new = hours({MONDAY + WEEKS + h: (2.0, 0.0) for h in range(48)})
    proof = prove(old, new, planned, alike=Alike.SAME_HOUR, is_share=True)
    assert proof.outcome is Outcome.HELPED
    assert proof.before == pytest.approx(0.5)
    assert missing(old, new, planned, alike=Alike.SAME_HOUR) is not None


def test_what_always_fails_can_be_shown_to_fail_less() -> None:
    before = side(MONDAY, WEEKS, 2, 1.0)
    assert compare(before, side(MONDAY + WEEKS, 12, 2, 0.0)).outcome is Outcome.HELPED
    assert compare(before, side(MONDAY + WEEKS, 60, 2, 1.0)).outcome is Outcome.NO_HELP


def test_means_are_compared_by_how_the_hours_differ() -> None:
    before = hours({MONDAY + h: (5.0, 5 * (100.0 + h % 7)) for h in range(WEEKS)})
    planned = plan(before, 0.1 * before.mean, is_share=False)
    assert planned is not None
    after = hours({MONDAY + WEEKS + h: (5.0, 5 * (80.0 + h % 7)) for h in range(24)})
    proof = prove(before, after, planned, alike=Alike.HOUR_OF_WEEK, is_share=False)
    assert proof.outcome is Outcome.HELPED
    assert proof.relative == pytest.approx(-0.19, abs=0.02)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 20), st.floats(0, 1)), min_size=1, max_size=60))
def test_a_decision_always_agrees_with_its_interval(told: list[tuple[int, int, float]]) -> None:
    before = side(0, WEEKS, 4, 0.25)
    after = hours({WEEKS + at: (float(n), float(round(n * share))) for at, n, share in told})
    proof = compare(before, after)
    if proof.outcome is Outcome.HELPED:
        assert proof.high < 0
        assert proof.runs_after >= MIN_RUNS
    if proof.outcome is Outcome.WORSE:
        assert proof.low > 0
    assert 0 <= proof.progress <= 1
    assert proof.low <= proof.change <= proof.high


@pytest.mark.parametrize(
    "name",
    [
        "0.5 %, 120 runs an hour, swings",
        "5 %, 20 runs an hour, swings",
        "5 %, 60 runs an hour, bursts",
        "30 %, 10 runs an hour, swings",
    ],
)
def test_chance_findings_and_misses_under_a_look_every_hour(name: str) -> None:
    """At most 5 % of the changes that do nothing are called helped; at most 20 % of real halvings are missed."""
    nothing, halved = (simulate(replace(SETTINGS[name], factor=factor), 120, 7) for factor in (1.0, 0.5))
    assert nothing.helped <= 0.05
    assert nothing.undecided == 0
    assert halved.helped >= 0.8
