"""Which timeout to set: what it cuts and what it saves, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.advice.answer import Answer
from monitoring.analysis.advice.timeout import MAX_CUT, advise_timeout, candidates, option, round_up
from monitoring.analysis.visits import Visit


def visit(ms: float | None, status: str = "succeeded", usd: float | None = None) -> Visit:
    return Visit(1, "pay", status, duration_ms=ms, cost_usd=usd)


# 999 successes of 1 s and one of 4 s.
GOOD = [visit(1_000.0)] * 999 + [visit(4_000.0)]


@pytest.mark.parametrize(
    ("ms", "rounded"),
    [(1, 1), (950, 1_000), (1_001, 1_500), (4_000, 4_000), (6_500, 8_000), (59_000, 60_000), (60_001, 120_000)],
)
def test_timeouts_are_round_numbers(ms: float, rounded: float) -> None:
    assert round_up(ms) == rounded


def test_an_option_counts_what_it_cuts_and_saves() -> None:
    found = option(2_000.0, [1_000.0] * 999 + [4_000.0], [visit(30_000.0, "timed_out", 0.3), visit(500.0, "failed")])
    assert (found.cut, found.share.rate, found.ended, found.saved_ms) == (1, 0.001, 1, 28_000.0)
    # 28 of 30 seconds of 0.3 dollars.
    assert found.saved_usd == pytest.approx(0.28)


def test_the_shortest_one_that_spares_successes_is_advised_with_what_it_saves() -> None:
    hung = [visit(30_000.0, "timed_out", 0.3)] * 20
    found = advise_timeout([*GOOD, *hung], "pay")
    assert found.answer is Answer.CHANGE
    assert found.settings == {"timeout_ms": 1_000.0}
    assert found.sentence.startswith("Set a timeout of 1 s on pay: it cuts 0.10% of successes (at most 0.56%)")
    assert "ends 20 failing visits earlier" in found.sentence
    # 20 x 29 s, and 29 of 30 parts of 6 dollars.
    assert "saves 9 min 40 s and $5.80, 97% of the time" in found.sentence
    assert len(found.tables[0].rows) == len(candidates([1_000.0] * 999 + [4_000.0]))


def test_where_failures_are_quick_nothing_would_be_saved() -> None:
    found = advise_timeout([*GOOD, *[visit(200.0, "failed")] * 20], "pay")
    assert (found.answer, dict(found.settings)) == (Answer.KEEP, {})
    assert "failures of pay end before it: it would save 0 ms" in found.sentence


def test_few_successes_cannot_tell_and_few_failures_save_nothing() -> None:
    assert advise_timeout([visit(1_000.0)] * 99, "pay").answer is Answer.CANNOT_TELL
    assert advise_timeout([*GOOD, *[visit(30_000.0, "failed")] * 4], "pay").answer is Answer.KEEP
    assert advise_timeout([], "pay").answer is Answer.CANNOT_TELL


durations = st.lists(st.floats(1, 1e7), min_size=100, max_size=300)


@given(durations, st.lists(st.floats(1, 1e7), min_size=5, max_size=40), st.randoms())
def test_what_is_advised_spares_successes_whatever_the_order(good: list[float], bad: list[float], chance) -> None:
    visits = [*(visit(ms) for ms in good), *(visit(ms, "failed") for ms in bad)]
    found = advise_timeout(visits, "pay")
    if found.answer is Answer.CHANGE:
        timeout = float(found.settings["timeout_ms"])
        assert sum(ms > timeout for ms in good) <= MAX_CUT * len(good)
        assert any(ms > timeout for ms in bad)
    chance.shuffle(visits)
    again = advise_timeout(visits, "pay")
    assert (again.answer, again.settings) == (found.answer, found.settings)
