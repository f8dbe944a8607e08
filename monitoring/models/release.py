"""A published version of a workflow."""

from django.db import models

from accounts.tenancy import TeamForeignKey, TenantModel


class Release(TenantModel):
    """A release; its id derives from workflow and name, `name_id` is the label that executions carry."""

    workflow = TeamForeignKey("monitoring.Workflow", models.CASCADE, related_name="releases", db_index=False)
    name = models.CharField(max_length=200)
    name_id = models.BigIntegerField()
    first_seen_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "release"
        constraints = [models.UniqueConstraint(fields=["team", "workflow", "name"], name="release_once")]

    def __str__(self) -> str:
        return self.name
