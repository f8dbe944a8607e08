"""Proposed objectives with their arithmetic, and the burn of the error budget."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.histogram import bin_of
from monitoring.analysis.objectives import (
    RATES,
    Recent,
    Week,
    burn,
    propose_freshness_ms,
    propose_p95_ms,
    propose_success_rate,
)
from monitoring.analysis.rhythm import rhythm


def week(rate: float, runs: int = 200, ms: float = 1000.0) -> Week:
    return Week(runs, round(runs * rate), {bin_of(ms): runs})


def test_the_rate_that_held_in_three_weeks_of_four() -> None:
    found = propose_success_rate([week(0.985), week(0.992), week(0.8), week(0.99)])
    assert found.value == 0.98
    assert found.words == (
        "Proposed: 98% or more succeeded in 3 of 4 weeks, the highest step that holds in three of four"
    )


def test_no_rate_is_proposed_from_too_little_or_from_ruins() -> None:
    assert propose_success_rate([week(1.0)]).value is None
    assert propose_success_rate([week(1.0), week(1.0, runs=10)]).words.startswith("No proposal: 1 weeks with 50 runs")
    assert propose_success_rate([week(0.1), week(0.2)]).value is None
    assert propose_success_rate([]).value is None


def test_p95_is_a_round_figure_that_was_kept() -> None:
    found = propose_p95_ms([week(1.0, ms=ms) for ms in (900, 1100, 1300, 9000)])
    assert found.value == 1500
    assert "at most 1.5 s in 3 of 4 weeks" in found.words
    assert propose_p95_ms([Week(100, 100, {}), Week(100, 100, {})]).value is None


def test_freshness_is_one_and_a_half_times_the_longest_usual_gap() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    found = propose_freshness_ms(rhythm(start + timedelta(days=n) for n in range(10)))
    assert found.value == 1.5 * 24 * 3_600_000
    assert found.words.endswith("are at most 1 d; 1.5 times that, rounded up to 1 d 12 h")
    assert propose_freshness_ms(rhythm([start])).value is None


@given(st.lists(st.tuples(st.integers(50, 500), st.floats(0.5, 1)), min_size=2, max_size=8))
def test_a_proposal_was_kept_in_three_of_four_weeks(raw) -> None:
    weeks = [week(rate, runs) for runs, rate in raw]
    found = propose_success_rate(weeks).value
    if found is not None:
        assert found in RATES
        assert sum(one.succeeded / one.rated >= found for one in weeks) >= 0.75 * len(weeks)


@pytest.mark.parametrize(
    ("recent", "too_fast"),
    [
        ([Recent(1, 200, 40), Recent(1 / 12, 20, 4)], True),
        # It burned, and is over.
        ([Recent(1, 200, 40), Recent(1 / 12, 20, 0)], False),
        # One of two is no proof.
        ([Recent(1, 2, 1), Recent(1 / 12, 1, 1)], False),
        ([Recent(72, 5000, 80), Recent(6, 400, 8)], True),
        ([Recent(72, 5000, 40), Recent(6, 400, 3)], False),
        ([], False),
        ([Recent(1, 0, 0)], False),
    ],
)
def test_burn(recent: list[Recent], too_fast: bool) -> None:
    assert burn(0.99, recent).is_too_fast is too_fast


def test_burn_in_words_and_without_a_budget() -> None:
    found = burn(0.99, [Recent(1, 200, 40), Recent(1 / 12, 20, 4)])
    assert found.rate == pytest.approx(20)
    assert found.words == (
        "40 of 200 runs failed in 1 h: 20.0\N{MULTIPLICATION SIGN} the rate that the error budget of 1% allows"
    )
    assert burn(1.0, [Recent(1, 10, 10)]).rate is None
