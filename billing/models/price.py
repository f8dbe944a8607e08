"""Prices: the book that everyone has, and what a team pays instead."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.tenancy import TeamForeignKey, TenantManager, TenantModel
from monitoring.models.money import UsdField


class BookModel(models.Model):
    """A model that the price book knows, and how names match it (`billing.analysis.matching` owns the shapes).

    A reference table without customer data, the same for every team. `provider_match` is the provider's, `match` the
    model's own.
    """

    id = models.BigIntegerField(primary_key=True)
    provider = models.TextField()
    model = models.TextField()
    name = models.TextField(default="")
    provider_match: Any = models.JSONField(null=True)
    match: Any = models.JSONField()
    context_window = models.BigIntegerField(null=True)
    position = models.IntegerField()
    source = models.TextField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "book_model"

    def __str__(self) -> str:
        return f"{self.provider}: {self.model}"


class BookPrice(models.Model):
    """A dated price of the book. Rows are only added; one that a newer book no longer has is removed by `removed_at`.

    `id` derives from everything that makes the price. `rates` are decimal texts by `billing.analysis.usage.Bucket`:
    `currency` per million tokens, per call for calls. It holds from `starts_on` (NULL: always) to before `ends_on`, for
    calls with more than `context_over` tokens in, up to `context_up_to` (NULL: no limit), in these minutes of the day
    (UTC).
    """

    id = models.BigIntegerField(primary_key=True)
    provider = models.TextField()
    model = models.TextField()
    region = models.TextField(default="")
    tier = models.TextField(default="")
    context_over = models.BigIntegerField(default=0)
    context_up_to = models.BigIntegerField(null=True)
    from_minute = models.SmallIntegerField(default=0, db_default=0)
    to_minute = models.SmallIntegerField(default=1440, db_default=1440)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    rates = models.JSONField()
    currency = models.CharField(max_length=3, default="USD")
    source = models.TextField()
    added_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "book_price"
        indexes = [models.Index(fields=["provider", "model"], name="book_price_model")]

    def __str__(self) -> str:
        return f"{self.provider}: {self.model}"


class PriceOrigin(models.TextChoices):
    """How a team's price came to be."""

    ENTERED = "entered", gettext_noop("Entered")
    DISCOUNT = "discount", gettext_noop("Negotiated discount")


class TeamPrice(models.Model):
    """A price of one team: entered by a member, or a price of the book less a discount. Key: `(team_id, id)`.

    `id` derives from everything that makes the price. `provider` and `model` are names as workflows report them; an
    empty `provider` is any. Times, context and rates as in `BookPrice`. `list_price_id` is what it stands in for.
    """

    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(primary_key=True)
    origin = models.CharField(max_length=10, choices=PriceOrigin.choices, default=PriceOrigin.ENTERED)
    provider = models.TextField(default="")
    model = models.TextField()
    region = models.TextField(default="")
    tier = models.TextField(default="")
    context_over = models.BigIntegerField(default=0)
    context_up_to = models.BigIntegerField(null=True)
    from_minute = models.SmallIntegerField(default=0, db_default=0)
    to_minute = models.SmallIntegerField(default=1440, db_default=1440)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    rates = models.JSONField()
    currency = models.CharField(max_length=3, default="USD")
    list_price_id = models.BigIntegerField(null=True)
    discount = TeamForeignKey("billing.Discount", models.DO_NOTHING, null=True, related_name="+", db_index=False)
    note = models.CharField(max_length=500, blank=True, default="")
    created_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    objects = TenantManager["TeamPrice"]()

    class Meta:
        db_table = "team_price"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.provider or 'any'}: {self.model}"


class Discount(TenantModel):
    """What a team agreed with a provider: `percent` off its prices of the book, of one model or (empty) of all."""

    provider = models.TextField()
    model = models.TextField(blank=True, default="")
    percent = UsdField()
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    note = models.CharField(max_length=500, blank=True, default="")
    created_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "discount"
        constraints = [
            models.CheckConstraint(condition=models.Q(percent__gt=0, percent__lte=100), name="discount_percent")
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.provider}"


class ReRating(TenantModel):
    """Usage that was rated at `old_price_id` and is to count at `new_price_id`, from day to before day.

    The lines that were made stay; the fold adds their adjustment lines, and takes them back when this is removed.
    """

    old_price_id = models.BigIntegerField()
    new_price_id = models.BigIntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    reason = models.CharField(max_length=500)
    created_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "re_rating"

    def __str__(self) -> str:
        return f"{self.old_price_id} to {self.new_price_id}"


class ExchangeRate(TenantModel):
    """What one unit of a currency is worth in US dollars from a day on, until a later row of the currency says else."""

    currency = models.CharField(max_length=3)
    starts_on = models.DateField()
    usd = UsdField()
    source = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "exchange_rate"
        constraints = [
            models.UniqueConstraint(fields=["team", "currency", "starts_on"], name="exchange_rate_day"),
            models.CheckConstraint(condition=models.Q(usd__gt=0), name="exchange_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.starts_on}"


class FirstRating(models.Model):
    """A queue: what never had a price, by provider and model (label ids, 0: none told), to be rated in its records.

    A control table; key: `(team_id, provider_id, model_id)`. Hours are taken from the latest to the earliest, those of
    the cursor and later ones are done. `left_count` are steps that still have no price.
    """

    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    provider_id = models.BigIntegerField()
    model_id = models.BigIntegerField(primary_key=True)
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()
    cursor_hour = models.DateTimeField(null=True)
    cursor_workflow_id = models.UUIDField(null=True)
    cursor_environment_id = models.BigIntegerField(null=True)
    # Of the hour of the cursor, while it is not done.
    cursor_execution_id = models.UUIDField(null=True)
    hour_count = models.IntegerField(null=True)
    done_count = models.IntegerField(default=0)
    rated_count = models.BigIntegerField(default=0)
    left_count = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "first_rating"

    def __str__(self) -> str:
        return f"{self.model_id}"


class PriceRevision(models.Model):
    """Counts changes of what a team pays (prices, discounts, rates, the book), so that processes read them anew.

    A control table: one row a team.
    """

    team = models.OneToOneField("accounts.Team", models.CASCADE, primary_key=True, related_name="+")
    revision = models.BigIntegerField(default=0)

    class Meta:
        db_table = "price_revision"

    def __str__(self) -> str:
        return str(self.revision)
