"""Writes prices. Ids derive from all that makes a price, so that writing one twice is once, and none ever changes."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.models import BookModel, BookPrice, TeamPrice
from billing.store.price_book import bump_revision
from monitoring.identity import derive_number

BATCH = 500
_WHAT = (
    *("provider", "model", "region", "tier", "context_over", "context_up_to", "starts_on", "ends_on", "from_minute"),
    *("to_minute", "currency"),
)
_OWN = ("origin", "list_price_id", "discount_id", "note")


def price_id(row: BookPrice | TeamPrice) -> int:
    """The id of a price: from its team, where it has one, its names, times, limits and rates."""
    own = [str(row.team_id), *(_text(getattr(row, name)) for name in _OWN)] if isinstance(row, TeamPrice) else []
    rates = [f"{bucket}={rate}" for bucket, rate in sorted(row.rates.items())]
    return derive_number("price", *own, *(_text(getattr(row, name)) for name in _WHAT), *rates)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def save_book(models: Sequence[BookModel], prices: Sequence[BookPrice], now: datetime) -> None:
    """Makes these the models and prices of the book: new ones are added, those that are not among them are removed."""
    with transaction.atomic():
        BookModel.objects.bulk_create(
            models,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["name", "provider_match", "match", "context_window", "position", "source", "removed_at"],
        )
        BookPrice.objects.bulk_create(
            prices,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["source", "removed_at"],
        )
        for rows, kept in ((BookModel.objects, models), (BookPrice.objects, prices)):
            gone = rows.filter(removed_at__isnull=True).exclude(id__in=[row.id for row in kept])
            gone.update(removed_at=now)
        bump_revision(None)


def save_team_prices(team_id: UUID, rows: Iterable[TeamPrice]) -> None:
    """Adds prices of a team; one that was taken away and is the same comes back."""
    told = list(rows)
    for row in told:
        row.team_id, row.id = team_id, price_id(row)
    there = TeamPrice.objects.filter(team_id=team_id, id__in=[row.id for row in told])
    known = dict(there.values_list("id", "removed_at"))
    TeamPrice.objects.bulk_create([row for row in told if row.id not in known], batch_size=BATCH)
    back = [id for id, removed_at in known.items() if removed_at is not None]
    TeamPrice.objects.filter(team_id=team_id, id__in=back).update(removed_at=None)
    bump_revision(team_id)


def remove_team_prices(team_id: UUID, ids: Iterable[int], now: datetime) -> int:
    """Takes prices of a team away, and says how many it took: lines go on naming them, nothing is rated at them."""
    rows = TeamPrice.objects.filter(team_id=team_id, id__in=list(ids), removed_at__isnull=True)
    taken = rows.update(removed_at=now)
    if taken:
        bump_revision(team_id)
    return taken
