"""What retention deleted: its log."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


class RetentionKind(models.TextChoices):
    """What a limit is about."""

    PRODUCTION = "production", _("Production records")
    DEBUG = "debug", _("Debug records")
    PAYLOADS = "payloads", _("Payloads and log lines")
    METRICS = "metrics", _("Figures")
    DELIVERIES = "deliveries", _("Deliveries")
    AUDIT = "audit", _("Audit log")
    RESTORED = "restored", _("Restored from the archive")


class RetentionRun(TenantModel):
    """One limit of one team, enforced once, where it deleted something; or why it could not (`failure`).

    `row_count` are rows beside executions, estimated where a large partition went. `freed_bytes` went back to the file
    system (the team's share of dropped partitions, and what was compacted); `reusable_bytes` are an estimate of what
    stays in the files for rows to come.
    """

    kind = models.CharField(max_length=12, choices=RetentionKind.choices)
    limit_days = models.PositiveSmallIntegerField()
    first_day = models.DateField()
    last_day = models.DateField()
    execution_count = models.BigIntegerField(default=0)
    row_count = models.BigIntegerField(default=0)
    freed_bytes = models.BigIntegerField(default=0)
    reusable_bytes = models.BigIntegerField(default=0)
    archived_to = models.CharField(max_length=500, blank=True, default="")
    failure = models.CharField(max_length=500, blank=True, default="", db_default="")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "retention_run"
        indexes = [models.Index(fields=["team", "-ended_at", "id"], name="retention_run_by_time")]

    def __str__(self) -> str:
        return f"{self.kind} until {self.last_day}"

    @property
    def archive(self) -> str:
        """Where it was archived, for the team: its own store by its address, folders of the server by none."""
        return gettext("the archive of this installation") if self.archived_to.startswith("file:") else self.archived_to
