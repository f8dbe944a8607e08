"""Where everything that a team reports is sent on to."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.encryption import EncryptedField
from accounts.models.audited import Audited
from accounts.tenancy import TenantModel


class DestinationKind(models.TextChoices):
    """The protocol that a receiver speaks."""

    OTLP = "otlp", gettext_lazy("OpenTelemetry (OTLP/HTTP)")
    ELASTIC = "elastic", gettext_lazy("Elasticsearch bulk")
    HEC = "hec", gettext_lazy("Splunk HEC")
    LOKI = "loki", gettext_lazy("Loki")


class Destination(Audited, TenantModel):
    """A receiver. `headers` (encrypted JSON, by name) carry its tokens; `settings` belong to the kind.

    `sent_count` and `dropped_count` count requests as they came in; `last_error` says why the last try failed or why
    requests were dropped.
    """

    audit_secret = frozenset({"headers"})
    audit_ignored = Audited.audit_ignored | {
        "last_success_at",
        "last_error",
        "last_error_at",
        "sent_count",
        "dropped_count",
    }

    kind = models.CharField(max_length=16, choices=DestinationKind.choices)
    preset = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=120)
    url = models.CharField(max_length=2000)
    headers = EncryptedField(null=True, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    pushes_metrics = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    sent_count = models.BigIntegerField(default=0)
    dropped_count = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        db_table = "destination"

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"
