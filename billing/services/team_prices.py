"""What a team pays instead of the book: prices entered by its members, checked and dated."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from billing.analysis.amounts import read_amount, read_count, read_currency, read_day
from billing.analysis.pricing import overlap, tier_of, told_rates
from billing.analysis.providers import same_name
from billing.analysis.usage import Bucket
from billing.models import BookPrice, PriceOrigin, TeamPrice
from billing.services.history import By, Subject, record, user_of
from billing.services.refusals import Fields, Refused
from billing.store.exchange import usd_of
from billing.store.price_book import as_prices
from billing.store.price_rows import remove_team_prices, save_team_prices

LONGEST_NAME, LONGEST_TIER, LONGEST_NOTE = 200, 60, 500
RATE_FIELD = "rate_"


@dataclass(frozen=True, slots=True)
class WantedPrice:
    """A price as somebody wants it; fields as in `TeamPrice`."""

    provider: str
    model: str
    region: str
    tier: str
    context_over: int
    context_up_to: int | None
    starts_on: date | None
    ends_on: date | None
    rates: Mapping[Bucket, Decimal]
    currency: str
    note: str
    list_price_id: int | None = None

    def as_row(self, team_id: UUID) -> TeamPrice:
        """The price as the table keeps it, not saved yet."""
        return TeamPrice(
            team_id=team_id,
            origin=PriceOrigin.ENTERED,
            provider=self.provider,
            model=self.model,
            region=self.region,
            tier=self.tier,
            context_over=self.context_over,
            context_up_to=self.context_up_to,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            rates=told_rates(self.rates),
            currency=self.currency,
            list_price_id=self.list_price_id,
            note=self.note,
        )


def read_price(told: Mapping[str, str]) -> WantedPrice:
    """What a form or document asks for: texts by field, rates as `rate_<bucket>`. Raises `Refused`."""
    fields = Fields(told)
    rates = _rates(fields)
    wanted = WantedPrice(
        provider=fields.text("provider", LONGEST_NAME),
        model=fields.text("model", LONGEST_NAME),
        region=fields.text("region", LONGEST_TIER).lower(),
        tier=tier_of(fields.text("tier", LONGEST_TIER)),
        context_over=fields.read("context_over", read_count, empty=0),
        context_up_to=fields.read("context_up_to", read_count),
        starts_on=fields.read("starts_on", read_day),
        ends_on=fields.read("ends_on", read_day),
        rates=rates,
        currency=fields.read("currency", read_currency, empty="USD"),
        note=fields.text("note", LONGEST_NOTE),
        list_price_id=fields.read("list_price_id", _id),
    )
    if not wanted.model:
        fields.reasons["model"] = _("must be told")
    if not rates and not any(name.startswith(RATE_FIELD) for name in fields.reasons):
        fields.reasons[RATE_FIELD + Bucket.INPUT] = _("or another rate must be told; 0 is free")
    if wanted.starts_on and wanted.ends_on and wanted.ends_on <= wanted.starts_on:
        fields.reasons["ends_on"] = _("must be later than the first day")
    if wanted.context_up_to is not None and wanted.context_up_to <= wanted.context_over:
        fields.reasons["context_up_to"] = _("must be more than what it is over")
    fields.check()
    return wanted


def _id(text: str) -> int:
    if not text.lstrip("-").isdigit() or abs(int(text)) >= 2**63:
        raise ValueError(_("must be the id of a price"))
    return int(text)


def _rates(fields: Fields) -> dict[Bucket, Decimal]:
    rates = {}
    for name, text in fields.told.items():
        bucket = name.removeprefix(RATE_FIELD)
        if bucket == name or not text.strip():
            continue
        if bucket not in set(Bucket):
            fields.reasons[name] = _("must be a rate of one of: {words}").format(words=", ".join(Bucket))
            continue
        rate = fields.read(name, read_amount)
        if rate is not None:
            rates[Bucket(bucket)] = rate
    return rates


@transaction.atomic
def add_price(*, team_id: UUID, wanted: WantedPrice, by: By, now: datetime) -> TeamPrice:
    """Saves a price of the team: what is reported from now on is rated at it. Raises `Refused`."""
    check_price(team_id, wanted)
    row = wanted.as_row(team_id)
    row.created_by, row.created_at = user_of(by), now
    save_team_prices(team_id, [row])
    record(team_id, Subject.PRICE, row.id, "added", by=by, now=now, **_about(row))
    return row


def check_price(team_id: UUID, wanted: WantedPrice) -> None:
    """Raises `Refused` for a price that overlaps with another, or in a currency that is worth nothing known."""
    first = wanted.starts_on or date.min
    if usd_of(team_id, wanted.currency, first) is None:
        words = (
            _("has no exchange rate on {day}: upload one first")
            if wanted.starts_on
            else _("has no exchange rate for all days; say the first day of the price: upload one first")
        )
        raise Refused({"currency": words.format(day=first.isoformat())})
    if wanted.list_price_id and not BookPrice.objects.filter(id=wanted.list_price_id).exists():
        raise Refused({"list_price_id": _("is no price of the book")})
    (mine,) = as_prices([_with_id(wanted.as_row(team_id))])
    same = [
        row
        for row in TeamPrice.objects.filter(team_id=team_id, origin=PriceOrigin.ENTERED, removed_at__isnull=True)
        if row.model.lower() == wanted.model.lower() and same_name(row.provider) == same_name(wanted.provider)
    ]
    for row, price in zip(same, as_prices(same), strict=True):
        if overlap(mine, price):
            raise Refused({"starts_on": _overlaps(row)})


def _overlaps(row: TeamPrice) -> str:
    if row.starts_on and row.ends_on:
        words = _("overlaps with a price of it that holds from {first} to before {end}: end that one first")
    elif row.starts_on:
        words = _("overlaps with a price of it that holds from {first} to before further notice: end that one first")
    elif row.ends_on:
        words = _("overlaps with a price of it that holds from the first day to before {end}: end that one first")
    else:
        words = _(
            "overlaps with a price of it that holds from the first day to before further notice: end that one first"
        )
    return words.format(first=row.starts_on, end=row.ends_on)


def _with_id(row: TeamPrice) -> TeamPrice:
    row.id = 0
    return row


@transaction.atomic
def remove_price(*, team_id: UUID, price_id: int, now: datetime, by: By = None) -> bool:
    """Takes an entered price away; whether there was one. What was rated at it stays until prices are applied."""
    row = TeamPrice.objects.filter(team_id=team_id, id=price_id, origin=PriceOrigin.ENTERED).first()
    if row is None or not remove_team_prices(team_id, [price_id], now):
        return False
    record(team_id, Subject.PRICE, price_id, "removed", by=by, now=now, **_about(row))
    return True


@transaction.atomic
def end_price(*, team_id: UUID, price_id: int, ends_on: str, by: By, now: datetime) -> TeamPrice:
    """Has an entered price hold to before a day: a price never changes, so a copy with that end takes its place.

    Raises `Refused`, and `TeamPrice.DoesNotExist`.
    """
    old = TeamPrice.objects.get(team_id=team_id, id=price_id, origin=PriceOrigin.ENTERED, removed_at__isnull=True)
    try:
        day = read_day(ends_on)
    except ValueError as error:
        raise Refused({"ends_on": str(error)}) from None
    if (old.starts_on and day <= old.starts_on) or (old.ends_on and day > old.ends_on):
        raise Refused({"ends_on": _("must be later than its first day, and not later than its end")})
    remove_team_prices(team_id, [old.id], now)
    old.ends_on, old.removed_at, old.created_by, old.created_at = day, None, user_of(by), now
    save_team_prices(team_id, [old])
    record(team_id, Subject.PRICE, old.id, "ended", by=by, now=now, **_about(old))
    return old


def _about(row: TeamPrice) -> dict[str, Any]:
    names = ("provider", "model", "tier", "region", "currency", "rates", "starts_on", "ends_on", "note")
    return {name: getattr(row, name) for name in names}
