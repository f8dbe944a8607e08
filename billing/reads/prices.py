"""Prices as pages, exports and the API show them: own ones, discounts, the book, and what they were used for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from difflib import SequenceMatcher
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from billing.analysis.pricing import Origin, Price
from billing.analysis.rating import rate_of
from billing.analysis.usage import Bucket
from billing.models import (
    BookModel,
    BookPrice,
    CostDimension,
    CostGrain,
    CostLine,
    CostRollup,
    Discount,
    Entry,
    PriceOrigin,
    TeamPrice,
)
from billing.reads.price_use import PriceUse, uses_of
from billing.store.price_book import as_prices, models_of, providers_of
from monitoring.models import Workflow
from monitoring.store.labels import values_of_labels

M = TypeVar("M", TeamPrice, BookPrice)
MOST_ROWS = 200
RECENT = timedelta(days=31)
_ORDER = ("provider", "model", "tier", "region", "context_over", "starts_on", "from_minute", "id")


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A price with its names, where it is from, and what it was used for (None: for nothing)."""

    price: Price
    provider: str
    model: str
    source: str
    note: str
    is_removed: bool
    use: PriceUse | None

    def rate(self, bucket: Bucket) -> Decimal | None:
        """What a bucket costs; None where the price does not cover it."""
        return rate_of(self.price.rates, bucket)


def listing(
    team_id: UUID, now: datetime, *, search: str = "", is_used: bool = False, limit: int = MOST_ROWS
) -> list[ListedPrice]:
    """Prices that are in force, the team's own first; those whose provider or model has the words of the search.

    `is_used`: of the book only those of models that the team uses. What they were used for is that of `RECENT`.
    """
    own = _search(TeamPrice.objects.filter(team_id=team_id, removed_at__isnull=True), search)
    book = _search(BookPrice.objects.filter(removed_at__isnull=True), search)
    discounted = own.filter(origin=PriceOrigin.DISCOUNT)
    if is_used:
        used = used_models(team_id)
        book, discounted = book.filter(used), discounted.filter(used)
    rows: list[TeamPrice | BookPrice] = list(own.filter(origin=PriceOrigin.ENTERED).order_by(*_ORDER)[:limit])
    rows += discounted.select_related("discount").order_by(*_ORDER)[: limit - len(rows)]
    rows += book.order_by(*_ORDER)[: limit - len(rows)]
    return _listed(team_id, rows, now - RECENT)


def _search(rows: QuerySet[M], search: str) -> QuerySet[M]:
    for word in search.split()[:8]:
        rows = rows.filter(Q(provider__icontains=word) | Q(model__icontains=word))
    return rows


def used_models(team_id: UUID) -> Q:
    """Prices of those models of the book that the team's costs name."""
    rows = CostRollup.objects.filter(team_id=team_id, grain=CostGrain.MONTH, dimension=CostDimension.NONE)
    pairs = set(rows.order_by().values_list("provider_id", "model_id").distinct())
    names = values_of_labels(team_id, {id for pair in pairs for id in pair if id})
    found = models_of({(names.get(provider, ""), names.get(model, "")) for provider, model in pairs})
    known = [one for one in found.values() if one is not None]
    return Q(provider__in={one.provider for one in known}, model__in={one.model for one in known})


def find(team_id: UUID, price_id: int) -> ListedPrice | None:
    """A price of the team or the book, one that was taken away, too."""
    own = TeamPrice.objects.filter(team_id=team_id, id=price_id).select_related("discount").first()
    row: TeamPrice | BookPrice | None = own or BookPrice.objects.filter(id=price_id).first()
    return _listed(team_id, [row], None)[0] if row else None


def find_many(team_id: UUID, price_ids: Iterable[int]) -> dict[int, ListedPrice]:
    """Prices by id, without what they were used for."""
    wanted = set(price_ids)
    own = TeamPrice.objects.filter(team_id=team_id, id__in=wanted).select_related("discount")
    rows: list[TeamPrice | BookPrice] = [*own, *BookPrice.objects.filter(id__in=wanted)]
    return {price.id: _one(row, price, None) for row, price in zip(rows, as_prices(rows), strict=True)}


def _listed(team_id: UUID, rows: Sequence[TeamPrice | BookPrice], since: datetime | None) -> list[ListedPrice]:
    uses = uses_of(team_id, [row.id for row in rows], since)
    return [_one(row, price, uses.get(row.id)) for row, price in zip(rows, as_prices(rows), strict=True)]


def _one(row: TeamPrice | BookPrice, price: Price, use: PriceUse | None) -> ListedPrice:
    if isinstance(row, BookPrice):
        source, note = row.source, ""
    elif price.origin is Origin.DISCOUNT:
        source, note = discount_words(row.discount), row.discount.note if row.discount else ""
    else:
        source, note = _("own price"), row.note
    return ListedPrice(price, row.provider, row.model, source, note, row.removed_at is not None, use)


def discount_words(discount: Discount | None) -> str:
    """`10 % off the book`."""
    if discount is None:
        return _("discount")
    return _("{percent} % off the book").format(percent=f"{discount.percent.normalize():f}")


@dataclass(frozen=True, slots=True)
class LineOfPrice:
    """A line that a price made."""

    line: CostLine
    workflow: str
    provider: str
    model: str


def lines_of(team_id: UUID, price_id: int, limit: int = 50) -> list[LineOfPrice]:
    """The latest lines of a price, the latest hour first."""
    rows = CostLine.objects.filter(team_id=team_id, price_id=price_id, entry=Entry.USAGE).order_by("-hour", "id")
    lines = list(rows[:limit])
    names = values_of_labels(team_id, {id for line in lines for id in (line.provider_id, line.model_id) if id})
    workflows = dict(
        Workflow.objects.filter(team_id=team_id, id__in={line.workflow_id for line in lines}).values_list("id", "name")
    )
    return [
        LineOfPrice(
            line,
            workflows.get(line.workflow_id, ""),
            names.get(line.provider_id, ""),
            names.get(line.model_id, ""),
        )
        for line in lines
    ]


@dataclass(frozen=True, slots=True)
class Nearest:
    """A model of the book whose name is near a reported one, and its standard price of today."""

    provider: str
    model: str
    price: ListedPrice | None


def nearest(team_id: UUID, provider: str, model: str, today: date, limit: int = 5) -> list[Nearest]:
    """Models of the book with names like this one, of the provider where the book knows it."""
    known = providers_of([provider])[provider]
    rows = BookModel.objects.filter(removed_at__isnull=True)
    names = list((rows.filter(provider=known) if known else rows).values_list("provider", "model"))
    told = model.lower()
    matcher = SequenceMatcher(b=told)
    scored = []
    for name in names:
        matcher.set_seq1(name[1].lower()[:100])
        if matcher.real_quick_ratio() > 0.5 and matcher.quick_ratio() > 0.5 and (score := matcher.ratio()) > 0.5:
            scored.append((-score, name))
    return [Nearest(*name, _standard(team_id, *name, today)) for _score, name in sorted(scored)[:limit]]


def _standard(team_id: UUID, provider: str, model: str, today: date) -> ListedPrice | None:
    rows = BookPrice.objects.filter(provider=provider, model=model, tier="", context_over=0, removed_at__isnull=True)
    rows = rows.filter(Q(starts_on=None) | Q(starts_on__lte=today)).filter(Q(ends_on=None) | Q(ends_on__gt=today))
    row = rows.order_by("from_minute", "id").first()
    return _listed(team_id, [row], None)[0] if row else None
