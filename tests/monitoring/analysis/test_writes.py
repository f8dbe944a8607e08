"""Which steps a retry would do a second time."""

import pytest

from monitoring.analysis.steps import Step
from monitoring.analysis.writes import writes_outside


@pytest.mark.parametrize(
    ("step", "writes"),
    [
        (Step(1, "x", side_effect=True), True),
        (Step(1, "POST /orders", kind="http", side_effect=False), False),
        (Step(1, "HTTP POST", kind="http"), True),
        (Step(1, "HTTP GET", kind="http"), False),
        (Step(1, "x", kind="tool", tool="book_reservation"), True),
        (Step(1, "x", kind="tool", tool="get_booking_update"), False),
        (Step(1, "INSERT INTO orders", kind="database"), True),
        (Step(1, "SELECT ts.orders", kind="database"), False),
        (Step(1, "sendEmail", system="smtp"), True),
        (Step(1, "send thoughts", kind="llm"), False),
        (Step(1, "x", kind="tool"), False),
    ],
)
def test_marked_steps_and_verbs_of_writing_count(step: Step, writes: bool) -> None:
    assert writes_outside(step) is writes
