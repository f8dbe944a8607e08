"""The part of a FOCUS row about prices: what a line cost, taken apart by priced bucket, exactly or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, Inexact
from uuid import UUID

from billing.analysis.pricing import plain
from billing.analysis.rating import RatedBucket, rate_buckets
from billing.analysis.usage import Bucket, Usage
from billing.exports.columns import Cell, Column, Shape
from billing.exports.line_table import price_name
from billing.models import CostBasis, CostKind, Entry, ResourceRate
from billing.reads.cost_lines import AT, TOKENS, Line
from billing.reads.price_rows import PriceRow, PriceRows
from billing.reads.reporting import USD, Reporting, rates_of

_TEXTS = ("ChargeDescription", "PricingCategory", "PricingUnit", "ConsumedUnit", "SkuId", "SkuMeter", "SkuPriceId")
_NAMES = (
    *("BilledCost", "EffectiveCost", "ContractedCost", "ListCost", "ChargeDescription", "PricingCategory"),
    *("PricingQuantity", "PricingUnit", "ContractedUnitPrice", "ListUnitPrice"),
    *("PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice", "PricingCurrencyEffectiveCost"),
    *("ConsumedQuantity", "ConsumedUnit", "SkuId", "SkuMeter", "SkuPriceId"),
)
PRICED_COLUMNS = tuple(Column(name, Shape.TEXT if name in _TEXTS else Shape.MONEY) for name in _NAMES)
METERS = {
    Bucket.INPUT: "Input tokens",
    Bucket.INPUT_AUDIO: "Input tokens, audio",
    Bucket.INPUT_IMAGE: "Input tokens, image",
    Bucket.CACHE_READ: "Tokens read from the cache",
    Bucket.CACHE_WRITE: "Tokens written to the cache",
    Bucket.CACHE_WRITE_1H: "Tokens written to the cache for an hour",
    Bucket.OUTPUT: "Output tokens",
    Bucket.REASONING: "Reasoning tokens",
    Bucket.OUTPUT_AUDIO: "Output tokens, audio",
    Bucket.OUTPUT_IMAGE: "Output tokens, image",
    Bucket.CALL: "Calls",
}
_TOKEN_UNIT, _PER_MILLION, _CALL_UNIT, _UNIT = "Tokens", "1000000 Tokens", "Requests", "Units"
_EXACT = Context(prec=200, traps=[Inexact])
_MILLIONTH, _ONE, _ZERO = Decimal("0.000001"), Decimal(1), Decimal(0)
# As FOCUS words units; others begin with a capital letter.
_UNIT_WORDS = {"run": "Runs", "minute": "Minutes", "gb_hour": "GB-Hours", "call": _CALL_UNIT}
_TOKEN_PLACES = tuple((name, AT[name]) for name in TOKENS)
_SOLD = ("Usage", "Purchase")
_KEPT = 20_000

# ChargeCategory, ChargeClass, ChargeFrequency.
Category = tuple[str, str | None, str]
Priced = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class _Apart:
    """A line taken apart: its buckets at its price and at the list price, and the dollars of one unit of the price."""

    rated: list[RatedBucket]
    listed: list[RatedBucket]
    usd: Decimal


@dataclass(frozen=True, slots=True)
class _Fixed:
    """What all rows of one bucket at one price have in common, in the order of the columns."""

    before: tuple[Cell, ...]
    prices: tuple[Cell, ...]
    after: tuple[Cell, ...]
    usd: Decimal
    factor: Decimal


def day_of(line: Line) -> date:
    """The day of its hour."""
    return date.fromisoformat(line[AT["hour"]][:10])


def usage_of(line: Line) -> Usage:
    """What a line used."""
    return Usage(**{name: line[place] for name, place in _TOKEN_PLACES}, calls=line[AT["calls"]])


def _times(left: Decimal, right: Decimal) -> Decimal:
    return _EXACT.multiply(left, right)


def _sum(rated: list[RatedBucket]) -> Decimal:
    total = _ZERO
    for one in rated:
        total = _EXACT.add(total, one.cost)
    return total


class PricedRows:
    """The priced parts of lines of one team."""

    def __init__(self, team_id: UUID) -> None:
        self.team_id = team_id
        self.prices = PriceRows(team_id)
        self.currencies: dict[str, Reporting] = {}
        self.fixed: dict[tuple[int, Bucket, Decimal], _Fixed] = {}

    def of_rate(self, line: Line, cost: Decimal, rate: ResourceRate | None, sku: str) -> Priced | None:
        """The part of usage that is not of tokens, at its rate; None where the rate does not make exactly its cost."""
        told, listed = line[AT["quantity"]], line[AT["list_usd"]]
        if rate is None or told is None or rate.currency != line[AT["currency"]]:
            return None
        usd = self._usd(line, _times(rate.amount, Decimal(told)), cost)
        if usd is None or (listed is not None and Decimal(listed) != cost):
            return None
        quantity, unit = _consumed(line)
        price, amount, meter = plain(_times(rate.amount, usd)), plain(rate.amount), CostKind(rate.kind).label
        return (
            *(plain(cost),) * 4,
            *(rate.name, "Standard", quantity, unit, price, price, amount, amount, line[AT["billed"]], quantity, unit),
            *(f"{sku}/{meter.lower()}", meter, f"{price_name(rate.id)}/{meter.lower()}"),
        )

    def of(self, line: Line, cost: Decimal, price: PriceRow | None, category: Category, sku: str) -> Iterator[Priced]:
        """The parts of one line: they add up to its cost, to the last digit."""
        apart = self._apart(line, cost, price) if category[:2] == ("Usage", None) else None
        if price is None or apart is None:
            yield self._whole(line, cost, category, sku)
            return
        for one, listed in zip(apart.rated, apart.listed, strict=True):
            # Calls that nothing is asked for are no row of their own.
            if one.bucket is not Bucket.CALL or one.cost or len(apart.rated) == 1:
                yield _bucket_row(self._fixed(price, one, listed, apart.usd), one, listed)

    def _fixed(self, price: PriceRow, one: RatedBucket, listed: RatedBucket, usd: Decimal) -> _Fixed:
        key = (price.id, one.bucket, usd)
        found = self.fixed.get(key)
        if found is None:
            if len(self.fixed) > _KEPT:
                self.fixed.clear()
            found = self.fixed[key] = _fixed(price, one, listed, usd)
        return found

    def _apart(self, line: Line, cost: Decimal, price: PriceRow | None) -> _Apart | None:
        """The line by buckets; None where they would not add up to exactly what it costs."""
        is_priced = (line[AT["entry"]], line[AT["kind"]], line[AT["basis"]]) == (
            *(Entry.USAGE, CostKind.TOKENS),
            CostBasis.PRICED,
        )
        if price is None or not is_priced or price.currency != line[AT["currency"]]:
            return None
        usage = usage_of(line)
        rated = rate_buckets(usage, price.rates)
        is_list = price.list_rates is None or price.list_rates is price.rates
        listed = rated if is_list else rate_buckets(usage, price.list_rates or {})
        usd = self._usd(line, _sum(rated), cost) if rated else None
        told = line[AT["list_usd"]]
        if not rated or not listed or usd is None or any(one.rate < 0 for one in (*rated, *listed)):
            return None
        if told is not None and _times(_sum(listed), usd) != Decimal(told):
            return None
        return _Apart(rated, listed, usd)

    def _usd(self, line: Line, billed: Decimal, cost: Decimal) -> Decimal | None:
        """What one unit of the line's currency was worth when it was rated: the rate that makes its cost exactly."""
        currency = line[AT["currency"]]
        if currency == USD:
            return _ONE if billed == cost else None
        if currency not in self.currencies:
            self.currencies[currency] = rates_of(self.team_id, currency)
        found = self.currencies[currency]
        likely = [found.rate_on(day_of(line)), found.rate_on(line[AT["booked_on"]]), *found.rates]
        return next((rate for rate in likely if rate is not None and _times(billed, rate) == cost), None)

    def _whole(self, line: Line, cost: Decimal, category: Category, sku: str) -> Priced:
        """The line as one row: quantity 1, or none for what was not sold."""
        is_sold = category[0] in _SOLD and category[1] is None
        listed = line[AT["list_usd"]] if category[0] != "Credit" else None
        listed_cost = cost if listed is None or (Decimal(listed) < 0 and is_sold) else Decimal(listed)
        billed = line[AT["billed"]] if line[AT["currency"]] != USD else plain(cost)
        unit_price = plain(cost) if is_sold else None
        foreign = billed if is_sold else None
        quantity, unit = _consumed(line) if category[0] == "Usage" else (None, None)
        basis = CostBasis(line[AT["basis"]])
        description = line[AT["reason"]] or f"{Entry(line[AT['entry']]).label}, {basis.label.lower()}"
        price = line[AT["price_id"]]
        meter = CostKind(line[AT["kind"]]).label
        return (
            *(plain(cost), plain(cost), plain(cost), plain(listed_cost), description),
            *(("Standard" if price else "Other", "1", _UNIT) if is_sold else (None, None, None)),
            *(unit_price, plain(listed_cost) if is_sold else None, foreign, None, billed, quantity, unit),
            *(f"{sku}/{meter.lower()}", meter, f"{sku}/{meter.lower()}/as-told"),
        )


