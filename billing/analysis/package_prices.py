"""The package `genai-prices` as rows of the price book: flat, dated, one row for each tier and length of context.

The package tells prices as lists of conditions (dates, times of day), overrides for requests (batch, priority ...), and
thresholds by the tokens that go in. Each combination becomes a row with all of its rates, so that a row is a price by
itself. Loads the package, which is large: only in a process of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from billing.analysis.pricing import WHOLE_DAY, told_rates
from billing.analysis.usage import Bucket

Constraint = StartDateConstraint | TimeOfDateConstraint | None
Told = Mapping[str, Decimal | TieredPrices]
_BUCKETS = {
    "input_mtok": Bucket.INPUT,
    "cache_read_mtok": Bucket.CACHE_READ,
    "cache_write_mtok": Bucket.CACHE_WRITE,
    "cache_write_1h_mtok": Bucket.CACHE_WRITE_1H,
    "output_mtok": Bucket.OUTPUT,
    "output_reasoning_mtok": Bucket.REASONING,
    "input_audio_mtok": Bucket.INPUT_AUDIO,
    "input_image_mtok": Bucket.INPUT_IMAGE,
    "output_audio_mtok": Bucket.OUTPUT_AUDIO,
    "output_image_mtok": Bucket.OUTPUT_IMAGE,
    "requests_kcount": Bucket.CALL,
}
# What the package calls the request of a tier.
_TIERS = {"processing": {"batch"}, "service_tier": {"priority", "flex", "fast"}, "speed": {"fast"}}
_FREE: Told = {"input_mtok": Decimal(0), "output_mtok": Decimal(0)}


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model of the book; clauses as `billing.analysis.matching` reads them."""

    provider: str
    model: str
    name: str
    provider_match: dict[str, Any] | None
    match: dict[str, Any]
    context_window: int | None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price of the book; as `billing.analysis.pricing.Price`, with rates as tables keep them."""

    provider: str
    model: str
    tier: str
    context_over: int
    context_up_to: int | None
    starts_on: date | None
    ends_on: date | None
    from_minute: int
    to_minute: int
    rates: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Book:
    """What the package says: models in the order in which they are matched, prices, and what it says in vain."""

    models: list[ModelRow] = field(default_factory=list)
    prices: list[PriceRow] = field(default_factory=list)
    # What rows cannot hold, by reason: how many prices say it.
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str) -> None:
        """Counts something that a row cannot hold."""
        self.left_out[reason] = self.left_out.get(reason, 0) + 1


def read_book(providers: Sequence[Provider]) -> Book:
    """The whole book. Models that a provider resells at another's price stand under both."""
    book, by_id = Book(), {one.id: one for one in providers}
    for provider in providers:
        _add(book, provider, provider.models, has_tiers=True)
        for other in provider.fallback_model_providers or ():
            _add(book, provider, by_id[other].models, has_tiers=False)
    return book


def _add(book: Book, provider: Provider, models: Iterable[ModelInfo], *, has_tiers: bool) -> None:
    known = {row.model for row in book.models if row.provider == provider.id}
    for model in models:
        if model.id in known:
            continue
        match = _clause(model.match)
        told = None if provider.provider_match is None else _clause(provider.provider_match)
        book.models.append(ModelRow(provider.id, model.id, model.name or model.id, told, match, model.context_window))
        book.prices += _rows(book, provider.id, model, has_tiers)


def _clause(told: Any) -> dict[str, Any]:
    """A clause of the package as JSON: its class has one field, `or_` and `and_` hold clauses."""
    ((name, value),) = vars(told).items()
    return {name.rstrip("_"): [_clause(one) for one in value] if isinstance(value, list) else value}


def _rows(book: Book, provider: str, model: ModelInfo, has_tiers: bool) -> Iterator[PriceRow]:
    variants: dict[str, list[PriceVariant]] = {}
    for variant in model.price_variants or () if has_tiers else ():
        if tier := _tier(variant.when):
            variants.setdefault(tier, []).append(variant)
        elif variant.when != {"service_tier": "default"}:
            book.leave_out("price for " + ", ".join(f"{key}={value}" for key, value in sorted(variant.when.items())))
    standard = _conditions(model)
    for tier, overrides in [("", list[PriceVariant]()), *sorted(variants.items())]:
        for (start, end), profile in _by_date(standard, overrides, is_tier=bool(tier)):
            for from_minute, to_minute, told in profile:
                # Without any rate it is free only where its name says so; else nobody knows.
                given = told or (_FREE if model.id.endswith(":free") else told)
                for over, up_to, rates in _by_context(book, given):
                    when = (over, up_to, start, end, from_minute, to_minute)
                    yield PriceRow(provider, model.id, tier, *when, tuple(rates.items()))


