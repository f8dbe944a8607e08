"""Which price is the one for a call: by tier, region, time and length of the context. Nothing is guessed.

A call of a tier that no price names has no price: neither the standard price nor another tier's stands in for it. A
price without a region holds in all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from billing.analysis.usage import Bucket

WHOLE_DAY = 24 * 60
# What providers call their standard tier, and what says nothing about the tier that was used.
_STANDARD = frozenset({"", "auto", "default", "on_demand", "standard"})


class Origin(StrEnum):
    """Who says the price, in the order in which they are asked."""

    ENTERED = "entered"
    DISCOUNT = "discount"
    BOOK = "book"


_ORDER = {origin: place for place, origin in enumerate(Origin)}


@dataclass(frozen=True, slots=True)
class Price:
    """A price: `rates` in `currency` per million tokens, per call for calls.

    It holds from `starts_on` (None: always) to before `ends_on`, by the UTC day; from `from_minute` to before
    `to_minute` of that day; for calls with more than `context_over` tokens in, up to `context_up_to`.
    """

    id: int
    rates: Mapping[Bucket, Decimal]
    currency: str = "USD"
    starts_on: date | None = None
    ends_on: date | None = None
    tier: str = ""
    region: str = ""
    context_over: int = 0
    context_up_to: int | None = None
    list_price_id: int | None = None
    origin: Origin = Origin.BOOK
    from_minute: int = 0
    to_minute: int = WHOLE_DAY


def tier_of(told: str) -> str:
    """The tier as prices name it: lower case, empty for the standard one and for none told."""
    name = told.strip().lower()
    return "" if name in _STANDARD else name


def find_price(
    candidates: Sequence[Price], *, tier: str, region: str, at: datetime, context_tokens: int
) -> Price | None:
    """The price for a call; None where none fits.

    A team's own prices come before discounts, those before the book; among them the exact region before none, then
    the order given.
    """
    wanted, place = tier_of(tier), region.strip().lower()
    fitting = [
        (_ORDER[one.origin], one.region.lower() != place, number, one)
        for number, one in enumerate(candidates)
        if tier_of(one.tier) == wanted
        and one.region.lower() in ("", place)
        and is_in_force(one, at)
        and holds_for(one, context_tokens)
    ]
    return min(fitting, key=lambda found: found[:3])[3] if fitting else None


def is_in_force(price: Price, at: datetime) -> bool:
    """Whether the price holds at this instant."""
    moment = at.astimezone(UTC)
    day, minute = moment.date(), moment.hour * 60 + moment.minute
    return (
        (price.starts_on is None or day >= price.starts_on)
        and (price.ends_on is None or day < price.ends_on)
        and price.from_minute <= minute < price.to_minute
    )


def holds_for(price: Price, context_tokens: int) -> bool:
    """Whether the price is for calls with as many tokens in."""
    is_over = price.context_over == 0 or context_tokens > price.context_over
    return is_over and (price.context_up_to is None or context_tokens <= price.context_up_to)


def rates_of(told: Mapping[str, str]) -> dict[Bucket, Decimal]:
    """Rates as tables keep them. Raises `ValueError` for a bucket or number that is none."""
    try:
        return {Bucket(name): Decimal(text) for name, text in told.items()}
    except InvalidOperation:
        raise ValueError("a rate is not a number") from None


def told_rates(rates: Mapping[Bucket, Decimal]) -> dict[str, str]:
    """Rates as tables keep them: exact decimal texts, by the name of the bucket, in the order of buckets."""
    return {bucket.value: plain(rates[bucket]) for bucket in Bucket if bucket in rates}


def plain(number: Decimal) -> str:
    """A number with the digits that it needs and no exponent: `0.5`, `1200`."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def overlap(one: Price, other: Price) -> bool:
    """Whether some call fits both: same tier and region, and some day, minute and context in common."""
    return (
        tier_of(one.tier) == tier_of(other.tier)
        and one.region.lower() == other.region.lower()
        and days_meet((one.starts_on, one.ends_on), (other.starts_on, other.ends_on))
        and one.from_minute < other.to_minute
        and other.from_minute < one.to_minute
        and (one.context_up_to is None or other.context_over < one.context_up_to)
        and (other.context_up_to is None or one.context_over < other.context_up_to)
    )


Days = tuple[date | None, date | None]


def days_meet(one: Days, other: Days) -> bool:
    """Whether two half-open ranges of days (None: no limit) have a day in common."""
    return common_days([one, other]) is not None


def common_days(ranges: Iterable[Days]) -> Days | None:
    """The days that all half-open ranges have in common; None where there are none."""
    told = list(ranges)
    starts = max((start or date.min for start, _ in told), default=date.min)
    ends = min((end or date.max for _, end in told), default=date.max)
    if starts >= ends:
        return None
    return (None if starts == date.min else starts, None if ends == date.max else ends)
