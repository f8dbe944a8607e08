"""What a key asked of the API on a day, and what was refused."""

from django.db import models

from accounts.tenancy import TenantModel


class KeyDay(TenantModel):
    """Reading requests of a key on one day (UTC), and requests of any kind that its limits refused.

    What it reported stands in the ledger of its sources.
    """

    # No key: what a key used is known after it is gone.
    key_id = models.UUIDField()
    day = models.DateField()
    read_count = models.BigIntegerField(default=0)
    refused_count = models.BigIntegerField(default=0)

    class Meta(TenantModel.Meta):
        db_table = "key_day"
        constraints = [models.UniqueConstraint(fields=["team", "day", "key_id"], name="key_day_once")]

    def __str__(self) -> str:
        return f"{self.day} of key {self.key_id}"
