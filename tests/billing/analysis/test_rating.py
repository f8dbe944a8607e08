"""Prices: each token once, exactly, and never 0 for what is not known."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.analysis.rating import rate_buckets, rate_usage
from billing.analysis.usage import Bucket, Usage, split

RATES = {Bucket.INPUT: Decimal("3"), Bucket.OUTPUT: Decimal("15"), Bucket.CACHE_READ: Decimal("0.3")}


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(input_tokens=1000, output_tokens=200), "0.006"),
        (Usage(input_tokens=1000, cache_read_tokens=9000, output_tokens=1), "0.005715"),
        # Reasoning is inside the output; without a rate of its own it costs as output.
        (Usage(output_tokens=300, reasoning_tokens=200), "0.0045"),
        (Usage(cache_write_tokens=100, cache_write_1h_tokens=40), "0.0003"),
        (Usage(), "0"),
        (Usage(input_tokens=10**18), "3000000000000"),
    ],
)
def test_usage_is_rated_exactly(usage: Usage, cost: str) -> None:
    """Worked out by hand."""
    assert rate_usage(usage, RATES) == Decimal(cost)


def test_what_a_price_does_not_cover_has_no_cost() -> None:
    """A price of input alone says nothing about output: not known, not 0."""
    assert rate_usage(Usage(input_tokens=1, output_tokens=1), {Bucket.INPUT: Decimal(1)}) is None


def test_a_call_may_have_a_rate_of_its_own() -> None:
    """Per call, not per million."""
    rated = rate_buckets(Usage(calls=3), {Bucket.CALL: Decimal("0.01")})
    assert rated is not None
    assert [(one.bucket, one.count, one.cost) for one in rated] == [(Bucket.CALL, 3, Decimal("0.03"))]


counts = st.integers(0, 10**12)


@given(counts, counts, counts, counts)
def test_buckets_are_disjoint_and_lose_nothing(total: int, audio: int, image: int, output: int) -> None:
    """The parts of a total and its rest are the total, wherever the parts fit into it."""
    told = Usage(input_tokens=total + audio + image, input_audio_tokens=audio, input_image_tokens=image)
    parts = split(told)
    assert sum(parts.get(one, 0) for one in (Bucket.INPUT, Bucket.INPUT_AUDIO, Bucket.INPUT_IMAGE)) == told.input_tokens
    assert split(Usage(output_tokens=output)).get(Bucket.OUTPUT, 0) == output


@given(st.lists(st.tuples(counts, counts), max_size=5))
def test_rating_a_sum_is_the_sum_of_rating(calls: list[tuple[int, int]]) -> None:
    """So lines may add up calls of one price before or after it is applied."""
    rated = [rate_usage(Usage(input_tokens=i, output_tokens=o), RATES) for i, o in calls]
    whole = rate_usage(Usage(input_tokens=sum(i for i, _ in calls), output_tokens=sum(o for _, o in calls)), RATES)
    assert sum((one for one in rated if one is not None), Decimal(0)) == whole
