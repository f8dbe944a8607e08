"""Negotiated discounts: a percentage off the prices of the book, made into prices of the team."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from billing.analysis.amounts import read_day, read_percent
from billing.analysis.pricing import common_days, days_meet, rates_of, told_rates
from billing.models import BookModel, BookPrice, Discount, PriceOrigin, TeamPrice
from billing.services.history import By, Subject, record, user_of
from billing.services.refusals import Fields, Refused
from billing.store.price_book import providers_of
from billing.store.price_rows import price_id, remove_team_prices, save_team_prices

LONGEST_NAME, LONGEST_NOTE = 200, 500


@dataclass(frozen=True, slots=True)
class WantedDiscount:
    """A discount as somebody wants it: of one model of the book, or (empty) of all of the provider."""

    provider: str
    model: str
    percent: Decimal
    starts_on: date | None
    ends_on: date | None
    note: str


def read_discount(told: Mapping[str, str]) -> WantedDiscount:
    """What a form or document asks for. Raises `Refused`."""
    fields = Fields(told)
    wanted = WantedDiscount(
        provider=fields.text("provider", LONGEST_NAME),
        model=fields.text("model", LONGEST_NAME),
        percent=fields.read("percent", read_percent, empty=Decimal(0)),
        starts_on=fields.read("starts_on", read_day),
        ends_on=fields.read("ends_on", read_day),
        note=fields.text("note", LONGEST_NOTE),
    )
    if not wanted.provider:
        fields.reasons["provider"] = _("must be told")
    if not told.get("percent", "").strip():
        fields.reasons["percent"] = _("must be told")
    if wanted.starts_on and wanted.ends_on and wanted.ends_on <= wanted.starts_on:
        fields.reasons["ends_on"] = _("must be later than the first day")
    fields.check()
    return wanted


@transaction.atomic
def add_discount(*, team_id: UUID, wanted: WantedDiscount, by: By, now: datetime) -> Discount:
    """Saves a discount and the prices that it makes. Raises `Refused`."""
    provider = providers_of([wanted.provider])[wanted.provider]
    if provider is None:
        raise Refused({"provider": _("is none of the price book; enter the prices themselves")})
    known = BookModel.objects.filter(provider=provider, removed_at__isnull=True)
    if wanted.model and not known.filter(model=wanted.model).exists():
        raise Refused({"model": _("is none of {provider} in the price book").format(provider=provider)})
    others = Discount.objects.filter(team_id=team_id, provider=provider, model=wanted.model, removed_at__isnull=True)
    days = (wanted.starts_on, wanted.ends_on)
    if any(days_meet(days, (one.starts_on, one.ends_on)) for one in others):
        raise Refused({"starts_on": _("overlaps with a discount of the same that is there already")})
    made = Discount.objects.create(
        team_id=team_id,
        provider=provider,
        model=wanted.model,
        percent=wanted.percent,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        note=wanted.note,
        created_by=user_of(by),
        created_at=now,
    )
    make_discounted_prices(team_id, now)
    about = {"provider": provider, "model": wanted.model, "percent": wanted.percent, "starts_on": wanted.starts_on}
    record(team_id, Subject.DISCOUNT, made.id, "added", by=by, now=now, **about, ends_on=wanted.ends_on)
    return made


@transaction.atomic
def remove_discount(*, team_id: UUID, discount_id: UUID, now: datetime, by: By = None) -> bool:
    """Takes a discount away with its prices; whether there was one."""
    rows = Discount.objects.filter(team_id=team_id, id=discount_id, removed_at__isnull=True)
    if not rows.update(removed_at=now):
        return False
    make_discounted_prices(team_id, now)
    record(team_id, Subject.DISCOUNT, discount_id, "removed", by=by, now=now)
    return True


def make_discounted_prices(team_id: UUID, now: datetime) -> None:
    """Makes the prices of the team's discounts those of the book as it is: new ones are added, others taken away."""
    discounts = list(Discount.objects.filter(team_id=team_id, removed_at__isnull=True).order_by("id"))
    there = TeamPrice.objects.filter(team_id=team_id, origin=PriceOrigin.DISCOUNT, removed_at__isnull=True)
    old = set(there.values_list("id", flat=True))
    rows = [row for one in discounts for row in _discounted(one, now)]
    for row in rows:
        row.team_id = team_id
    wanted = {price_id(row): row for row in rows}
    remove_team_prices(team_id, old - wanted.keys(), now)
    if new := [row for id, row in wanted.items() if id not in old]:
        save_team_prices(team_id, new)


def _discounted(discount: Discount, now: datetime) -> Iterator[TeamPrice]:
    listed = BookPrice.objects.filter(provider=discount.provider, removed_at__isnull=True)
    if discount.model:
        listed = listed.filter(model=discount.model)
    for price in listed.order_by("id"):
        days = common_days([(price.starts_on, price.ends_on), (discount.starts_on, discount.ends_on)])
        if days is not None:
            yield TeamPrice(
                origin=PriceOrigin.DISCOUNT,
                provider=price.provider,
                model=price.model,
                region=price.region,
                tier=price.tier,
                context_over=price.context_over,
                context_up_to=price.context_up_to,
                from_minute=price.from_minute,
                to_minute=price.to_minute,
                starts_on=days[0],
                ends_on=days[1],
                rates=reduced(price.rates, discount.percent),
                currency=price.currency,
                list_price_id=price.id,
                discount=discount,
                created_by_id=discount.created_by_id,
                created_at=now,
            )


def reduced(rates: Mapping[str, str], percent: Decimal) -> dict[str, str]:
    """Rates less a percentage, exactly."""
    with localcontext() as context:
        context.prec = 60
        left = (100 - percent).scaleb(-2)
        return told_rates({bucket: rate * left for bucket, rate in rates_of(rates).items()})
