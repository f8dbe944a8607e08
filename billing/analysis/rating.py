"""The one arithmetic of prices: usage times rates, exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, localcontext

from billing.analysis.usage import Bucket, Usage, split

# Rates are told per this many tokens, and per this many calls.
TOKENS_PER_RATE = 1_000_000
# Which rate prices a bucket that a price does not name.
_STANDS_FOR = {
    Bucket.REASONING: Bucket.OUTPUT,
    Bucket.CACHE_READ: Bucket.INPUT,
    Bucket.CACHE_WRITE: Bucket.INPUT,
    Bucket.CACHE_WRITE_1H: Bucket.CACHE_WRITE,
    Bucket.INPUT_AUDIO: Bucket.INPUT,
    Bucket.INPUT_IMAGE: Bucket.INPUT,
    Bucket.OUTPUT_AUDIO: Bucket.OUTPUT,
    Bucket.OUTPUT_IMAGE: Bucket.OUTPUT,
}
# Enough digits for 10^18 tokens at any price; what would still be rounded raises.
_EXACT = Context(prec=120, traps=[Inexact])

Rates = Mapping[Bucket, Decimal]


@dataclass(frozen=True, slots=True)
class RatedBucket:
    """What one bucket of a line costs: its count, the rate that was used (per million; per call for calls), money."""

    bucket: Bucket
    count: int
    rate: Decimal
    cost: Decimal


def rate_of(rates: Rates, bucket: Bucket) -> Decimal | None:
    """The rate of a bucket: its own, or that of the bucket it is a kind of; None where the price does not cover it.

    A call costs nothing where the price names no rate for calls.
    """
    seen: Bucket | None = bucket
    while seen is not None:
        if seen in rates:
            return rates[seen]
        seen = _STANDS_FOR.get(seen)
    return Decimal(0) if bucket is Bucket.CALL else None


def rate_buckets(usage: Usage, rates: Rates) -> list[RatedBucket] | None:
    """Each bucket with its cost, in the currency of the rates; None where the price does not cover one of them."""
    rated = []
    with localcontext(_EXACT):
        for bucket, count in split(usage).items():
            rate = rate_of(rates, bucket)
            if rate is None:
                return None
            per = 1 if bucket is Bucket.CALL else TOKENS_PER_RATE
            rated.append(RatedBucket(bucket, count, rate, rate * count / per))
    return rated


def rate_usage(usage: Usage, rates: Rates) -> Decimal | None:
    """What the usage costs, in the currency of the rates; None where the price does not cover it: never 0 instead."""
    rated = rate_buckets(usage, rates)
    if rated is None:
        return None
    with localcontext(_EXACT):
        return sum((one.cost for one in rated), Decimal(0))
