"""Amounts in a team's reporting currency, each with the rate that made it."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from uuid import UUID

from accounts.tenancy import team_context
from billing.models import CostSettings, ExchangeRate

USD = "USD"
# A quotient may have no end: it is written with this many digits after the point, halves to the even one.
DIGITS = Decimal("1e-10")
_CONTEXT = Context(prec=120)


def plain(amount: Decimal) -> str:
    """All digits of an amount, without an exponent and without zeros at its end."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Reporting:
    """The reporting currency, and what one unit of it was worth in US dollars: from `days` on, ascending."""

    currency: str
    days: tuple[date, ...] = ()
    rates: tuple[Decimal, ...] = ()

    def rate_on(self, day: date) -> Decimal | None:
        """The rate of a day; None before the first one."""
        if self.currency == USD:
            return Decimal(1)
        place = bisect_right(self.days, day)
        return self.rates[place - 1] if place else None

    def amount(self, rate: Decimal | None, usd: str | None) -> str | None:
        """US dollars in the reporting currency; None where amount or rate is not known."""
        if usd is None or rate is None:
            return None
        if rate == 1:
            return usd
        return plain(_CONTEXT.quantize(_CONTEXT.divide(Decimal(usd), rate), DIGITS))


def reporting_of(team_id: UUID) -> Reporting:
    """How a team reports. Opens the team's context itself."""
    with team_context(team_id):
        told = CostSettings.objects.filter(team_id=team_id).first()
        currency = told.reporting_currency if told else USD
        return _reporting(team_id, currency)


def _reporting(team_id: UUID, currency: str) -> Reporting:
    rows = ExchangeRate.objects.filter(team_id=team_id, currency=currency).order_by("starts_on")
    found = list(rows.values_list("starts_on", "usd"))
    return Reporting(currency, tuple(day for day, _ in found), tuple(usd for _, usd in found))


def rates_of(team_id: UUID, currency: str) -> Reporting:
    """The dated rates of any currency. Opens the team's context itself."""
    with team_context(team_id):
        return _reporting(team_id, currency)
