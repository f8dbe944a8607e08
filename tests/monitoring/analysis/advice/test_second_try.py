"""Whether to give up slow visits and try again, by hand."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.advice.answer import Answer
from monitoring.analysis.advice.second_try import advise_second_try, second_try
from monitoring.analysis.visits import Visit


def visits(*durations: float, **fields) -> list[Visit]:
    return [Visit(n, "ask", "succeeded", duration_ms=ms, **fields) for n, ms in enumerate(durations)]


def test_of_each_slow_visit_the_time_beyond_is_saved_less_a_new_try() -> None:
    # 95 of 1 s and 5 of 21 s: the mean is 2 s. A timeout of 3 s saves 21 - 3 - 2 = 16 s on each of five.
    found = second_try(3_000.0, [1_000.0] * 95 + [21_000.0] * 5)
    assert (found.again, found.saved_ms) == (5, 80_000.0)
    # The savings spread by 3,505 ms: 1.96 x 3,505 x sqrt(100) either way.
    assert found.high_ms - found.saved_ms == pytest.approx(1.96 * 3_505 * 10, rel=0.01)


def test_a_queue_is_worth_a_second_try_with_its_price() -> None:
    found = advise_second_try(visits(*[1_000.0] * 950, *[21_000.0] * 50, cost_usd=0.01), "ask")
    assert found.answer is Answer.CHANGE
    assert found.settings == {"timeout_ms": 1_000.0, "retries": 1}
    # 21 - 1 - 2 = 18 s on each of fifty.
    assert found.sentence == (
        "Give up ask after 1 s and try once more: 5.0% of visits would be tried again, at the price of $0.50, "
        "and 15 min (10 min 57 s to 19 min 3 s) saved."
    )
    assert "not where the input makes it slow" in found.limits


def test_an_even_latency_is_left_as_it_is() -> None:
    chance = random.Random(3)
    found = advise_second_try(visits(*(1_000 * chance.lognormvariate(0, 0.4) for _ in range(1_000))), "ask")
    assert found.answer is Answer.KEEP


def test_few_visits_cannot_tell_and_writes_are_warned_of() -> None:
    assert advise_second_try(visits(*[1_000.0] * 99), "ask").answer is Answer.CANNOT_TELL
    writing = {"kind": "http", "system": "pay.example"}
    slow = [
        Visit(n, "Create order", "succeeded", duration_ms=21_000.0 if n % 20 == 0 else 1_000.0, **writing)
        for n in range(400)
    ]
    assert "a retry may do it twice" in advise_second_try(slow, "Create order").cautions[0]


@given(st.lists(st.floats(1, 1e6), min_size=100, max_size=200), st.randoms())
def test_what_is_advised_surely_saves_whatever_the_order(durations: list[float], chance) -> None:
    found = advise_second_try(visits(*durations), "ask")
    if found.answer is Answer.CHANGE:
        timeout = float(found.settings["timeout_ms"])
        assert 0 < sum(ms > timeout for ms in durations) <= 0.1 * len(durations)
        assert second_try(timeout, durations).low_ms > 0
    chance.shuffle(durations)
    assert advise_second_try(visits(*durations), "ask").settings == found.settings
