"""Time in which no step was at work."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.steps import Step
from monitoring.analysis.waiting import waiting_ms


def visit(id: int, start: float | None, end: float | None, **fields: Any) -> Step:
    told: dict[str, Any] = {"id": id, "name": f"node {id}", "status": "succeeded", **fields}
    return Step(start_ms=start, end_ms=end, **told)


def flat(*steps: Step) -> float | None:
    return waiting_ms(steps, [None] * len(steps))


def test_gaps_between_steps_are_waiting_and_what_overlaps_is_not() -> None:
    assert flat(visit(1, 0, 10), visit(2, 15, 20), visit(3, 18, 40), visit(4, 50, 60)) == 5 + 10
    assert flat(visit(1, 0, 10), visit(2, 10, 20)) == 0


def test_a_step_that_waits_or_is_queued_is_not_at_work() -> None:
    assert flat(visit(1, 0, 10), visit(2, 10, 70, status="waiting"), visit(3, 70, 80)) == 60
    assert flat(visit(1, 0, 10), visit(2, 30, None, status="queued")) == 20


def test_only_innermost_steps_work() -> None:
    steps = [visit(1, 0, 100), visit(2, 0, 10), visit(3, 90, 100)]
    assert waiting_ms(steps, [None, 0, 0]) == 80


def test_the_pause_before_a_retry_is_not_waiting() -> None:
    first, again = visit(1, 0, 10, name="ask", status="failed"), visit(2, 40, 50, name="ask", attempt=2)
    assert flat(first, again, visit(3, 55, 60)) == 5
    # The same node inside another step is another one.
    assert waiting_ms([visit(9, 0, 60), visit(8, 0, 60), first, again], [None, None, 0, 1]) == 30


@pytest.mark.parametrize(
    "steps",
    [[], [visit(1, 0, 10)], [visit(1, 0, 10), visit(2, 20, None)], [visit(1, None, None), visit(2, 0, 9)]],
)
def test_what_cannot_be_told_is_not_zero(steps: list[Step]) -> None:
    assert flat(*steps) is None
    assert flat(visit(1, 5, 5), visit(2, 9, 9)) is None
    assert flat(visit(1, 0, 4), visit(2, 6, 8), visit(3, None, None, status="skipped")) == 2


spans = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), min_size=2, max_size=12)


@given(spans, st.randoms(use_true_random=False))
def test_it_is_what_counting_by_the_millisecond_gives(drawn: list[tuple[int, int]], chance: Any) -> None:
    steps = [visit(n, float(start), float(start + length)) for n, (start, length) in enumerate(drawn)]
    busy = {ms for start, length in drawn for ms in range(start, start + length)}
    chance.shuffle(steps)
    assert flat(*steps) == max(busy) + 1 - min(busy) - len(busy)
