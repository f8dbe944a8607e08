"""Models whose tokens have no price: what they used, whether a price is there by now, and how far their rating is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Max, Min, Sum

from billing.models import CostDimension, CostGrain, CostRollup, FirstRating
from billing.store.price_book import Pair, prices_of
from monitoring.store.labels import values_of_labels


@dataclass(frozen=True, slots=True)
class UnpricedModel:
    """A model with tokens that have no price. Label ids are 0 and names empty where none were told."""

    provider_id: int
    model_id: int
    provider: str
    model: str
    tokens: int
    calls: int
    first_month: date
    last_month: date
    # Whether there are prices of it by now, of any time and tier.
    is_known: bool
    rating: FirstRating | None

    @property
    def names(self) -> Pair:
        """As reported."""
        return self.provider, self.model

    @property
    def is_at_work(self) -> bool:
        """Whether it is being rated."""
        return self.rating is not None and self.rating.finished_at is None


def unpriced_models(team_id: UUID) -> list[UnpricedModel]:
    """Models with tokens that have no price, those with most tokens first."""
    rows = CostRollup.objects.filter(
        team_id=team_id, grain=CostGrain.MONTH, dimension=CostDimension.NONE, unpriced_tokens__gt=0
    )
    found = list(
        rows.order_by()
        .values("provider_id", "model_id")
        .annotate(tokens=Sum("unpriced_tokens"), used=Sum("calls"), first=Min("bucket"), last=Max("bucket"))
        .order_by("-tokens", "provider_id", "model_id")
    )
    names = values_of_labels(team_id, {row[key] for row in found for key in ("provider_id", "model_id") if row[key]})
    pairs = [(names.get(row["provider_id"], ""), names.get(row["model_id"], "")) for row in found]
    prices = prices_of(team_id, pairs)
    ratings = {(one.provider_id, one.model_id): one for one in FirstRating.objects.filter(team_id=team_id)}
    return [
        _model(row, pair, bool(prices[pair]), ratings.get((row["provider_id"], row["model_id"])))
        for row, pair in zip(found, pairs, strict=True)
    ]


def _model(row: Mapping[str, Any], pair: Pair, is_known: bool, rating: FirstRating | None) -> UnpricedModel:
    return UnpricedModel(
        provider_id=row["provider_id"],
        model_id=row["model_id"],
        provider=pair[0],
        model=pair[1],
        tokens=row["tokens"],
        calls=row["used"],
        first_month=row["first"],
        last_month=row["last"],
        is_known=is_known,
        rating=rating,
    )
