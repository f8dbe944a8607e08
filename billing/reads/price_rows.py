"""Prices by their ids, for lines that show which one made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from accounts.tenancy import team_context
from billing.analysis.rating import Rates
from billing.analysis.usage import Bucket
from billing.models import BookPrice, TeamPrice

MOST = 10_000


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price as lines used it. `list_rates` are those of the book that it stands in for, where there are any."""

    id: int
    provider: str
    model: str
    currency: str
    rates: Rates
    list_rates: Rates | None


def read_rates(told: Mapping[str, str]) -> dict[Bucket, Decimal]:
    """Rates as prices keep them (decimal texts by bucket). A bucket that nobody knows is left out."""
    return {Bucket(name): Decimal(rate) for name, rate in told.items() if name in set(Bucket)}


class PriceRows:
    """Prices of the book and of one team, each looked up once."""

    def __init__(self, team_id: UUID) -> None:
        self.team_id = team_id
        self.known: dict[int, PriceRow | None] = {}

    def of(self, price_id: int | None) -> PriceRow | None:
        """The price with this id; None without one, or where it is gone. Opens the team's context itself."""
        if price_id is None:
            return None
        if price_id not in self.known:
            if len(self.known) > MOST:
                self.known.clear()
            with team_context(self.team_id):
                self.known[price_id] = self._find(price_id)
        return self.known[price_id]

    def _find(self, price_id: int) -> PriceRow | None:
        if own := TeamPrice.objects.filter(team_id=self.team_id, id=price_id).first():
            book = BookPrice.objects.filter(id=own.list_price_id).first() if own.list_price_id is not None else None
            listed = read_rates(book.rates) if book and book.currency == own.currency else None
            return PriceRow(own.id, own.provider, own.model, own.currency, read_rates(own.rates), listed)
        book = BookPrice.objects.filter(id=price_id).first()
        if book is None:
            return None
        rates = read_rates(book.rates)
        return PriceRow(book.id, book.provider, book.model, book.currency, rates, rates)
