"""What follows from the usage of an hour: amounts at prices, price changes, corrections of closed months.

Pure, so that every rule of what is booked where can be tried without a database (ADR 16; `docs/costs/lines.md`).
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, localcontext
from uuid import UUID

from billing.analysis.lines import (
    EXACT,
    Figures,
    Line,
    Names,
    WorkflowHour,
    correction_id,
    difference,
    re_rated_id,
    sum_lines,
    usage_id,
)
from billing.analysis.rating import Rates, rate_usage
from billing.analysis.usage import Usage

# As `billing.models.Entry` and `CostBasis` store them.
USAGE, CORRECTION, RE_RATED = 0, 1, 2
UNPRICED, PRICED, TOLD = 0, 1, 2
USD = "USD"


@dataclass(frozen=True, slots=True)
class Price:
    """Rates in a currency. `list_price_id` is the price of the book that a team's price stands in for, if any."""

    rates: Rates
    currency: str = USD
    is_team: bool = False
    list_price_id: int | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by id, and what one unit of a currency is worth in US dollars, by the day from which on that holds."""

    by_id: Mapping[int, Price] = field(default_factory=dict)
    exchange: Mapping[str, Sequence[tuple[date, Decimal]]] = field(default_factory=dict)

    def rate(self, price_id: int, usage: Usage, day: date) -> tuple[Decimal, Decimal, str] | None:
        """What usage of a day costs at a price: US dollars, the price's own currency, which that is.

        None where the price is not known, does not cover the usage, or its currency had no rate on that day.
        """
        price = self.by_id.get(price_id)
        amount = rate_usage(usage, price.rates) if price else None
        if price is None or amount is None:
            return None
        usd = self.in_usd(amount, price.currency, day)
        return None if usd is None else (usd, amount, price.currency)

    def in_usd(self, amount: Decimal, currency: str, day: date) -> Decimal | None:
        """An amount in US dollars at the rate of the day; None without one."""
        if currency == USD:
            return amount
        dated = self.exchange.get(currency, ())
        place = bisect_right([since for since, _ in dated], day)
        if not place:
            return None
        with localcontext(EXACT):
            return amount * dated[place - 1][1]


@dataclass(frozen=True, slots=True)
class Change:
    """A price change: usage rated at `old_price_id` counts at `new_price_id`, from day to before day."""

    id: UUID
    old_price_id: int
    new_price_id: int
    starts_on: date
    ends_on: date | None
    created_at: datetime
    removed_at: datetime | None = None
    reason: str = ""

    def applies(self, day: date, closed_at: datetime | None) -> bool:
        """Whether it holds for usage of a day: in an open month as things are, in a closed one as they were then."""
        if day < self.starts_on or (self.ends_on is not None and day >= self.ends_on):
            return False
        if closed_at is None:
            return self.removed_at is None
        return self.created_at <= closed_at and (self.removed_at is None or self.removed_at > closed_at)


@dataclass(frozen=True, slots=True)
class Months:
    """Which months are closed: their first days, and since when."""

    closed: Mapping[date, datetime] = field(default_factory=dict)

    def closed_at(self, day: date) -> datetime | None:
        """When the month of a day was closed; None while it is open."""
        return self.closed.get(day.replace(day=1))

    def is_closed(self, day: date) -> bool:
        """Whether the month of a day is closed."""
        return day.replace(day=1) in self.closed

    def first_open(self, day: date) -> date:
        """The first day of the month of a day, or of the first one after it that is open."""
        month = day.replace(day=1)
        while month in self.closed:
            month = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
        return month


def usage_line(names: Names, excess: int, counted: Figures, prices: Prices) -> Line:
    """The line of what records say: with what was billed, and what the usage costs without the team's own prices."""
    day = names.hour.date()
    billed, currency, at_list = counted.cost_usd, USD, None
    price = None if names.price_id is None else prices.by_id.get(names.price_id)
    if names.price_id is not None and price is not None:
        at_list = counted.priced_usd
        if price.is_team and at_list is not None:
            listed = price.list_price_id and prices.rate(price.list_price_id, counted.usage, day)
            at_list = listed[0] if listed else None
        own = prices.rate(names.price_id, counted.usage, day) if price.currency != USD else None
        if own and names.basis == PRICED:
            _, billed, currency = own
    figures = counted._replace(billed=billed, list_usd=at_list)
    return Line(usage_id(names, excess), USAGE, day, names, figures, currency)


def re_rate(line: Line, changes: Iterable[Change], prices: Prices, closed_at: datetime | None) -> list[Line]:
    """What price changes add to a line of usage: for each what the new price says less what was said before.

    Changes are followed in the order in which they were made: usage at A that counts at B counts at C where B, or A
    itself, is changed to C. What the new price does not cover stays as it was.
    """
    told, day = line.names.price_id, line.names.hour.date()
    if told is None or line.figures.priced_usd is None:
        return []
    found, known = [], {told}
    usage, usd = line.figures.usage, line.figures.priced_usd
    own = line.figures.billed if line.names.basis == PRICED else None
    currency = line.currency
    for change in sorted(changes, key=lambda one: (one.created_at, one.id)):
        if change.old_price_id not in known or not change.applies(day, closed_at):
            continue
        new = prices.rate(change.new_price_id, usage, day)
        if new is None:
            continue
        more = difference(new[0], usd)
        same = own is not None and currency == new[2]
        billed = difference(new[1], own) if same and own is not None else more
        if more or billed:
            made = _re_rated(line, change, more, billed, new[2] if same else USD)
            found.append(made)
        usd, own, currency = new
        known.add(change.new_price_id)
    return found


def _re_rated(line: Line, change: Change, more: Decimal, billed: Decimal, currency: str) -> Line:
    """Money alone: that something was used is said by the line of usage. What was told counts as it was told."""
    is_counted = line.names.basis == PRICED
    figures = Figures(
        cost_usd=more if is_counted else Decimal(0), priced_usd=more, billed=billed if is_counted else Decimal(0)
    )
    names = line.names._replace(price_id=change.new_price_id)
    id, booked_on = re_rated_id(line.id, change.id), line.names.hour.date()
    return Line(
        id,
        RE_RATED,
        booked_on,
        names,
        figures,
        currency if is_counted else USD,
        corrects_id=line.id,
        reason=change.reason,
    )


def make_hour(
    of: WorkflowHour,
    usage: Sequence[Line],
    stored: Iterable[Line],
    changes: Sequence[Change],
    prices: Prices,
    months: Months,
) -> list[Line]:
    """All lines of an hour that are booked in open months, from its usage and what is stored of it.

    In an open month: its usage and what price changes add. In a closed one: what both have more than all lines of the
    hour that closed months hold, as corrections in the first open month.
    """
    closed_at = months.closed_at(of.day)
    target = [*usage, *(more for line in usage for more in re_rate(line, changes, prices, closed_at))]
    held = [line for line in stored if months.is_closed(line.booked_on)]
    if closed_at is None:
        # Corrections that a later, closed month holds of an hour that was opened again are taken back.
        return [*target, *_corrections([], held, months.first_open(of.day))]
    return _corrections(target, held, months.first_open(of.day))


def _corrections(target: Iterable[Line], held: Iterable[Line], booked_on: date) -> list[Line]:
    wanted, known = sum_lines(target), sum_lines(held)
    found = []
    for key in {**wanted, **known}:
        names, currency = key
        more = wanted.get(key, Figures()).less(known.get(key, Figures()))
        if not more.is_nothing:
            id = correction_id(names, currency, booked_on)
            found.append(Line(id, CORRECTION, booked_on, names, more, currency, corrects_id=usage_id(names)))
    return found
