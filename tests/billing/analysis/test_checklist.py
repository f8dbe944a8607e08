"""A point is settled, accepted with a reason, or in the way."""

import pytest

from billing.analysis.checklist import Check, Point, kept, refusals

OPEN = Point(Check.UNPRICED, "All tokens have a price", ["gpt-9 (openai): 7 tokens"])
STRICT = Point(Check.PENDING, "Nothing waits to be counted", ["3 hours of workflows wait for their cost lines"])
SETTLED = Point(Check.SOURCES, "No source is silent")


@pytest.mark.parametrize(
    ("reasons", "refused"),
    [
        ({}, {"unpriced": "needs a reason of 3 to 500 letters to be accepted as it is"}),
        ({"unpriced": " ok "}, {"unpriced": "needs a reason of 3 to 500 letters to be accepted as it is"}),
        ({"unpriced": "x" * 501}, {"unpriced": "needs a reason of 3 to 500 letters to be accepted as it is"}),
        ({"unpriced": "a free model"}, {}),
    ],
)
def test_what_is_open_needs_a_reason(reasons: dict[str, str], refused: dict[str, str]) -> None:
    """Settled points need none."""
    assert refusals([OPEN, SETTLED], reasons) == refused


def test_what_must_be_settled_is_not_accepted() -> None:
    """Whatever the reason."""
    assert refusals([STRICT], {"pending": "never mind"}) == {
        "pending": "must be settled first: 3 hours of workflows wait for their cost lines"
    }


def test_a_closed_month_keeps_what_was_open_and_why() -> None:
    """A reason for a settled point says nothing."""
    assert kept([OPEN, SETTLED], {"unpriced": " a free model ", "sources": "none"}) == {
        "unpriced": {
            "words": "All tokens have a price",
            "open": ["gpt-9 (openai): 7 tokens"],
            "reason": "a free model",
        },
        "sources": {"words": "No source is silent", "open": [], "reason": ""},
    }
