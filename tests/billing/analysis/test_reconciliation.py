"""A difference is judged against what the provider says, and explained to the last digit."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.analysis.reconciliation import Cause, Compared, Measure, Side, Tone, model_key, reconcile

DAY = date(2026, 8, 12)


def usd(text: str, tokens: int | None = None, unpriced: int = 0) -> Side:
    """A side with money."""
    return Side(Decimal(text), tokens, unpriced)


@pytest.mark.parametrize(
    ("ours", "theirs", "tone"),
    [
        ("100", "100", Tone.GREEN),
        ("99.5", "100", Tone.GREEN),
        ("99.4999", "100", Tone.AMBER),
        ("102", "100", Tone.AMBER),
        ("102.0001", "100", Tone.RED),
        ("1", "0", Tone.RED),
        ("0", "0", Tone.GREEN),
    ],
)
def test_limits_are_half_a_percent_and_two(ours: str, theirs: str, tone: Tone) -> None:
    """Of what the provider says, in both directions."""
    assert Compared(usd(ours), usd(theirs)).tone is tone


@pytest.mark.parametrize(
    ("ours", "theirs", "causes"),
    [
        (Side(), usd("5", 10), {Cause.NOT_HERE: "5"}),
        (usd("5", 10), Side(), {Cause.NOT_THERE: "-5"}),
        (Side(None, 100, 100), usd("5", 100), {Cause.UNPRICED: "5"}),
        # 10 more tokens at $0.1 each; the rest is their price.
        (usd("10", 100), usd("12", 110), {Cause.VOLUME: "1", Cause.PRICE: "1"}),
        (usd("10", 100, 20), usd("12", 110), {Cause.VOLUME: "1", Cause.UNPRICED: "1"}),
        (usd("10", 100), usd("12"), {Cause.UNKNOWN: "2"}),
        (usd("10", 100), usd("10", 90), {}),
    ],
)
def test_what_explains_a_difference(ours: Side, theirs: Side, causes: dict[Cause, str]) -> None:
    """One day and model of each kind."""
    result = reconcile({(DAY, "m"): ours}, {(DAY, "m"): theirs} if theirs != Side() else {(DAY, "n"): usd("0")})
    assert {one.cause: one.amount for one in result.explained} == {
        cause: Decimal(text) for cause, text in causes.items()
    }


def test_a_file_without_money_is_compared_by_tokens() -> None:
    """The share is one of tokens."""
    result = reconcile({(DAY, "m"): usd("3", 990)}, {(DAY, "m"): Side(None, 1000)})
    assert (result.whole.by, result.whole.difference, result.whole.tone) == (Measure.TOKENS, Decimal(10), Tone.AMBER)
    assert [(one.cause, one.amount) for one in result.explained] == [(Cause.VOLUME, Decimal(10))]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Claude Haiku 4.5", "claude-haiku-4-5-20251001", True),
        ("Claude Sonnet 3.5", "claude-3-5-sonnet-20241022", True),
        ("gpt-4o-2024-08-06", "GPT-4o", True),
        ("claude-3-5-sonnet-latest", "Claude Sonnet 3.5", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4.1", "gpt-4", False),
        ("", "gpt-4", False),
    ],
)
def test_names_that_mean_one_model(one: str, other: str, same: bool) -> None:
    """Order, signs, case and dates aside."""
    assert (model_key(one) == model_key(other)) is same


amounts = st.decimals("-1000", "1000", places=6)
sides = st.builds(Side, st.none() | amounts, st.none() | st.integers(0, 10**9), st.integers(0, 10**6))
tables = st.dictionaries(st.tuples(st.just(DAY), st.sampled_from("abc")), sides, max_size=3)


@given(tables, tables)
def test_explanations_add_up_to_the_difference(ours: dict, theirs: dict) -> None:
    """Exactly, whatever is known on either side."""
    result = reconcile(ours, theirs)
    total = sum((one.amount for one in result.explained), Decimal(0))
    assert abs(total - result.whole.difference) < Decimal("1e-15")
    assert sum((row.difference for row in result.rows.values()), Decimal(0)) == result.whole.difference
