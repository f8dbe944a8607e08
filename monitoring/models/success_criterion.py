"""What a succeeded execution of a workflow must meet, and the queue of executions to check anew."""

from django.db import models
from django.utils import timezone

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel
from monitoring.analysis.criteria import MAX_EXPRESSION, MAX_NAME


class SuccessCriterion(Audited, TenantModel):
    """A condition on the executions of a workflow, see `monitoring.analysis.criteria`."""

    workflow = TeamForeignKey("monitoring.Workflow", models.CASCADE, related_name="criteria", db_index=False)
    name = models.CharField(max_length=MAX_NAME)
    expression = models.CharField(max_length=MAX_EXPRESSION)
    position = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    # A user who is removed stays named by a number that leads nowhere.
    created_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta(TenantModel.Meta):
        db_table = "success_criterion"
        constraints = [
            models.UniqueConstraint(fields=["team", "workflow", "name"], name="success_criterion_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class CriteriaCheck(models.Model):
    """The executions of a workflow are checked again, because its criteria changed. Key: `(team_id, workflow_id)`.

    A queue, readable before a team is known: ids, times and counts only. Executions that count in [since, now] are
    taken from the newest to the oldest; `cursor_at` and `cursor_id` are the last one that was taken.
    """

    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    workflow_id = models.UUIDField(primary_key=True)
    requested_at = models.DateTimeField()
    due_at = models.DateTimeField()
    since = models.DateTimeField()
    cursor_at = models.DateTimeField(null=True)
    cursor_id = models.UUIDField(null=True)
    total_count = models.BigIntegerField(null=True)
    checked_count = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "criteria_check"
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(finished_at__isnull=True), name="criteria_check_due")
        ]

    def __str__(self) -> str:
        return f"{self.checked_count} of {self.total_count}"
