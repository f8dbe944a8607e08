"""What waits to be sent on: the records of a request, once, and who still has to get them."""

from django.db import models

from accounts.tenancy import TenantModel


class OutboxItem(TenantModel):
    """The records of one accepted request (`payload`: zstd of JSON), shared by all destinations."""

    created_at = models.DateTimeField()
    payload = models.BinaryField()

    class Meta(TenantModel.Meta):
        db_table = "outbox_item"
        indexes = [models.Index(fields=["team", "created_at"], name="outbox_item_by_time")]

    def __str__(self) -> str:
        return f"request of {self.created_at:%Y-%m-%d %H:%M:%S}"


class OutboxEntry(models.Model):
    """An item that one destination has not got yet; `byte_count` is before packing. A control table: no content."""

    id = models.BigAutoField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    destination_id = models.UUIDField()
    item_id = models.UUIDField()
    created_at = models.DateTimeField()
    byte_count = models.IntegerField()
    tries = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "outbox_entry"
        indexes = [
            models.Index(fields=["team", "destination_id", "id"], name="outbox_entry_in_order"),
            models.Index(fields=["team", "item_id"], name="outbox_entry_of_item"),
        ]

    def __str__(self) -> str:
        return f"entry {self.id} for {self.destination_id}"


class OutboxSchedule(models.Model):
    """When a destination is next sent to. A control table: workers find what is due before they know the team.

    A claim is `claimed_until`: one that its worker did not give back runs out. `failures` are those in a row.
    """

    destination_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+")
    next_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    failures = models.SmallIntegerField(default=0)
    push_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_schedule"

    def __str__(self) -> str:
        return f"schedule of {self.destination_id}"
