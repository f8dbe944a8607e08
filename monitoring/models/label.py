"""The dictionary of a team's names: facts carry 64-bit ids, this table says what they mean."""

from django.db import models

from accounts.tenancy import TenantManager


class Label(models.Model):
    """A name. `kind` is a `monitoring.identity.LabelKind`, `id` derives from kind and value."""

    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(primary_key=True)
    kind = models.SmallIntegerField()
    value = models.TextField()

    objects = TenantManager["Label"]()

    class Meta:
        db_table = "label"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.value
