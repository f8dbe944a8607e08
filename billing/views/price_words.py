"""How prices are worded on pages and in exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse

from accounts import formats
from billing.analysis.pricing import WHOLE_DAY, Price, plain
from billing.analysis.usage import Bucket
from billing.reads.prices import ListedPrice
from monitoring import wording
from monitoring.presentation import Link

BUCKET_WORDS: dict[Bucket, str] = {
    Bucket.INPUT: "Input",
    Bucket.CACHE_READ: "Cache read",
    Bucket.CACHE_WRITE: "Cache write, 5 min",
    Bucket.CACHE_WRITE_1H: "Cache write, 1 h",
    Bucket.INPUT_AUDIO: "Audio in",
    Bucket.INPUT_IMAGE: "Images in",
    Bucket.OUTPUT: "Output",
    Bucket.REASONING: "Reasoning",
    Bucket.OUTPUT_AUDIO: "Audio out",
    Bucket.OUTPUT_IMAGE: "Images out",
    Bucket.CALL: "Each call",
}
# The rates of a table; a price's page has all of them.
SHOWN = (Bucket.INPUT, Bucket.CACHE_READ, Bucket.CACHE_WRITE, Bucket.OUTPUT)
_PAGES = (
    ("cost_prices", "Prices"),
    ("cost_price_changes", "Price changes"),
    ("cost_unpriced", "Not priced"),
    ("cost_discounts", "Discounts"),
    ("cost_rates", "Exchange rates"),
)


def tabs(team: str, current: str) -> list[Link]:
    """The pages about prices."""
    return [Link(label, reverse(name, args=[team]), name == current) for name, label in _PAGES]


def rate_text(rate: Decimal | None, currency: str) -> str:
    """A rate with all of its digits: `$1.25`, `0.3 EUR`."""
    if rate is None:
        return wording.NOT_TOLD
    return f"${plain(rate)}" if currency == "USD" else f"{plain(rate)} {currency}"


def stands_for_text(price: Price, bucket: Bucket) -> str:
    """What a bucket without a rate of its own is rated as: `as output`."""
    if bucket in price.rates:
        return ""
    if bucket is Bucket.CACHE_WRITE_1H and Bucket.CACHE_WRITE in price.rates:
        return "as for 5 min"
    return "as output" if bucket in (Bucket.REASONING, Bucket.OUTPUT_AUDIO, Bucket.OUTPUT_IMAGE) else "as input"


def days_text(start: date | None, end: date | None) -> str:
    """`since 2026-08-01`, `until 2026-08-31` (that day is in it), `always`."""
    if start is None and end is None:
        return "always"
    last = f"to {date.fromordinal(end.toordinal() - 1).isoformat()}" if end else ""
    return " ".join(part for part in (f"since {start.isoformat()}" if start else "", last) if part)


def conditions_text(price: Price) -> str:
    """What a price is for beside its model: `batch · over 200,000 tokens in · 00:30 to 16:30 UTC`."""
    parts = [price.tier, price.region]
    if price.context_over:
        parts.append(f"over {formats.count(price.context_over)} tokens in")
    if price.context_up_to is not None:
        parts.append(f"up to {formats.count(price.context_up_to)} tokens in")
    if (price.from_minute, price.to_minute) != (0, WHOLE_DAY):
        parts.append(f"{_clock(price.from_minute)} to {_clock(price.to_minute)} UTC")
    return " · ".join(part for part in parts if part)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A price as a table shows it."""

    listed: ListedPrice
    conditions: str
    days: str
    rates: Sequence[str]
    use: str


def price_row(listed: ListedPrice) -> PriceRow:
    """The texts of a price."""
    price, use = listed.price, listed.use
    rates = [rate_text(listed.rate(bucket), price.currency) for bucket in SHOWN]
    used = f"{wording.count(use.calls)} calls, {wording.usd(use.cost_usd)}" if use else ""
    return PriceRow(listed, conditions_text(price), days_text(price.starts_on, price.ends_on), rates, used)
