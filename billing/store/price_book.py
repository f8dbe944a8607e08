"""Which prices a team pays, and what its currencies are worth. Read inside the team's context."""

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing.analysis.pricing import Origin, Price, rates_of
from billing.models import BookPrice, ExchangeRate, PriceRevision, TeamPrice

# Provider and model as workflows report them; empty where none was told.
Pair = tuple[str, str]


def revision(team_id: UUID) -> int:
    """Counts changes of what the team pays."""
    found = PriceRevision.objects.filter(team_id=team_id).values_list("revision", flat=True).first()
    return found or 0


def usd_of(team_id: UUID, currency: str, day: date) -> Decimal | None:
    """What one unit of the currency was worth in US dollars on that day, by the rates of the team; None: not known."""
    if currency == "USD":
        return Decimal(1)
    rates = ExchangeRate.objects.filter(team_id=team_id, currency=currency, starts_on__lte=day)
    return rates.order_by("-starts_on").values_list("usd", flat=True).first()


def prices_of(team_id: UUID, pairs: Collection[Pair]) -> dict[Pair, list[Price]]:
    """All prices that may be the one for calls of each pair: the team's own first, then the book; by equal names."""
    models = {model for _, model in pairs}
    own = TeamPrice.objects.filter(team_id=team_id, model__in=models, removed_at__isnull=True).order_by("id")
    book = BookPrice.objects.filter(model__in=models, removed_at__isnull=True).order_by("id")
    rows: list[TeamPrice | BookPrice] = [*own, *book]
    return {
        (provider, model): as_prices(
            row
            for row in rows
            if row.model == model and (row.provider == provider or (isinstance(row, TeamPrice) and not row.provider))
        )
        for provider, model in pairs
    }


def as_prices(rows: Iterable[TeamPrice | BookPrice]) -> list[Price]:
    """Rows of prices as they are chosen and multiplied."""
    return [
        Price(
            id=row.id,
            rates=rates_of(row.rates),
            currency=row.currency,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            tier=row.tier,
            region=row.region,
            context_over=row.context_over,
            context_up_to=row.context_up_to,
            list_price_id=row.list_price_id if isinstance(row, TeamPrice) else None,
            origin=Origin(row.origin) if isinstance(row, TeamPrice) else Origin.BOOK,
        )
        for row in rows
    ]
