"""How far one execution is from the usual ones, and where its extra time went."""

import pytest

from monitoring.analysis.slowness import Pace, compare_duration
from monitoring.analysis.tail_split import Cell, Kind, Profile

PAY = Cell("charge_card", Kind.SYSTEM, "payments.example")
PLAN = Cell("plan", Kind.MODEL, "gpt-4o")


def run(pay: float, plan: float) -> Profile:
    return Profile("run", pay + plan, {PAY: pay, PLAN: plan})


USUAL = [run(1_000 + 10 * n, 2_000) for n in range(21)]


def test_a_slow_execution_names_the_step_and_the_system_that_carry_the_extra_time():
    found = compare_duration(run(9_100, 3_000), USUAL)
    assert found.pace is Pace.SLOW
    assert (found.usual_ms, found.duration_ms) == (3_100, 12_100)
    assert found.times == pytest.approx(12_100 / 3_100)
    assert found.faster_share == 1
    assert found.extra_ms == pytest.approx(9_000)
    assert [(s.name, round(s.extra_ms, 6)) for s in found.nodes] == [("charge_card", 8_000), ("plan", 1_000)]
    assert [(s.name, round(s.share, 3)) for s in found.targets] == [("payments.example", 0.889), ("gpt-4o", 0.111)]
    assert sum(share.share for share in found.kinds) == pytest.approx(1)


def test_within_the_range_is_usual_and_a_steady_workflow_is_not_slow_for_a_tenth_more():
    assert compare_duration(run(1_150, 2_000), USUAL).pace is Pace.USUAL
    steady = [run(1_000, 2_000)] * 50
    assert compare_duration(run(1_300, 2_000), steady).pace is Pace.USUAL
    found = compare_duration(run(4_000, 2_000), steady)
    assert (found.pace, found.range_ms) == (Pace.SLOW, (pytest.approx(2_000), pytest.approx(4_500)))


def test_an_execution_that_stopped_early_is_fast():
    assert compare_duration(run(10, 0), USUAL).pace is Pace.FAST


def test_one_slow_run_among_the_others_changes_little():
    with_outlier = [*USUAL, run(900_000, 2_000)]
    assert compare_duration(run(9_100, 3_000), with_outlier).pace is Pace.SLOW


def test_without_enough_others_nothing_is_said():
    found = compare_duration(run(9_100, 3_000), USUAL[:9])
    assert (found.pace, found.reference_runs, found.score) == (Pace.TOO_FEW, 9, None)


def test_durations_of_zero():
    nothing = [Profile("run", 0.0, {})] * 20
    found = compare_duration(run(5, 5), nothing)
    assert (found.pace, found.times, found.extra_ms) == (Pace.SLOW, None, 10)
