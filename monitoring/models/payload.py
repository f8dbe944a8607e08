"""What an execution carried: inputs, outputs, attributes, error details, step ids as sent."""

from django.db import models

from accounts.tenancy import TenantManager


class Payload(models.Model):
    """One reported chunk of payload: zstd over JSON, stored once, merged with the others when it is read.

    The key in the database is `(team_id, execution_id, digest, retention_class, anchor_day)`: the same chunk sent
    twice is one row. `monitoring.store.payloads` owns the format.
    """

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    execution_id = models.UUIDField()
    digest = models.BigIntegerField(primary_key=True)
    retention_class = models.SmallIntegerField()
    anchor_day = models.DateField()
    body = models.BinaryField()

    objects = TenantManager["Payload"]()

    class Meta:
        db_table = "payload"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"payload {self.digest} of {self.execution_id}"
