"""Shares, lifts and p-values against figures worked out elsewhere."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.concentration import (
    Candidate,
    Finding,
    Reading,
    finding_order,
    fisher_exact,
    holm,
    measure,
)


def candidate(
    failures: int, base: int, *, value: str = "a", all_failures: int = 412, base_total: int = 7004
) -> Candidate:
    return Candidate("step", value, failures, all_failures, base, base_total)


def enumerated(a: int, b: int, c: int, d: int) -> float:
    """Fisher's test by its definition: every table with the same margins, in whole numbers."""
    row, column, total = a + b, a + c, a + b + c + d
    ways = {
        x: comb(row, x) * comb(total - row, column - x)
        for x in range(max(0, row + column - total), min(row, column) + 1)
    }
    return sum(way for way in ways.values() if way <= ways[a]) / comb(total, column)


def find(candidates: list[Candidate]) -> list[Finding]:
    return sorted(measure(candidates), key=finding_order)


def test_fisher_gives_the_published_figure_for_the_lady_tasting_tea():
    # Fisher, "The Design of Experiments" (1935): three of four right is 17/70 one-sided, 34/70 two-sided.
    assert fisher_exact(3, 1, 1, 3) == pytest.approx(34 / 70)


small = st.integers(min_value=0, max_value=60)


@given(small, small, small, small)
def test_fisher_equals_its_definition(a, b, c, d):
    assert fisher_exact(a, b, c, d) == pytest.approx(enumerated(a, b, c, d), rel=1e-6)


def test_fisher_stays_exact_far_in_the_tail_of_a_large_table():
    assert fisher_exact(321, 91, 576, 6016) == pytest.approx(enumerated(321, 91, 576, 6016), rel=1e-6)
    assert 0 < fisher_exact(321, 91, 576, 6016) < 1e-200


def test_holm_keeps_the_order_of_the_input():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_value_six_times_as_frequent_as_usual_is_concentrated():
    (finding,) = find([candidate(321, 897)])
    assert finding.share == pytest.approx(0.779, abs=0.001)
    assert finding.usual == pytest.approx(0.128, abs=0.001)
    assert finding.lift == pytest.approx(6.08, abs=0.01)
    assert finding.low < finding.lift < finding.high
    assert finding.low == pytest.approx(5.75, abs=0.05)
    assert finding.reading is Reading.CONCENTRATED


def test_a_clear_but_small_excess_is_above_usual():
    (finding,) = find([candidate(355, 3411)])
    assert finding.reading is Reading.ABOVE_USUAL


def test_a_share_like_that_of_all_runs_is_as_usual():
    (finding,) = find([candidate(383, 6514)])
    assert finding.lift == pytest.approx(1.0, abs=0.01)
    assert finding.reading is Reading.AS_USUAL


def test_few_failures_are_never_called_concentrated():
    (finding,) = find([candidate(9, 100, all_failures=9)])
    assert finding.lift > 50
    assert finding.reading is Reading.TOO_FEW


def test_a_handful_sharing_a_rare_value_is_not_yet_concentrated():
    (finding,) = find([candidate(4, 4)])
    assert finding.reading is Reading.ABOVE_USUAL


def test_looking_at_many_values_raises_the_bar():
    alone = find([candidate(12, 80)])[0]
    among = find([candidate(12, 80), *(candidate(20, 340, value=f"b{n}") for n in range(200))])
    same = next(finding for finding in among if finding.value == "a")
    assert alone.reading is not Reading.AS_USUAL
    assert same.p_value > alone.p_value
    assert same.reading is Reading.AS_USUAL


def test_without_a_base_the_lift_is_not_told():
    (finding,) = find([candidate(30, 0, base_total=0)])
    assert (finding.usual, finding.lift, finding.p_value) == (None, None, None)
    assert finding.reading is Reading.NOT_COMPARED


def test_concentrated_rows_come_first_then_the_greater_lift():
    found = find(
        [candidate(383, 6514, value="all"), candidate(321, 897, value="six"), candidate(37, 154, value="four")]
    )
    assert [finding.value for finding in found] == ["six", "four", "all"]


def test_a_value_that_is_new_has_no_lift_but_stands_out():
    (finding,) = find([Candidate("error", "a", 60, 100, 0, 400, is_apart=True)])
    assert (finding.usual, finding.lift) == (0.0, None)
    assert finding.reading is Reading.CONCENTRATED


def test_a_value_that_fails_less_often_is_below_usual():
    (finding,) = find([candidate(54, 3594)])
    assert finding.reading is Reading.BELOW_USUAL


LOCAL = frozenset({"step", "system", "input"})


def test_the_lift_over_a_sample_is_less_sure_than_over_all_runs():
    all_runs, sample = find([candidate(40, 100)])[0], find([Candidate("step", "a", 40, 412, 10, 704, is_apart=True)])[0]
    assert all_runs.lift == pytest.approx(sample.lift, rel=0.01)
    assert all_runs.low > sample.low
    assert all_runs.high < sample.high


def test_one_layer_of_three_pays_for_the_others():
    (alone,), (layer,) = measure([candidate(12, 80)], 10), measure([candidate(12, 80)], 10, 3)
    assert layer.p_value == pytest.approx(3 * alone.p_value)
