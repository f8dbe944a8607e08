"""The arithmetic of `billing.analysis.rating` made fast for ingest: whole numbers, one multiplication a bucket.

It gives what `rate_usage` gives, to the last digit; a property test holds the two together.
"""

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal, Inexact
from typing import Any

from billing.analysis.rating import TOKENS_PER_RATE, Rates, rate_of
from billing.analysis.usage import Bucket

# In the order of the counts that `CompiledRates.cost` makes.
_ORDER = (
    *(Bucket.INPUT, Bucket.CACHE_READ, Bucket.CACHE_WRITE, Bucket.OUTPUT, Bucket.REASONING),
    *(Bucket.INPUT_AUDIO, Bucket.INPUT_IMAGE, Bucket.CACHE_WRITE_1H, Bucket.OUTPUT_AUDIO, Bucket.OUTPUT_IMAGE),
)
_MILLION_DIGITS = 6
_EXACT = Context(prec=120, traps=[Inexact])


class CompiledRates:
    """The rates of one price as whole numbers of `10 ** exponent` of its currency."""

    __slots__ = ("call", "exponent", "has_call", "missing", "rates")

    def __init__(self, rates: Rates) -> None:
        told = [rate_of(rates, bucket) for bucket in _ORDER]
        per_call = rate_of(rates, Bucket.CALL) or Decimal(0)
        known = [rate for rate in (*told, per_call) if rate is not None]
        digits = max(max(-int(rate.normalize(_EXACT).as_tuple().exponent), 0) for rate in known)
        self.rates = [0 if rate is None else _whole(rate, digits) for rate in told]
        self.missing = tuple(place for place, rate in enumerate(told) if rate is None)
        self.call, self.has_call = _whole(per_call, digits) * TOKENS_PER_RATE, Bucket.CALL in rates
        self.exponent = -digits - _MILLION_DIGITS

    def cost(self, tokens: Sequence[int | None], detail: Mapping[str, Any] | None) -> Decimal | None:
        """What the usage costs, in the currency of the rates; None where they do not cover it.

        `tokens` are input, cache read, cache write, output, reasoning; `detail` is `usage_detail` of a step. Usage of
        which no tokens are told has a cost only where calls have a price.
        """
        if detail is not None:
            return self._cost_in_detail(tokens, detail)
        fresh, read, written, output, reasoning = tokens
        fresh, read, written, output, reasoning = fresh or 0, read or 0, written or 0, output or 0, reasoning or 0
        spoken = output - reasoning if output > reasoning else 0
        rates = self.rates
        if self.missing and self._lacks((fresh, read, written, spoken, reasoning)):
            return None
        if not (self.has_call or any(tokens)) and all(count is None for count in tokens):
            return None
        total = fresh * rates[0] + read * rates[1] + written * rates[2] + spoken * rates[3] + reasoning * rates[4]
        return Decimal(total + self.call).scaleb(self.exponent, _EXACT)

    def _cost_in_detail(self, tokens: Sequence[int | None], detail: Mapping[str, Any]) -> Decimal | None:
        fresh, read, written, output, reasoning = (count or 0 for count in tokens)
        heard, seen, hour, said, drawn = (detail.get(bucket, 0) for bucket in _ORDER[5:])
        counts = (
            *(max(fresh - heard - seen, 0), read, max(written - hour, 0)),
            *(max(output - reasoning - said - drawn, 0), reasoning, heard, seen, hour, said, drawn),
        )
        is_untold = all(count is None for count in tokens) and detail.keys().isdisjoint(_ORDER[5:])
        if self._lacks(counts) or (is_untold and not self.has_call):
            return None
        total = sum(count * rate for count, rate in zip(counts, self.rates, strict=True))
        return Decimal(total + detail.get("calls", 1) * self.call).scaleb(self.exponent, _EXACT)

    def _lacks(self, counts: Sequence[int]) -> bool:
        """Whether something was used that the price does not name."""
        return any(counts[place] for place in self.missing if place < len(counts))


def _whole(rate: Decimal, digits: int) -> int:
    return int(rate.scaleb(digits, _EXACT))
