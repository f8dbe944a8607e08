"""What makes a finding, what it is worth, and since when: worked by hand."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.explanation import Part
from monitoring.analysis.finding_costs import Retried, Slow, Spending, expensive, long_tail, retried, wasted
from monitoring.analysis.finding_failures import (
    Concentrated,
    Diagnosed,
    Money,
    caused,
    concentrated,
    diverged,
    told_once,
)
from monitoring.analysis.findings import Began, Candidate, Kind, Span, excess_share, is_over, ranked
from monitoring.analysis.tail import measure_tail
from monitoring.analysis.tail_split import Cell, Profile, split_groups
from monitoring.analysis.tail_split import Kind as Time

START = datetime(2026, 8, 5, tzinfo=UTC)
WEEK = Span(START, START + timedelta(days=7), 28)
NAMES = {"step": "Step", "input": "Input type", "system": "External system"}
# Five a part up to the end: not over, and seen before.
STEADY = [5] * 28


def part(*pairs: tuple[str, str], failures: int = 40, told: int = 50, usual: float = 0.2, **more: Any) -> Concentrated:
    told_part = Part(pairs, 200, failures, failures, failures / told, failures / told)
    figures = (failures, told, failures / told, usual, failures / told / usual, 3.0, 5.0, 0.001)
    return Concentrated(told_part, *figures, **{"points": STEADY, **more})


def test_excess_is_what_would_not_be_there_had_it_failed_as_the_others() -> None:
    # 100 failures in 1,000 runs; 80 of them in 200 runs. The other 800 fail at 2.5 %, which would be 5 of the 200.
    assert excess_share(0.8, 0.2) == pytest.approx((80 - 5) / 100)
    assert excess_share(0.2, 0.2) == 0
    assert excess_share(0.1, 0.2) == 0
    assert excess_share(1.0, 1.0) == 0


@given(st.floats(0, 1), st.floats(0, 0.999))
def test_excess_is_a_part_of_the_share(share: float, usual: float) -> None:
    assert 0 <= excess_share(share, usual) <= max(share, 0) + 1e-9


@pytest.mark.parametrize(
    ("points", "over"),
    [
        ([0] * 28, False),
        ([2] * 28, False),
        # Two a part, then three silent parts would have had six.
        ([2] * 25 + [0] * 3, True),
        ([2] * 26 + [0] * 2, False),
        # Bursts with five silent parts between them: five silent ones more say nothing, eight do.
        ([9, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0], False),
        ([9, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0], True),
    ],
)
def test_it_is_over_when_five_more_would_have_come(points: list[int], over: bool) -> None:
    assert is_over(points) is over


def test_a_concentration_says_what_fixing_is_worth() -> None:
    (found,) = concentrated([part(("step", "score"))], 50, WEEK, Money(0.5), NAMES)
    assert found.title == "Failures are concentrated in step score"
    assert found.executions_per_week == 40
    # (0.8 - 0.2) / (1 - 0.2) of 50.
    assert found.worth == pytest.approx(37.5)
    assert found.cost_per_week_usd == 20
    assert found.where == {"step": "score"}
    assert {line.name: line.value for line in found.lines}["Would be saved a week"] == pytest.approx(37.5)
    assert "root cause" not in str(found)


def test_four_weeks_are_told_as_one() -> None:
    (found,) = concentrated([part(("step", "score"))], 50, Span(START, START + timedelta(days=28), 28), Money(), NAMES)
    assert (found.executions_per_week, found.worth) == (10, pytest.approx(9.375))
    assert found.cost_per_week_usd is None


def test_fewer_than_ten_failures_and_what_is_over_are_no_finding() -> None:
    assert concentrated([part(("step", "score"), failures=8, told=9)], 9, WEEK, Money(), NAMES) == []
    assert concentrated([part(("step", "score"), points=[5] * 20 + [0] * 8)], 50, WEEK, Money(), NAMES) == []


def test_where_nothing_ran_nothing_is_over() -> None:
    stopped = Span(START, START + timedelta(days=7), 28, [25] * 20 + [0] * 8)
    found = part(("step", "score"), points=[5] * 20 + [0] * 8)
    assert len(concentrated([found], 50, stopped, Money(), NAMES)) == 1
    recovered = Span(START, START + timedelta(days=7), 28, [25] * 28)
    assert concentrated([found], 50, recovered, Money(), NAMES) == []


def test_an_hour_of_the_day_needs_three_days() -> None:
    once = part(("hour", "06:00–07:00"), points=[0] * 27 + [40])
    often = part(("hour", "06:00–07:00"), points=([0, 5, 0, 0]) * 7)
    assert concentrated([once], 50, WEEK, Money(), NAMES) == []
    assert len(concentrated([often], 50, WEEK, Money(), NAMES)) == 1


def test_the_same_runs_have_one_name_whichever_was_found() -> None:
    step, system = (("step", "charge"),), (("system", "pay.example"),)
    one = part(*step, same_runs=[system])
    other = part(*system, same_runs=[step])
    subjects = [concentrated([each], 50, WEEK, Money(), NAMES)[0].subject for each in (one, other)]
    assert subjects[0] == subjects[1] == {"of": "failed", "values": [["step", "charge"]]}


def test_the_subject_depends_on_neither_numbers_nor_order() -> None:
    pairs = (("step", "a"), ("input", "pdf"), ("release", "7"))
    subjects = [
        concentrated([part(*order, failures=40 + n)], 50, WEEK, Money(), NAMES)[0].subject
        for n, order in enumerate(permutations(pairs))
    ]
    assert all(subject == subjects[0] for subject in subjects)


def test_since_is_a_beginning_only_where_the_rate_rose() -> None:
    runs = [100] * 28
    span = Span(START, START + timedelta(days=7), 28, runs)
    assert span.since([0] * 20 + [30] * 8) == (START + 20 * timedelta(hours=6), Began.SURELY)
    assert span.since([3] * 28) == (START, Began.BEFORE)
    assert WEEK.since([0] * 10 + [1] + [0] * 17) == (START + 10 * timedelta(hours=6), Began.SEEN)
    assert WEEK.since([0] * 28) == (None, Began.SEEN)


def test_divergence_is_told_where_the_error_shows_elsewhere() -> None:
    rows = [
        Diagnosed("parse", "empty output", "score", 30, STEADY),
        Diagnosed("score", "failed", "score", 20, STEADY),
        Diagnosed("send", "missing", "score", 9, STEADY),
    ]
    (found,) = diverged(rows, 60, 120, WEEK, Money())
    assert found.title == "Runs leave the healthy path at parse: empty output; the error shows at score"
    assert found.worth == 60


def test_a_share_that_may_be_under_a_fifth_is_no_finding() -> None:
    # 15 of 60 is 25 %, its interval begins at 16 %.
    assert diverged([Diagnosed("parse", "empty output", "score", 15, STEADY)], 60, 60, WEEK, Money()) == []


def test_a_cause_is_told_once_with_the_concentration_of_its_step() -> None:
    first = concentrated([part(("step", "score"))], 50, WEEK, Money(), NAMES)
    causes = caused(
        [
            Diagnosed("", "process design", "score", 30, STEADY),
            Diagnosed("", "latency", "send", 26, STEADY),
            Diagnosed("", "undecided", "send", 30, STEADY),
        ],
        80,
        80,
        WEEK,
        Money(),
    )
    together = told_once(first, causes)
    assert [one.kind for one in together] == [Kind.CONCENTRATION, Kind.CAUSE]
    assert together[0].lines[-1].value == "process design"
    assert together[1].title == "Latency is the suggested cause at send"


def test_money_on_failures_is_a_finding_from_a_tenth_on() -> None:
    spent = Spending(runs=1000, total_usd=100.0, failed_runs=50, failed_usd=20.0)
    (found,) = wasted(spent, WEEK)
    # 20 dollars are 200 runs of 0.1; no more than the 50 that failed can be saved.
    assert (found.worth, found.cost_per_week_usd) == (50, 20)
    assert wasted(Spending(1000, 100.0, 50, 9.0), WEEK) == []
    assert wasted(Spending(1000, 100.0, 9, 20.0), WEEK) == []
    assert wasted(Spending(), WEEK) == []


def test_expensive_runs_count_what_they_cost_beyond_the_average() -> None:
    spent = Spending(1000, 100.0, 0, 0.0, 50, 30.0, 0.4)
    (found,) = expensive([part(("input", "pdf"))], spent, WEEK, NAMES)
    # Beyond the average: 30 - 50 x 0.1 = 25; (0.8 - 0.2) / 0.8 of it is 18.75, or 187.5 runs: at most the 40 affected.
    assert found.cost_per_week_usd == pytest.approx(18.75)
    assert found.worth == 40


def test_retries_in_vain_count_whole_and_others_their_time() -> None:
    row = Retried("charge", 200, 40, 30, spent_ms=400_000.0, spent_usd=None)
    (found,) = retried([row], 20_000.0, WEEK)
    # 10 in vain, and 400 s / 20 s = 20 runs' time, three quarters of it.
    assert found.worth == pytest.approx(10 + 20 * 0.75)
    assert found.title == "charge: 20% of visits are tried again, 25% of them in vain"
    assert retried([Retried("charge", 1000, 40, 30, 0.0, None)], 20_000.0, WEEK) == []
    assert retried([Retried("charge", 20, 9, 3, 0.0, None)], 20_000.0, WEEK) == []


def test_a_long_tail_in_one_place_is_worth_its_time() -> None:
    slow = [Profile(str(n), 41_000 + n, {Cell("pay", Time.SYSTEM, "pay.example"): 40_000 + n}) for n in range(12)]
    usual = [Profile(str(n), 1_000 + n, {Cell("pay", Time.SYSTEM, "pay.example"): 500 + n}) for n in range(12)]
    histogram = {170: 900, 265: 100}
    runs = Slow(12, 5_000.0, 0.5, [0] * 20 + [1] * 4 + [2] * 4)
    (found,) = long_tail(measure_tail(histogram), split_groups(slow, usual, 40_000, (900, 1_100)), runs, WEEK)
    assert found.title == "The long tail is concentrated in pay, waiting for pay.example"
    assert (found.worth, found.cost_per_week_usd) == (12, 6)
    assert found.since == START + 20 * timedelta(hours=6)
    assert found.where == {"step": "pay", "system": "pay.example"}
    assert long_tail(measure_tail({170: 1000}), None, Slow(0, 5_000.0), WEEK) == []


def test_findings_are_ranked_by_worth_then_money_then_title() -> None:
    rows = [
        Candidate(Kind.TAIL, {}, title, [], 1.0, worth, usd)
        for title, worth, usd in (("b", 1.0, 1.0), ("a", 1.0, 1.0), ("c", 1.0, 2.0), ("d", 2.0, None))
    ]
    for order in permutations(rows):
        assert [one.title for one in ranked(order)] == ["d", "c", "a", "b"]
