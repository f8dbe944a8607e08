"""A day whose records retention has removed."""

from django.db import models

from accounts.tenancy import TenantManager
from monitoring.models.execution import RetentionClass


class SealedDay(models.Model):
    """Says that a team's executions of this class and anchor day are gone, while their figures stay.

    Key in the database: `(team_id, retention_class, day)`. A report for such a day is refused: computing the
    figures of the day again, from what is left, would erase them.
    """

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    retention_class = models.SmallIntegerField(choices=RetentionClass)
    day = models.DateField(primary_key=True)
    sealed_at = models.DateTimeField()

    objects = TenantManager["SealedDay"]()

    class Meta:
        db_table = "sealed_day"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.day}"
