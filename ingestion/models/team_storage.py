"""What the records of a team take on the disk, as it was last measured."""

from django.db import models

from accounts.tenancy import TenantModel


class TeamStorage(TenantModel):
    """One row a team. `storage_bytes` is its share of the partitions of records, by its share of their executions."""

    storage_bytes = models.BigIntegerField()
    measured_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "team_storage"
        constraints = [models.UniqueConstraint(fields=["team"], name="team_storage_once")]

    def __str__(self) -> str:
        return f"{self.storage_bytes} bytes"
