"""Failures with the same fingerprint."""

from django.db import models

from accounts.tenancy import TenantModel


class FailureGroup(TenantModel):
    """A failure group: one workflow, one node, one normalised error. Its id is its fingerprint."""

    workflow_id = models.UUIDField(null=True)
    node_id = models.BigIntegerField(null=True)
    error_id = models.BigIntegerField(null=True)
    title = models.CharField(max_length=300)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "failure_group"
        indexes = [models.Index(fields=["team", "workflow_id", "last_seen_at"], name="failure_group_recent")]

    def __str__(self) -> str:
        return self.title
