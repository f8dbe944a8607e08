"""A line that an execution or one of its steps logged."""

from django.db import models

from accounts.tenancy import TenantManager


class LogLine(models.Model):
    """A log line. Its key in the database is `(team_id, execution_id, id, retention_class, anchor_day)`."""

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    execution_id = models.UUIDField()
    id = models.BigIntegerField(primary_key=True)
    retention_class = models.SmallIntegerField()
    anchor_day = models.DateField()
    step_id = models.BigIntegerField(null=True)
    logged_at = models.DateTimeField(null=True)
    position = models.IntegerField(null=True)
    level = models.TextField(null=True)
    message = models.TextField()

    objects = TenantManager["LogLine"]()

    class Meta:
        db_table = "log_line"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.message[:80]
