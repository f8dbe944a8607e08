"""The ledger of a source: what came, what was stored, what was refused and why, and what nothing understood."""

from django.db import models

from accounts.tenancy import TenantModel


class _Counts(models.Model):
    """Items stored, known already, rejected one by one, and said to mean nothing; requests refused whole."""

    request_count = models.BigIntegerField(default=0)
    stored_count = models.BigIntegerField(default=0)
    duplicate_count = models.BigIntegerField(default=0)
    rejected_count = models.BigIntegerField(default=0)
    ignored_count = models.BigIntegerField(default=0)
    refused_count = models.BigIntegerField(default=0)
    byte_count = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class SourceReceipt(_Counts):
    """What one request brought, written in its transaction. A queue without customer data: folded into hours.

    `lag_ms` is how old its newest record was when it came. A control table: the fold reads it for all teams.
    """

    id = models.BigAutoField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    source_id = models.UUIDField()
    received_at = models.DateTimeField()
    lag_ms = models.BigIntegerField(null=True)
    execution_id = models.UUIDField(null=True)

    class Meta:
        db_table = "source_receipt"

    def __str__(self) -> str:
        return f"receipt of source {self.source_id}"


class SourceHour(_Counts, TenantModel):
    """The receipts of one source in one hour (UTC)."""

    source_id = models.UUIDField()
    hour = models.DateTimeField()
    lag_sum_ms = models.BigIntegerField(default=0)
    lag_max_ms = models.BigIntegerField(null=True)
    lag_count = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        db_table = "source_hour"
        constraints = [models.UniqueConstraint(fields=["team", "source_id", "hour"], name="source_hour_once")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00} of source {self.source_id}"


class SourceRejection(TenantModel):
    """One reason for which items of a source were refused on one day, with the last sample (redacted)."""

    source_id = models.UUIDField()
    day = models.DateField()
    field = models.CharField(max_length=200)
    reason = models.CharField(max_length=500)
    item_count = models.BigIntegerField(default=0)
    last_at = models.DateTimeField()
    sample = models.TextField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "source_rejection"
        constraints = [
            models.UniqueConstraint(
                fields=["team", "source_id", "day", "field", "reason"], name="source_rejection_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.field} {self.reason}"


class SourceAttribute(TenantModel):
    """The name of an attribute that nothing understood: kept with its record, but read by no figure."""

    source_id = models.UUIDField()
    name = models.CharField(max_length=200)
    example_type = models.CharField(max_length=40)
    first_seen_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "source_attribute"
        constraints = [models.UniqueConstraint(fields=["team", "source_id", "name"], name="source_attribute_once")]

    def __str__(self) -> str:
        return self.name
