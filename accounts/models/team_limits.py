"""How much a team may report and keep."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy

from accounts.models.audited import Audited
from accounts.tenancy import team_context


class TeamLimits(Audited):
    """What was agreed with one team; a field that is not set has the default of the installation, 0 is no limit.

    A control table: it is read before anything of the request is, and the administration sets it for all teams.
    """

    team = models.OneToOneField("accounts.Team", on_delete=models.CASCADE, primary_key=True, related_name="limits")
    requests_per_second = models.PositiveIntegerField(null=True, blank=True)
    burst = models.PositiveIntegerField(
        null=True, blank=True, help_text=gettext_lazy("Requests that may come at once.")
    )
    steps_per_second = models.PositiveIntegerField(null=True, blank=True)
    monthly_executions = models.PositiveBigIntegerField(null=True, blank=True)
    storage_bytes = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "team_limits"
        verbose_name = gettext_lazy("limits of a team")
        verbose_name_plural = gettext_lazy("limits of teams")

    def __str__(self) -> str:
        return f"Limits of {self.team_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves, and tells the team's own log what changed."""
        with team_context(self.team_id):
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Deletes, and tells the team's own log what was there."""
        with team_context(self.team_id):
            return super().delete(*args, **kwargs)
