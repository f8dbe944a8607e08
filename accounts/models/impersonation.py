"""An administrator who looks at a team's pages as one of its members."""

import uuid

from django.db import models


class Impersonation(models.Model):
    """One time that somebody of the installation's staff saw a team as a member sees it: read only, for a short time.

    It ends at `ends_at`, or before at `ended_at`. A control table: the session names it before the team is known.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+")
    member = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    staff = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=500)
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    page_count = models.IntegerField(default=0)

    class Meta:
        db_table = "impersonation"
        indexes = [models.Index(fields=["-began_at", "id"], name="impersonation_by_time")]
        permissions = [("impersonate", "Can see a team as one of its members")]

    def __str__(self) -> str:
        return f"{self.staff_id} as {self.member_id} in {self.team_id}"
