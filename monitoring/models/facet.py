"""Bounded attributes of an execution that analysis may group by: input fields, tags, session, user."""

from django.db import models

from accounts.tenancy import TenantManager


class Facet(models.Model):
    """A facet. Key: `(team_id, execution_id, key_id, value, retention_class, anchor_day)`; `key_id` is a label."""

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    execution_id = models.UUIDField()
    key_id = models.BigIntegerField(primary_key=True)
    value = models.TextField()
    retention_class = models.SmallIntegerField()
    anchor_day = models.DateField()

    objects = TenantManager["Facet"]()

    class Meta:
        db_table = "facet"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.value
