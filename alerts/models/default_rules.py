"""Which teams have their rules that are there from the start."""

from django.db import models


class DefaultRules(models.Model):
    """That a team has been given its default rules, up to `version`. A control table: ids, numbers and times only.

    What somebody removes since then stays away.
    """

    team = models.OneToOneField("accounts.Team", models.CASCADE, primary_key=True, related_name="+")
    version = models.IntegerField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "default_rules"

    def __str__(self) -> str:
        return f"default rules {self.version}"
