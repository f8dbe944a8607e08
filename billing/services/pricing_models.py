"""Pricing what has no price: a price is saved, and usage that it is for is rated for the first time."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.models import TeamPrice
from billing.reads.unpriced import unpriced_models
from billing.services.first_rating import request_rating
from billing.services.history import By
from billing.services.team_prices import WantedPrice, add_price
from billing.store.price_book import matching_pairs


@transaction.atomic
def price_model(*, team_id: UUID, wanted: WantedPrice, by: By, now: datetime) -> tuple[TeamPrice, int]:
    """Saves a price, and has all that it is for and that never had one rated; how many names. Raises `Refused`."""
    price = add_price(team_id=team_id, wanted=wanted, by=by, now=now)
    unpriced = unpriced_models(team_id)
    meant = set(matching_pairs({one.names for one in unpriced}, price))
    found = [one for one in unpriced if one.names in meant]
    for one in found:
        request_rating(team_id, (one.provider_id, one.model_id), now, by)
    return price, len(found)
