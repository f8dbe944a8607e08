"""Amounts in a team's reporting currency: US dollars of a day at its rate, of a closed month at the rates it kept."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from uuid import UUID

from accounts.tenancy import team_context
from billing.analysis.allocation import next_month
from billing.analysis.pricing import plain
from billing.models import CostMonth, CostSettings, ExchangeRate, MonthState
from billing.store.exchange import kept_rates

USD = "USD"
# A quotient may have no end: it is written with this many digits after the point, halves to the even one.
DIGITS = Decimal("1e-10")
_CONTEXT = Context(prec=120)


@dataclass(frozen=True, slots=True)
class Converted:
    """A sum in the reporting currency with the rates used (US dollars for one unit). `amount` is None where a day has
    no rate; `missing` are those days."""

    amount: Decimal | None
    low: Decimal | None
    high: Decimal | None
    missing: Sequence[date]


@dataclass(frozen=True, slots=True)
class Reporting:
    """A currency, the days from which its rates hold, in order, and the rates that closed months kept."""

    currency: str = USD
    starts: Sequence[date] = ()
    rates: Sequence[Decimal] = ()
    closed: Mapping[date, Mapping[date, Decimal]] = field(default_factory=dict)

    @property
    def is_usd(self) -> bool:
        """Whether amounts stay as they are."""
        return self.currency == USD

    def rate_on(self, day: date) -> Decimal | None:
        """US dollars for one unit on this day; None where nobody told one."""
        if self.is_usd:
            return Decimal(1)
        kept = self.closed.get(day.replace(day=1))
        if kept is not None:
            return max(((start, usd) for start, usd in kept.items() if start <= day), default=(day, None))[1]
        place = bisect_right(self.starts, day)
        return self.rates[place - 1] if place else None

    def amount(self, rate: Decimal | None, usd: str | None) -> str | None:
        """US dollars in the currency; None where amount or rate is not known."""
        if usd is None or rate is None:
            return None
        if rate == 1:
            return usd
        return plain(_CONTEXT.quantize(_CONTEXT.divide(Decimal(usd), rate), DIGITS))

    def convert(self, by_day: Mapping[date, Decimal]) -> Converted:
        """US dollars by day as one sum. Days of 0 need no rate."""
        told = {day: self.rate_on(day) for day, usd in by_day.items() if usd}
        missing = sorted(day for day, rate in told.items() if rate is None)
        used = [rate for rate in told.values() if rate is not None]
        low, high = min(used, default=None), max(used, default=None)
        if missing:
            return Converted(None, low, high, missing)
        return Converted(sum((by_day[day] / rate for day, rate in told.items() if rate), Decimal(0)), low, high, ())


def reporting_currency(team_id: UUID) -> str:
    """The currency that the team reports in."""
    told = CostSettings.objects.filter(team_id=team_id).values_list("reporting_currency", flat=True).first()
    return told or USD


def reporting_of(team_id: UUID) -> Reporting:
    """How a team reports: one query where it does in US dollars, three else. Opens the team's context itself."""
    with team_context(team_id):
        return _read(team_id, reporting_currency(team_id))


def reporting_between(team_id: UUID, first: date | None, end: date | None) -> Reporting:
    """How what counts in [first, end) is reported: a closed month as it was closed, whatever the team chose later.

    Opens the team's context itself.
    """
    if first is not None and first.day == 1 and end == next_month(first):
        with team_context(team_id):
            closed = CostMonth.objects.filter(team_id=team_id, month=first).exclude(state=MonthState.OPEN)
            if one := closed.first():
                return _read(team_id, str(one.totals.get("reporting_currency") or USD))
    return reporting_of(team_id)


def rates_of(team_id: UUID, currency: str) -> Reporting:
    """The dated rates of any currency. Opens the team's context itself."""
    with team_context(team_id):
        return _read(team_id, currency)


def _read(team_id: UUID, currency: str) -> Reporting:
    return exchange_of(team_id, [currency]).get(currency) or Reporting()


def exchange_of(team_id: UUID, currencies: Collection[str]) -> dict[str, Reporting]:
    """The rates of these currencies, US dollars left out. Two queries, none where there is no other currency."""
    wanted = sorted({one for one in currencies if one != USD})
    if not wanted:
        return {}
    rows = ExchangeRate.objects.filter(team_id=team_id, currency__in=wanted).order_by("starts_on", "id")
    rates: dict[str, list[tuple[date, Decimal]]] = {currency: [] for currency in wanted}
    for currency, day, usd in rows.values_list("currency", "starts_on", "usd"):
        rates[currency].append((day, usd))
    months = CostMonth.objects.filter(team_id=team_id).exclude(state=MonthState.OPEN).order_by("month", "id")
    kept = list(months.values_list("month", "rates"))
    return {
        currency: Reporting(
            currency,
            [day for day, _ in told],
            [usd for _, usd in told],
            {month: kept_rates(some.get(currency), month) for month, some in kept},
        )
        for currency, told in rates.items()
    }
