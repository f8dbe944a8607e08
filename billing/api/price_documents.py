"""Prices, their changes, discounts and exchange rates as JSON: rates and money are decimal texts, never rounded."""

from typing import Any

from rest_framework import serializers

from billing.analysis.price_changes import Preview
from billing.analysis.pricing import plain, told_rates
from billing.analysis.usage import Bucket
from billing.models import Discount
from billing.reads.prices import ListedPrice
from billing.reads.unpriced import UnpricedModel
from billing.services.price_changes import digest_of

_BUCKETS = f"Of {', '.join(Bucket)}: per million tokens, per call for calls"


class _PriceFields(serializers.Serializer[Any]):
    provider = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)
    model = serializers.CharField(max_length=200)
    tier = serializers.CharField(required=False, allow_blank=True, default="", max_length=60)
    region = serializers.CharField(required=False, allow_blank=True, default="", max_length=60)
    context_over = serializers.IntegerField(required=False, default=0, min_value=0)
    context_up_to = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    starts_on = serializers.DateField(required=False, allow_null=True, default=None)
    ends_on = serializers.DateField(required=False, allow_null=True, default=None, help_text="Holds to before this day")
    currency = serializers.CharField(required=False, default="USD", max_length=3)
    rates = serializers.DictField(child=serializers.CharField(max_length=40), help_text=_BUCKETS)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class NewPriceSerializer(_PriceFields):
    """What `POST /api/v1/costs/prices/` takes."""


class PriceSerializer(_PriceFields):
    """A price."""

    id = serializers.CharField(help_text="A 64-bit number, as text")
    origin = serializers.ChoiceField(["entered", "discount", "book"])
    said_by = serializers.CharField(help_text="The book with its version, the discount, or `own price`")
    from_minute = serializers.IntegerField(help_text="Of the day, UTC")
    to_minute = serializers.IntegerField()
    list_price_id = serializers.CharField(allow_null=True)
    is_removed = serializers.BooleanField()


class PriceListSerializer(serializers.Serializer[Any]):
    """Prices."""

    results = PriceSerializer(many=True)


class PriceEffectSerializer(serializers.Serializer[Any]):
    """What a month's usage of a model costs now, and what it would."""

    month = serializers.CharField()
    provider = serializers.CharField()
    model = serializers.CharField()
    lines = serializers.IntegerField()
    old_usd = serializers.CharField()
    new_usd = serializers.CharField()
    difference_usd = serializers.CharField()


class BlockedSerializer(serializers.Serializer[Any]):
    """Names whose price differs and cannot be changed."""

    provider = serializers.CharField()
    model = serializers.CharField()
    reason = serializers.CharField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What open months would cost at the prices as they are; `seen` applies exactly this."""

    seen = serializers.CharField()
    difference_usd = serializers.CharField()
    effects = PriceEffectSerializer(many=True)
    blocked = BlockedSerializer(many=True)


class ApplySerializer(serializers.Serializer[Any]):
    """What `POST /api/v1/costs/price-changes/` takes."""

    seen = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=500)


class NewDiscountSerializer(serializers.Serializer[Any]):
    """What `POST /api/v1/costs/discounts/` takes."""

    provider = serializers.CharField(max_length=200)
    model = serializers.CharField(required=False, allow_blank=True, default="", max_length=200)
    percent = serializers.CharField(max_length=40)
    starts_on = serializers.DateField(required=False, allow_null=True, default=None)
    ends_on = serializers.DateField(required=False, allow_null=True, default=None)
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class DiscountSerializer(NewDiscountSerializer):
    """A discount."""

    id = serializers.UUIDField()


class DiscountListSerializer(serializers.Serializer[Any]):
    """Discounts that hold or will."""

    results = DiscountSerializer(many=True)


class ExchangeRateSerializer(serializers.Serializer[Any]):
    """What one unit of a currency is worth in US dollars from a day on."""

    currency = serializers.CharField(max_length=3)
    date = serializers.DateField()
    usd = serializers.CharField(max_length=40)


class ExchangeRateListSerializer(serializers.Serializer[Any]):
    """Exchange rates."""

    results = ExchangeRateSerializer(many=True)


class UnpricedSerializer(serializers.Serializer[Any]):
    """A model whose tokens have no price."""

    provider = serializers.CharField()
    model = serializers.CharField()
    tokens = serializers.IntegerField()
    calls = serializers.IntegerField()
    first_month = serializers.CharField()
    last_month = serializers.CharField()
    is_known = serializers.BooleanField(help_text="Whether there are prices of it by now")
    is_at_work = serializers.BooleanField(help_text="Whether it is being rated")


class UnpricedListSerializer(serializers.Serializer[Any]):
    """Models without a price."""

    results = UnpricedSerializer(many=True)


def price_document(one: ListedPrice) -> dict[str, Any]:
    """A price as JSON."""
    price = one.price
    names = ("tier", "region", "context_over", "context_up_to", "currency", "from_minute", "to_minute")
    return {
        "id": str(price.id),
        "origin": price.origin.value,
        "provider": one.provider,
        "model": one.model,
        **{name: getattr(price, name) for name in names},
        "starts_on": price.starts_on,
        "ends_on": price.ends_on,
        "rates": told_rates(price.rates),
        "note": one.note,
        "said_by": one.source,
        "list_price_id": str(price.list_price_id) if price.list_price_id else None,
        "is_removed": one.is_removed,
    }


def preview_document(found: Preview) -> dict[str, Any]:
    """The effect of prices as JSON."""
    return {
        "seen": digest_of(found.changes),
        "difference_usd": plain(found.difference_usd),
        "effects": [
            {
                "month": f"{one.month:%Y-%m}",
                "provider": one.pair[0],
                "model": one.pair[1],
                "lines": one.lines,
                "old_usd": plain(one.old_usd),
                "new_usd": plain(one.new_usd),
                "difference_usd": plain(one.difference_usd),
            }
            for one in found.effects
        ],
        "blocked": [{"provider": pair[0], "model": pair[1], "reason": reason} for pair, reason in found.blocked],
    }


def discount_document(one: Discount) -> dict[str, Any]:
    """A discount as JSON."""
    names = ("provider", "model", "starts_on", "ends_on", "note")
    return {"id": str(one.id), "percent": plain(one.percent), **{name: getattr(one, name) for name in names}}


def unpriced_document(one: UnpricedModel) -> dict[str, Any]:
    """A model without a price as JSON."""
    months = {"first_month": f"{one.first_month:%Y-%m}", "last_month": f"{one.last_month:%Y-%m}"}
    names = ("provider", "model", "tokens", "calls", "is_known", "is_at_work")
    return {**{name: getattr(one, name) for name in names}, **months}
