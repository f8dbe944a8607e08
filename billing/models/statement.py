"""What providers say that a month cost: an uploaded statement and what it adds up to by day and model."""

from django.db import models
from django.utils import timezone

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel
from monitoring.models.money import UsdField


class ProviderStatement(Audited, TenantModel):
    """A provider's export of one month, as somebody uploaded it; a newer one of the same month stands in for it.

    `format` names how it was read, `sha256` its bytes; the file itself is not kept.
    """

    provider = models.TextField()
    month = models.DateField()
    filename = models.CharField(max_length=200)
    format = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    row_count = models.IntegerField()
    uploaded_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    uploaded_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "provider_statement"
        constraints = [
            models.CheckConstraint(condition=models.Q(month__day=1), name="provider_statement_first"),
            models.UniqueConstraint(
                fields=["team", "provider", "month"],
                condition=models.Q(removed_at__isnull=True),
                name="provider_statement_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.month:%Y-%m}"


class StatementLine(TenantModel):
    """What a statement says about a day and a model. NULL money or tokens: the file does not tell them.

    `amount` is in `currency`; `usd` by the exchange rate of the day at upload.
    """

    statement = TeamForeignKey("billing.ProviderStatement", models.CASCADE, related_name="lines", db_index=False)
    day = models.DateField()
    model = models.TextField()
    amount = UsdField(null=True)
    currency = models.CharField(max_length=3, default="USD")
    usd = UsdField(null=True)
    tokens = models.BigIntegerField(null=True)
    calls = models.BigIntegerField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "statement_line"
        indexes = [models.Index(fields=["team", "statement", "day"], name="statement_line_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"
