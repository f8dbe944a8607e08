"""A team's own copy of everything, written in the background."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy


class TeamExportState(models.TextChoices):
    """Where it stands."""

    WAITING = "waiting", gettext_lazy("Waiting")
    WRITING = "writing", gettext_lazy("Being written")
    DONE = "done", gettext_lazy("Ready")
    FAILED = "failed", gettext_lazy("Failed")


class TeamExport(models.Model):
    """An export of a whole team, and the queue of those to write. A control table: ids, times and counts only.

    `table_name` is what is being written. The file is there exactly when it is DONE, until `expires_at`. A claim is
    `claimed_until`; `tries` tells writers apart: who is not the latest one settles nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="exports")
    state = models.CharField(max_length=10, choices=TeamExportState.choices, default=TeamExportState.WAITING)
    tables_total = models.IntegerField(default=0)
    tables_done = models.IntegerField(default=0)
    table_name = models.CharField(max_length=63, blank=True, default="")
    rows = models.BigIntegerField(default=0)
    size_bytes = models.BigIntegerField(null=True)
    stored_name = models.CharField(max_length=100, blank=True, default="")
    error = models.CharField(max_length=300, blank=True, default="")
    tries = models.IntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "team_export"

    def __str__(self) -> str:
        return f"export of {self.team_id}: {self.state}"
