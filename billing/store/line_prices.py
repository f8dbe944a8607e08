"""Prices, price changes and exchange rates as the arithmetic of lines takes them."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from billing.analysis.deriving import Change, Months, Price, Prices
from billing.analysis.usage import Bucket
from billing.models import BookPrice, CostMonth, MonthState, ReRating, TeamPrice
from billing.store.exchange import read_exchange


def read_changes(team_id: UUID) -> list[Change]:
    """All price changes of the team, also those that were taken back: a closed month keeps what it was closed with."""
    rows = ReRating.objects.filter(team_id=team_id).order_by("created_at", "id")
    names = ("id", "old_price_id", "new_price_id", "starts_on", "ends_on", "created_at", "removed_at", "reason")
    return [Change(*row) for row in rows.values_list(*names)]


def read_months(team_id: UUID) -> Months:
    """The closed months of the team; one that somebody asked to open again stays closed until a second one agrees."""
    rows = CostMonth.objects.filter(team_id=team_id).exclude(state=MonthState.OPEN)
    return Months({month: closed for month, closed in rows.values_list("month", "closed_at") if closed})


def read_prices(team_id: UUID, ids: Iterable[int]) -> Prices:
    """These prices, those of the book that they stand in for, and the team's exchange rates."""
    found = _read(team_id, set(ids))
    listed = {price.list_price_id for price in found.values() if price.list_price_id is not None}
    found |= _read(team_id, listed - set(found))
    return Prices(found, read_exchange(team_id, (price.currency for price in found.values())))


def _read(team_id: UUID, ids: set[int]) -> dict[int, Price]:
    if not ids:
        return {}
    book = BookPrice.objects.filter(id__in=ids).values_list("id", "rates", "currency")
    found = {id: Price(_rates(rates), currency) for id, rates, currency in book}
    own = TeamPrice.objects.filter(team_id=team_id, id__in=ids).values_list("id", "rates", "currency", "list_price_id")
    return found | {id: Price(_rates(rates), currency, True, listed) for id, rates, currency, listed in own}


def _rates(told: dict[str, str]) -> dict[Bucket, Decimal]:
    return {Bucket(name): Decimal(str(rate)) for name, rate in told.items() if name in set(Bucket)}