def _tier(when: Mapping[str, str]) -> str:
    """The tier that a request of these values has; empty for what is none."""
    if len(when) != 1:
        return ""
    ((key, value),) = when.items()
    return value if value in _TIERS.get(key, ()) else ""


def _conditions(model: ModelInfo) -> list[ConditionalPrice]:
    return [ConditionalPrice(prices=model.prices)] if isinstance(model.prices, ModelPrice) else model.prices


Profile = list[tuple[int, int, Told]]
Span = tuple[date | None, date | None]


def _by_date(
    standard: Sequence[ConditionalPrice], overrides: Sequence[PriceVariant], *, is_tier: bool
) -> list[tuple[Span, Profile]]:
    """Ranges of days with what holds on each; neighbours that say the same are one."""
    constraints: list[Constraint] = [one.constraint for one in standard] + [one.constraint for one in overrides]
    cuts = sorted({c.start_date for c in constraints if isinstance(c, StartDateConstraint)})
    minutes = sorted({0, WHOLE_DAY, *(minute for c in constraints for minute in _minutes(c))})
    found: list[tuple[Span, Profile]] = []
    for start, end in zip([None, *cuts], [*cuts, None], strict=True):
        profile = _profile(standard, overrides, start or date.min, minutes, is_tier)
        if found and found[-1][1] == profile:
            found[-1] = ((found[-1][0][0], end), profile)
        else:
            found.append(((start, end), profile))
    return found


def _minutes(constraint: Constraint) -> list[int]:
    if not isinstance(constraint, TimeOfDateConstraint):
        return []
    times = (constraint.start_time, constraint.end_time)
    if any(time.utcoffset() for time in times):
        raise ValueError("a time of day is not UTC")
    return [time.hour * 60 + time.minute for time in times]


def _profile(
    standard: Sequence[ConditionalPrice],
    overrides: Sequence[PriceVariant],
    day: date,
    minutes: Sequence[int],
    is_tier: bool,
) -> Profile:
    """What holds on a day, by the time of day; neighbours that say the same are one."""
    profile: Profile = []
    for start, end in pairwise(minutes):
        active = [one.prices for one in overrides if _is_active(one.constraint, day, start)]
        if is_tier and not active:
            continue
        told: dict[str, Decimal | TieredPrices] = _prices(_in_force(standard, day, start))
        # Of each rate the first override counts.
        for prices in reversed(active):
            told |= _prices(prices)
        if profile and profile[-1][1] == start and profile[-1][2] == told:
            profile[-1] = (profile[-1][0], end, told)
        else:
            profile.append((start, end, told))
    return profile


def _prices(told: ModelPrice) -> dict[str, Decimal | TieredPrices]:
    return {name: value for name, value in vars(told).items() if value is not None}


def _in_force(standard: Sequence[ConditionalPrice], day: date, minute: int) -> ModelPrice:
    """The last condition that is met; the first one where none is."""
    met = [one.prices for one in standard if _is_active(one.constraint, day, minute)]
    return met[-1] if met else standard[0].prices


def _is_active(constraint: Constraint, day: date, minute: int) -> bool:
    if constraint is None:
        return True
    if isinstance(constraint, StartDateConstraint):
        return day >= constraint.start_date
    start, end = _minutes(constraint)
    return minute >= start or minute < end if end < start else start <= minute < end


def _by_context(book: Book, told: Told) -> Iterator[tuple[int, int | None, dict[str, str]]]:
    """Ranges of tokens that go in (more than, up to) with the rates of each; none where tokens have no rate."""
    starts = sorted({tier.start for value in told.values() if isinstance(value, TieredPrices) for tier in value.tiers})
    for name in told.keys() - _BUCKETS.keys():
        book.leave_out(f"charge by {name}")
    for over, up_to in zip([0, *starts], [*starts, None], strict=True):
        rates = {_BUCKETS[name]: _rate(name, value, over) for name, value in told.items() if name in _BUCKETS}
        if Bucket.INPUT in rates or Bucket.OUTPUT in rates:
            yield over, up_to, told_rates(rates)
        else:
            book.leave_out("price without a rate for tokens")


def _rate(name: str, value: Decimal | TieredPrices, over: int) -> Decimal:
    if isinstance(value, TieredPrices):
        reached = [tier.price for tier in value.tiers if tier.start <= over and over > 0]
        value = reached[-1] if reached else value.base
    # The package tells requests by the thousand, exactly divisible in decimals.
    return value.scaleb(-3) if name == "requests_kcount" else value
