"""A published version of a workflow."""

from django.db import models
from django.db.models.functions import Coalesce

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel


class Release(Audited, TenantModel):
    """A release; its id derives from workflow and name, `name_id` is the label that executions carry.

    `first_seen_at` is where the earliest execution with it stands in time; NULL while there is none. `released_at` is
    when it went live, as somebody announced; NULL: nobody did. `live_at` is the one of them that counts. `commit` is
    the revision of the source, as its system writes it, that was announced; `seen_commit` the one that executions told
    beside it, whose label is `seen_commit_id`: of several the one with the greatest label.
    """

    workflow = TeamForeignKey("monitoring.Workflow", models.CASCADE, related_name="releases", db_index=False)
    name = models.CharField(max_length=200)
    name_id = models.BigIntegerField()
    first_seen_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    live_at = models.GeneratedField(
        expression=Coalesce("released_at", "first_seen_at"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    commit = models.CharField(max_length=100, blank=True, default="", db_default="")
    seen_commit = models.CharField(max_length=100, blank=True, default="", db_default="")
    seen_commit_id = models.BigIntegerField(null=True)
    url = models.CharField(max_length=2000, blank=True, default="", db_default="")
    note = models.CharField(max_length=2000, blank=True, default="", db_default="")
    announced_at = models.DateTimeField(null=True)
    # A user who is removed stays named by a number that leads nowhere; NULL: by an API key, or by nobody.
    announced_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True, default="", db_default="")

    class Meta(TenantModel.Meta):
        db_table = "release"
        indexes = [models.Index(fields=["team", "workflow", "live_at"], name="release_by_time")]
        constraints = [
            models.UniqueConstraint(fields=["team", "workflow", "name"], name="release_once"),
            models.CheckConstraint(
                condition=models.Q(first_seen_at__isnull=False) | models.Q(announced_at__isnull=False),
                name="release_is_seen_or_announced",
            ),
        ]

    def __str__(self) -> str:
        return self.name
