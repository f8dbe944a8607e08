"""Lines at a price in US dollars, taken apart by whole numbers: as `focus_rows` does it, a million of them.

All amounts of a price are counted in one unit, the last digit that any of them can have, so that they are products and
sums of whole numbers. What is not exactly so (another currency, a line that its price does not explain) is left to
`focus_rows`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact

from billing.analysis.rating import RatedBucket, rate_of
from billing.analysis.usage import Bucket, split_tokens
from billing.exports.columns import Cell, Encoder
from billing.exports.focus_rows import PRICED_COLUMNS, bucket_cells
from billing.reads.price_rows import PriceRow
from billing.reads.reporting import USD

_EXACT = Context(prec=200, traps=[Inexact])
_MILLION_PLACES = 6
_PLACES = {column.name: place for place, column in enumerate(PRICED_COLUMNS)}
_BEFORE = slice(_PLACES["ChargeDescription"], _PLACES["PricingQuantity"])
_PRICES = slice(_PLACES["PricingUnit"], _PLACES["PricingCurrencyEffectiveCost"])
_AFTER = slice(_PLACES["ConsumedUnit"], len(PRICED_COLUMNS))


@dataclass(frozen=True, slots=True)
class _Part:
    """A bucket at a price: what one token (or call) costs, in the last digit, and what its rows have in common."""

    cost: int
    list_cost: int
    quantity_places: int
    before: str
    prices: str
    after: str


def point_text(digits: int, places: int) -> str:
    """A whole number of the last digit as text, `places` digits after the point, without zeros at its end."""
    text = str(digits)
    if not places:
        return text
    if len(text) <= places:
        text = text.zfill(places + 1)
    rest = text[-places:].rstrip("0")
    return f"{text[:-places]}.{rest}" if rest else text[:-places]


class DollarPrice:
    """A price in US dollars, with what rows of its buckets have in common in one format."""

    def __init__(self, price: PriceRow, encoder: Encoder) -> None:
        self.price, self.encoder = price, encoder
        rates = [rate for told in (price.rates, price.list_rates or {}) for rate in told.values()]
        self.places = _MILLION_PLACES + max([0, *(-_exponent(rate) for rate in rates)])
        self.is_list = price.list_rates is None or price.list_rates is price.rates
        self.parts: dict[Bucket, _Part | None] = {}

    def rows(self, tokens: Sequence[int | None], calls: int, cost: str, listed: str | None) -> list[str]:
        """The priced part of each row of a line; none where the price does not make exactly this cost."""
        total = list_total = 0
        found: list[tuple[_Part, int, Bucket]] = []
        for bucket, count in split_tokens(tokens, calls):
            part = self.parts[bucket] if bucket in self.parts else self._learn(bucket)
            if part is None:
                return []
            total += part.cost * count
            list_total += part.list_cost * count
            found.append((part, count, bucket))
        places = self.places
        if point_text(total, places) != cost or (listed is not None and point_text(list_total, places) != listed):
            return []
        is_alone = len(found) == 1
        return [self._row(part, count) for part, count, bucket in found if part.cost or is_alone or bucket != "call"]

    def _row(self, part: _Part, count: int) -> str:
        encoder, places = self.encoder, self.places
        cost = point_text(part.cost * count, places)
        listed = cost if self.is_list else point_text(part.list_cost * count, places)
        between, numbers = encoder.between, encoder.numbers
        return (
            f"{numbers(f'{cost},{cost},{cost},{listed}')}{between}{part.before}{between}"
            f"{numbers(point_text(count, part.quantity_places))}{between}{part.prices}{between}"
            f"{numbers(f'{cost},{count}')}{between}{part.after}"
        )

    def _learn(self, bucket: Bucket) -> _Part | None:
        found = self.parts[bucket] = self._part(bucket)
        return found

    def _part(self, bucket: Bucket) -> _Part | None:
        price = self.price
        rate = rate_of(price.rates, bucket)
        listed = rate if self.is_list else rate_of(price.list_rates or {}, bucket)
        if price.currency != USD or rate is None or listed is None or rate < 0 or listed < 0:
            return None
        one, of_list = (RatedBucket(bucket, 1, told, Decimal(0)) for told in (rate, listed))
        cells: Sequence[Cell] = bucket_cells(price, one, of_list)
        per = 0 if bucket is Bucket.CALL else _MILLION_PLACES
        return _Part(
            self._digits(rate, per),
            self._digits(listed, per),
            per,
            *(self.encoder.cells(PRICED_COLUMNS[span], cells[span]) for span in (_BEFORE, _PRICES, _AFTER)),
        )

    def _digits(self, rate: Decimal, per: int) -> int:
        return int(_EXACT.scaleb(rate, self.places - per))


def _exponent(rate: Decimal) -> int:
    return int(rate.as_tuple().exponent)
