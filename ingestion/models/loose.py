"""What a source reports beside executions: log lines that belong to none, and numbers it measured itself."""

from django.db import models

from accounts.tenancy import TenantModel


class SourceLine(TenantModel):
    """A log line that belongs to no execution; `id` is derived from its content, so a repeated one is the same row."""

    source_id = models.UUIDField()
    logged_at = models.DateTimeField()
    received_at = models.DateTimeField()
    level = models.TextField(null=True)
    message = models.TextField()
    labels = models.JSONField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "source_line"
        indexes = [models.Index(fields=["team", "source_id", "-logged_at"], name="source_line_by_time")]

    def __str__(self) -> str:
        return self.message[:80]


class SourceMetric(TenantModel):
    """A number that a source measured; `id` is derived from name, labels and instant."""

    source_id = models.UUIDField()
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    measured_at = models.DateTimeField()
    value = models.FloatField()
    sample_count = models.BigIntegerField(null=True)
    labels = models.JSONField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "source_metric"
        indexes = [models.Index(fields=["team", "source_id", "name", "-measured_at"], name="source_metric_by_time")]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"
