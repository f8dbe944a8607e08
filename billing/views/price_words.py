"""How prices are worded on pages and in exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import formats
from billing.analysis.pricing import WHOLE_DAY, Price, plain
from billing.analysis.usage import Bucket
from billing.reads.prices import ListedPrice
from monitoring import wording
from monitoring.presentation import Link

# In English, as files have them.
BUCKET_LABELS: dict[Bucket, str] = {
    Bucket.INPUT: gettext_noop("Input"),
    Bucket.CACHE_READ: gettext_noop("Cache read"),
    Bucket.CACHE_WRITE: gettext_noop("Cache write, 5 min"),
    Bucket.CACHE_WRITE_1H: gettext_noop("Cache write, 1 h"),
    Bucket.INPUT_AUDIO: gettext_noop("Audio in"),
    Bucket.INPUT_IMAGE: gettext_noop("Images in"),
    Bucket.OUTPUT: gettext_noop("Output"),
    Bucket.REASONING: gettext_noop("Reasoning"),
    Bucket.OUTPUT_AUDIO: gettext_noop("Audio out"),
    Bucket.OUTPUT_IMAGE: gettext_noop("Images out"),
    Bucket.CALL: gettext_noop("Each call"),
}
# The rates of a table; a price's page has all of them.
SHOWN = (Bucket.INPUT, Bucket.CACHE_READ, Bucket.CACHE_WRITE, Bucket.OUTPUT)
_PAGES = (
    ("cost_prices", gettext_noop("Prices")),
    ("cost_price_changes", gettext_noop("Price changes")),
    ("cost_unpriced", gettext_noop("Not priced")),
    ("cost_discounts", gettext_noop("Discounts")),
    ("cost_rates", gettext_noop("Exchange rates")),
)


def bucket_words(bucket: Bucket) -> str:
    """What a bucket of usage is called."""
    return _(BUCKET_LABELS[bucket])


def tabs(team: str, current: str) -> list[Link]:
    """The pages about prices."""
    return [Link(_(label), reverse(name, args=[team]), name == current) for name, label in _PAGES]


def rate_text(rate: Decimal | None, currency: str) -> str:
    """A rate with all of its digits: `$1.25`, `0.3 EUR`."""
    if rate is None:
        return wording.not_told()
    return f"${plain(rate)}" if currency == "USD" else f"{plain(rate)} {currency}"


def stands_for_text(price: Price, bucket: Bucket) -> str:
    """What a bucket without a rate of its own is rated as: `as output`."""
    if bucket in price.rates:
        return ""
    if bucket is Bucket.CACHE_WRITE_1H and Bucket.CACHE_WRITE in price.rates:
        return _("as for 5 min")
    is_output = bucket in (Bucket.REASONING, Bucket.OUTPUT_AUDIO, Bucket.OUTPUT_IMAGE)
    return _("as output") if is_output else _("as input")


def days_text(start: date | None, end: date | None) -> str:
    """`since 2026-08-01`, `until 2026-08-31` (that day is in it), `always`."""
    if start and end:
        words = _("since {first} to {last}")
    elif start:
        words = _("since {first}")
    else:
        words = _("to {last}") if end else _("always")
    last = date.fromordinal(end.toordinal() - 1).isoformat() if end else ""
    return words.format(first=start.isoformat() if start else "", last=last)


def conditions_text(price: Price) -> str:
    """What a price is for beside its model: `batch · over 200,000 tokens in · 00:30 to 16:30 UTC`."""
    parts = [price.tier, price.region]
    if price.context_over:
        parts.append(_("over {count} tokens in").format(count=formats.count(price.context_over)))
    if price.context_up_to is not None:
        parts.append(_("up to {count} tokens in").format(count=formats.count(price.context_up_to)))
    if (price.from_minute, price.to_minute) != (0, WHOLE_DAY):
        words = _("{start} to {end} UTC")
        parts.append(words.format(start=_clock(price.from_minute), end=_clock(price.to_minute)))
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
    used = ""
    if use:
        used = _("{count} calls, {usd}").format(count=wording.count(use.calls), usd=wording.usd(use.cost_usd))
    return PriceRow(listed, conditions_text(price), days_text(price.starts_on, price.ends_on), rates, used)
