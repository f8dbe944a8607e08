"""How long a team keeps what, and where it goes before it is deleted."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from accounts.encryption import EncryptedField
from accounts.models.audited import Audited
from accounts.tenancy import TenantModel

# Environments whose executions are debug unless the team says otherwise; compared in lower case.
DEBUG_ENVIRONMENTS = ("debug", "dev", "development", "test", "staging", "local")


def _debug_environments() -> list[str]:
    return list(DEBUG_ENVIRONMENTS)


class RetentionPolicy(Audited, TenantModel):
    """One row a team at most; a team without one has the defaults. Limits in days.

    `payload_days` is the shorter limit of inputs, outputs and log lines; NULL: as long as their execution.
    `debug_workflows` are ids. The archive's place is `file:///…` or `s3://bucket/prefix`; without one nothing is
    archived.
    """

    audit_secret = frozenset({"archive_secret"})

    production_days = models.PositiveSmallIntegerField(default=90)
    debug_days = models.PositiveSmallIntegerField(default=30)
    payload_days = models.PositiveSmallIntegerField(null=True, default=None)
    metrics_days = models.PositiveSmallIntegerField(default=365)
    delivery_days = models.PositiveSmallIntegerField(default=30)
    audit_days = models.PositiveSmallIntegerField(default=365)
    debug_environments = ArrayField(models.CharField(max_length=200), default=_debug_environments, size=100)
    debug_workflows = ArrayField(models.UUIDField(), default=list, size=500)
    # Whether imported history goes like everything else: it stays until somebody confirms this.
    deletes_imported = models.BooleanField(default=False)
    # Why a limit is below what is recommended.
    reason = models.CharField(max_length=500, blank=True, default="")
    archive_url = models.CharField(max_length=500, blank=True, default="")
    archive_endpoint = models.CharField(max_length=500, blank=True, default="")
    archive_key = models.CharField(max_length=200, blank=True, default="")
    archive_secret = EncryptedField(null=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "retention_policy"
        constraints = [models.UniqueConstraint(fields=["team"], name="retention_policy_once")]

    def __str__(self) -> str:
        return "Retention"
