"""A webhook that came: redacted, kept for some days, with what it became."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy

from accounts.tenancy import TenantModel


class DeliveryOutcome(models.TextChoices):
    """What a delivery became."""

    STORED = "stored", gettext_lazy("Stored")
    DUPLICATE = "duplicate", gettext_lazy("Known already")
    IGNORED = "ignored", gettext_lazy("Ignored")
    REJECTED = "rejected", gettext_lazy("Rejected")


class Delivery(TenantModel):
    """One delivery. `external_id` is the sender's id of it (or a digest of its body): the same one is done once.

    `headers` and `body` are redacted; `body` is zstd. `executions` are the senders' ids of what it became.
    """

    source_id = models.UUIDField()
    external_id = models.CharField(max_length=200)
    event = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=DeliveryOutcome.choices)
    reasons = models.JSONField(default=list)
    executions = ArrayField(models.TextField(), default=list)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    body_bytes = models.BigIntegerField()
    content_type = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        db_table = "delivery"
        constraints = [models.UniqueConstraint(fields=["team", "source_id", "external_id"], name="delivery_once")]
        indexes = [models.Index(fields=["team", "source_id", "-received_at"], name="delivery_by_time")]

    def __str__(self) -> str:
        return f"{self.event or 'delivery'} {self.external_id}"
