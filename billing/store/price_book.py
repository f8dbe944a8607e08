"""Which prices a team pays: its own, its discounts, the book.

Read by whoever rates usage, inside the team's context. What was read holds as long as `revision` is the same.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet

from billing.analysis.matching import matches, with_dashed_date
from billing.analysis.pricing import Origin, Price, rates_of
from billing.analysis.providers import book_provider, same_name
from billing.models import BookModel, BookPrice, PriceOrigin, PriceRevision, TeamPrice

# Provider and model as workflows report them; empty where none was told.
Pair = tuple[str, str]
_BUMP = """
INSERT INTO price_revision AS old (team_id, revision) SELECT id, 1 FROM accounts_team {where} ORDER BY id
ON CONFLICT (team_id) DO UPDATE SET revision = old.revision + 1
"""


def revision(team_id: UUID) -> int:
    """Counts changes of what the team pays."""
    found = PriceRevision.objects.filter(team_id=team_id).values_list("revision", flat=True).first()
    return found or 0


def bump_revision(team_id: UUID | None) -> None:
    """Says that what a team pays changed, or (None) what all of them do: inside the transaction that changed it."""
    with connection.cursor() as cursor:
        cursor.execute(_BUMP.format(where="WHERE id = %s" if team_id else ""), [team_id] if team_id else [])


def prices_of(team_id: UUID, pairs: Collection[Pair]) -> dict[Pair, list[Price]]:
    """All prices that may be the one for calls of each pair: the team's own first, then discounts, then the book.

    `billing.analysis.pricing.find_price` chooses. A pair that nobody has a price for has an empty list.
    """
    found = models_of(pairs)
    known = {one for one in found.values() if one is not None}
    book: dict[BookModelName, list[BookPrice]] = {}
    for row in _book_prices(known):
        book.setdefault(BookModelName(row.provider, row.model), []).append(row)
    listed = [row.id for rows in book.values() for row in rows]
    own = list(_team_prices(team_id).filter(origin=PriceOrigin.ENTERED).order_by("-starts_on", "id"))
    reduced: dict[int | None, list[TeamPrice]] = {}
    # A discount of one model comes before one of all.
    rows = _team_prices(team_id).filter(origin=PriceOrigin.DISCOUNT, list_price_id__in=listed)
    for one in rows.order_by(F("discount__model").desc(), "id"):
        reduced.setdefault(one.list_price_id, []).append(one)
    answer = {}
    for pair, name in found.items():
        standard = book.get(name, []) if name else []
        discounts = [one for row in standard for one in reduced.get(row.id, ())]
        answer[pair] = as_prices([*_own(own, pair, name), *discounts, *standard])
    return answer


def prices_by_id(team_id: UUID, ids: Iterable[int]) -> dict[int, Price]:
    """These prices of the team or the book, those that were taken away, too: lines name the one that made them."""
    wanted = set(ids)
    rows: list[TeamPrice | BookPrice] = [*BookPrice.objects.filter(id__in=wanted)]
    rows += TeamPrice.objects.filter(team_id=team_id, id__in=wanted)
    return {one.id: one for one in as_prices(rows)}


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
            from_minute=row.from_minute,
            to_minute=row.to_minute,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class BookModelName:
    """A model by the names of the book."""

    provider: str
    model: str


def models_of(pairs: Collection[Pair]) -> dict[Pair, BookModelName | None]:
    """What the book calls the models of these pairs; None for those that it does not know, or have no provider."""
    names = providers_of({provider for provider, _ in pairs})
    wanted = {found for found in names.values() if found}
    rows = BookModel.objects.filter(provider__in=wanted, removed_at__isnull=True).order_by("position", "id")
    models: dict[str, list[BookModel]] = {}
    for row in rows.only("provider", "model", "match"):
        models.setdefault(row.provider, []).append(row)
    return {
        (provider, model): _model(models.get(names[provider] or "", ()), model) if model else None
        for provider, model in pairs
    }


def providers_of(reported: Iterable[str]) -> dict[str, str | None]:
    """What the book calls these providers; None for those that it does not know."""
    rows = BookModel.objects.filter(removed_at__isnull=True).order_by("position", "id")
    known = list(dict(rows.values_list("provider", "provider_match")).items())
    return {told: book_provider(told, known) for told in reported}


def _model(models: Sequence[BookModel], name: str) -> BookModelName | None:
    """The first model that matches; a compact date is tried again with dashes, as some gateways write it."""
    for tried in dict.fromkeys((name, with_dashed_date(name))):
        for one in models:
            if matches(one.match, tried):
                return BookModelName(one.provider, one.model)
    return None


def _book_prices(known: Collection[BookModelName]) -> list[BookPrice]:
    rows = BookPrice.objects.filter(
        provider__in={one.provider for one in known}, model__in={one.model for one in known}, removed_at__isnull=True
    )
    return [row for row in rows.order_by("starts_on", "id") if BookModelName(row.provider, row.model) in known]


def _team_prices(team_id: UUID) -> QuerySet[TeamPrice]:
    return TeamPrice.objects.filter(team_id=team_id, removed_at__isnull=True)


def matching_pairs(pairs: Collection[Pair], row: TeamPrice) -> list[Pair]:
    """Those pairs that an entered price is for."""
    return [pair for pair, name in models_of(pairs).items() if _own([row], pair, name)]


def _own(rows: Sequence[TeamPrice], pair: Pair, name: BookModelName | None) -> list[TeamPrice]:
    """The team's own prices for a pair: those of the name as reported first, then those of the book's name for it.

    Of each, those of the provider come before those of any.
    """
    provider, model = same_name(pair[0]), pair[1].strip().lower()
    chosen = []
    for one in rows:
        told = one.model.strip().lower()
        is_exact = told == model
        if not is_exact and (name is None or told != name.model.lower()):
            continue
        if one.provider and same_name(one.provider) not in (provider, name.provider if name else provider):
            continue
        chosen.append(((not is_exact, not one.provider), one))
    return [one for _, one in sorted(chosen, key=lambda found: found[0])]
