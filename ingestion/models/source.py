"""A configured way in, and the address by which some kinds are found."""

from django.db import models
from django.utils import timezone

from accounts.encryption import EncryptedField
from accounts.models.audited import Audited
from accounts.tenancy import TenantModel
from ingestion.kinds import Completeness, CostRule, SourceKind


class Source(Audited, TenantModel):
    """One way in of a team: a key used with one protocol, or an address of its own (webhook, ping).

    `environment` and `workflow` fill in what reports do not tell. `secret` (encrypted) verifies signatures; `mapping`
    and `settings` belong to webhooks. `completeness` and `sample_rate` are what somebody declared; empty is
    by kind, and by what reports say themselves (`SourceSampling`). `cost_rule`: which cost of its steps counts first.
    """

    audit_secret = frozenset({"secret", "address"})
    audit_ignored = Audited.audit_ignored | {"first_report_at", "last_report_at", "first_execution_id"}

    kind = models.CharField(max_length=32, choices=[(kind.value, kind.value) for kind in SourceKind])
    name = models.CharField(max_length=120)
    api_key = models.ForeignKey(
        "accounts.ApiKey", models.DO_NOTHING, null=True, blank=True, related_name="+", db_constraint=False
    )
    address = models.CharField(max_length=64, blank=True)
    environment = models.CharField(max_length=200, blank=True)
    workflow = models.CharField(max_length=200, blank=True)
    secret = EncryptedField(null=True, blank=True)
    mapping = models.JSONField(null=True, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    completeness = models.CharField(max_length=16, blank=True, choices=[(one.value, one.value) for one in Completeness])
    sample_rate = models.PositiveIntegerField(null=True, blank=True)
    cost_rule = models.CharField(
        max_length=8,
        choices=[(one.value, one.value) for one in CostRule],
        default=CostRule.TOLD.value,
        db_default=CostRule.TOLD.value,
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    first_report_at = models.DateTimeField(null=True, blank=True)
    last_report_at = models.DateTimeField(null=True, blank=True)
    first_execution_id = models.UUIDField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        db_table = "source"

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


class SourceAddress(models.Model):
    """Whose an address is: a control table, read before the team is known. It holds ids only."""

    address = models.CharField(max_length=64, primary_key=True)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    source_id = models.UUIDField()

    class Meta:
        db_table = "source_address"

    def __str__(self) -> str:
        return f"address of source {self.source_id}"