def _consumed(line: Line) -> tuple[Cell, Cell]:
    """What was used, with its unit: tokens, else what was counted, else calls."""
    if line[AT["quantity"]] is not None:
        told = _UNIT_WORDS.get(line[AT["unit"]]) or str(line[AT["unit"]] or _UNIT)
        return line[AT["quantity"]], told[:1].upper() + told[1:]
    tokens = usage_of(line).billable_tokens
    return (tokens, _TOKEN_UNIT) if tokens else (line[AT["calls"]], _CALL_UNIT)


def _fixed(price: PriceRow, one: RatedBucket, listed: RatedBucket, usd: Decimal) -> _Fixed:
    is_call, meter = one.bucket is Bucket.CALL, METERS[one.bucket]
    return _Fixed(
        before=(f"{price.model}: {meter.lower()}", "Standard"),
        prices=(
            *(_CALL_UNIT if is_call else _PER_MILLION, plain(_times(one.rate, usd)), plain(_times(listed.rate, usd))),
            *(plain(one.rate), plain(listed.rate)),
        ),
        after=(
            _CALL_UNIT if is_call else _TOKEN_UNIT,
            f"{price.provider or 'any'}/{price.model}/{one.bucket.value}",
            *(meter, f"{price_name(price.id)}/{one.bucket.value}"),
        ),
        usd=usd,
        factor=_ONE if is_call else _MILLIONTH,
    )


def bucket_cells(price: PriceRow, one: RatedBucket, listed: RatedBucket) -> Priced:
    """The cells of a bucket at a price in US dollars."""
    return _bucket_row(_fixed(price, one, listed, _ONE), one, listed)


def _bucket_row(fixed: _Fixed, one: RatedBucket, listed: RatedBucket) -> Priced:
    billed = plain(one.cost)
    is_usd = fixed.usd is _ONE
    cost = billed if is_usd else plain(_times(one.cost, fixed.usd))
    list_cost = cost if listed is one else plain(_times(listed.cost, fixed.usd))
    quantity = plain(_times(Decimal(one.count), fixed.factor))
    return (
        *(cost, cost, cost, list_cost, *fixed.before, quantity, *fixed.prices, billed, one.count),
        *fixed.after,
    )
