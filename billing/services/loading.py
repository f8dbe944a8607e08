"""Fills the price book from the package `genai-prices`, and says what changed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import BookModel, BookPrice
from billing.services.discounts import make_discounted_prices
from billing.store.price_rows import price_id, save_book
from monitoring.identity import derive_number

if TYPE_CHECKING:
    from billing.analysis.package_prices import Book

PACKAGE = "genai-prices"
_Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading changed. `changed`: models (provider, name) whose prices are others now, and new or gone ones."""

    source: str
    model_count: int
    price_count: int
    added_models: tuple[_Name, ...]
    removed_models: tuple[_Name, ...]
    changed_models: tuple[_Name, ...]
    added_prices: int
    removed_prices: int
    # What rows cannot hold, by reason: how many prices say it.
    left_out: dict[str, int]


def package_source() -> str:
    """The package with its version, as rows name where they are from."""
    return f"{PACKAGE} {version(PACKAGE)}"


def is_loaded() -> bool:
    """Whether the book is that of the package that is installed."""
    return BookModel.objects.filter(source=package_source(), removed_at__isnull=True).exists()


def load_prices(now: datetime, *, is_dry: bool = False) -> Loaded:
    """Makes the package the book, unless `is_dry`. Takes much memory: only in a process of its own."""
    from genai_prices.data import providers

    from billing.analysis.package_prices import read_book

    return load_book(read_book(providers), package_source(), now, is_dry=is_dry)


def load_book(book: "Book", source: str, now: datetime, *, is_dry: bool = False) -> Loaded:
    """Makes this the book, unless `is_dry`; discounts follow it."""
    models, prices = _models(book, source), _prices(book, source, now)
    loaded = _compare(book, source, models, prices)
    if not is_dry:
        save_book(models, prices, now)
        for team_id in Team.objects.order_by("id").values_list("id", flat=True):
            with team_context(team_id):
                make_discounted_prices(team_id, now)
    return loaded


def _models(book: "Book", source: str) -> list[BookModel]:
    return [
        BookModel(
            id=derive_number("book model", row.provider, row.model),
            provider=row.provider,
            model=row.model,
            name=row.name,
            provider_match=row.provider_match,
            match=row.match,
            context_window=row.context_window,
            position=position,
            source=source,
        )
        for position, row in enumerate(book.models)
    ]


def _prices(book: "Book", source: str, now: datetime) -> list[BookPrice]:
    rows = {}
    for told in book.prices:
        row = BookPrice(
            provider=told.provider,
            model=told.model,
            tier=told.tier,
            context_over=told.context_over,
            context_up_to=told.context_up_to,
            starts_on=told.starts_on,
            ends_on=told.ends_on,
            from_minute=told.from_minute,
            to_minute=told.to_minute,
            rates=dict(told.rates),
            source=source,
            added_at=now,
        )
        row.id = price_id(row)
        rows[row.id] = row
    return list(rows.values())


def _compare(book: "Book", source: str, models: list[BookModel], prices: list[BookPrice]) -> Loaded:
    new_models = {(row.provider, row.model) for row in models}
    old_models = set(BookModel.objects.filter(removed_at__isnull=True).values_list("provider", "model"))
    old_prices = _by_model(
        BookPrice.objects.filter(removed_at__isnull=True).values_list("provider", "model", "id").iterator()
    )
    new_prices = _by_model((row.provider, row.model, row.id) for row in prices)
    common = old_models & new_models
    return Loaded(
        source=source,
        model_count=len(models),
        price_count=len(prices),
        added_models=tuple(sorted(new_models - old_models)),
        removed_models=tuple(sorted(old_models - new_models)),
        changed_models=tuple(sorted(name for name in common if old_prices[name] != new_prices[name])),
        added_prices=sum(len(ids - old_prices[name]) for name, ids in list(new_prices.items())),
        removed_prices=sum(len(ids - new_prices[name]) for name, ids in list(old_prices.items())),
        left_out=book.left_out,
    )


def _by_model(rows: Iterable[tuple[str, str, int]]) -> defaultdict[_Name, set[int]]:
    found: defaultdict[_Name, set[int]] = defaultdict(set)
    for provider, model, id in rows:
        found[provider, model].add(id)
    return found
