"""Models side by side: within strata where they are given other inputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.advice.answer import Answer
from monitoring.analysis.advice.model_choice import (
    advise_model,
    distance,
    mean_of,
    risk_difference,
)
from monitoring.analysis.visits import Visit


def calls(model: str, count: int, failed: int, input_type: str = "", usd: float | None = None) -> list[Visit]:
    return [
        Visit(
            n,
            "write",
            "failed" if n < failed else "succeeded",
            model=model,
            input_type=input_type,
            duration_ms=1_000.0 + n,
            cost_usd=None if usd is None else usd * (1 + n % 5 / 10),
            tokens=100,
        )
        for n in range(count)
    ]


def test_the_common_difference_is_that_of_greenland_and_robins() -> None:
    # One stratum is the plain difference: 10/100 - 30/100, variance 0.09/100 + 0.21/100.
    found = risk_difference([(10, 100, 30, 100)])
    assert found is not None
    assert found.value == pytest.approx(-0.2)
    assert found.high - found.value == pytest.approx(1.95996 * (0.0009 + 0.0021) ** 0.5, rel=1e-4)
    # Two strata with weights 50 and 10: (50 x -0.2 + 10 x 0.1) / 60.
    both = risk_difference([(10, 100, 30, 100), (4, 20, 2, 20)])
    assert both is not None
    assert (both.value, both.strata) == (pytest.approx((50 * -0.2 + 10 * 0.1) / 60), 2)


def test_strata_of_one_side_alone_do_not_count() -> None:
    assert risk_difference([(1, 10, 0, 0), (0, 0, 1, 10)]) is None
    assert risk_difference([]) is None


def test_a_model_that_surely_fails_less_is_advised() -> None:
    found = advise_model([*calls("big", 300, 60), *calls("new", 200, 8)], "write")
    assert found.answer is Answer.CHANGE
    assert found.settings == {"model": "new"}
    assert "−16.0 points" in found.sentence
    assert [row[0] for row in found.tables[0].rows] == ["big", "new"]


def test_a_cheaper_model_that_fails_no_more_is_advised_with_its_cost() -> None:
    found = advise_model([*calls("big", 1000, 0, usd=0.02), *calls("small", 1000, 0, usd=0.002)], "write")
    assert found.settings == {"model": "small"}
    assert "A call costs $0.0024 instead of $0.024" in found.sentence


def test_models_with_other_inputs_are_compared_within_them() -> None:
    # Each fails alike within an input: 40 % of scans, 5 % of forms. The first one is given the scans.
    visits = [
        *calls("a", 300, 120, "scan"),
        *calls("a", 100, 5, "form"),
        *calls("b", 50, 20, "scan"),
        *calls("b", 300, 15, "form"),
    ]
    found = advise_model(visits, "write")
    assert found.answer is Answer.KEEP
    assert {line.name: line.value for line in found.lines}["Difference of inputs"] == pytest.approx(0.75 - 1 / 7)
    assert "compared within each" in found.lines[1].how
    plain = advise_model([visit._replace(input_type="") for visit in visits], "write")
    assert plain.settings == {"model": "b"}


def test_nothing_in_common_cannot_be_compared() -> None:
    found = advise_model([*calls("a", 100, 30, "scan"), *calls("b", 90, 1, "form")], "write")
    assert found.answer is Answer.CANNOT_TELL
    assert "no input type in common" in found.sentence


def test_one_model_or_few_calls_have_nothing_to_compare() -> None:
    assert advise_model(calls("a", 100, 3), "write").answer is Answer.CANNOT_TELL
    assert advise_model([*calls("a", 100, 3), *calls("b", 29, 0)], "write").answer is Answer.CANNOT_TELL


def test_a_mean_has_the_interval_of_student() -> None:
    assert mean_of([1.0]) is None
    mean, low, high = mean_of([1.0, 2.0, 3.0]) or (0, 0, 0)
    # s / sqrt(3) = 0.57735, t(2) = 4.3027.
    assert (mean, high - low) == (2.0, pytest.approx(2 * 4.3027 * 0.57735, rel=0.01))


counts = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)).map(
    lambda four: (four[0], four[0] + four[1], four[2], four[2] + four[3])
)


@given(st.lists(counts, max_size=6))
def test_the_difference_is_between_minus_one_and_one_and_turns_with_its_sides(strata) -> None:
    found, turned = risk_difference(strata), risk_difference([(b, m, a, n) for a, n, b, m in strata])
    assert (found is None) == (turned is None)
    if found and turned:
        assert -1 <= found.value <= 1
        assert found.low <= found.value <= found.high
        assert turned.value == pytest.approx(-found.value)


@given(st.lists(st.sampled_from("ab"), min_size=1), st.lists(st.sampled_from("ab"), min_size=1))
def test_the_distance_of_inputs_is_a_share(one: list[str], other: list[str]) -> None:
    a, b = ([Visit(1, "n", "succeeded", input_type=name) for name in side] for side in (one, other))
    assert 0 <= distance(a, b) <= 1
    assert distance(a, a) == 0
