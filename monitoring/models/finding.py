"""What the analysis says about a workflow, kept over time, and the queue of workflows to look at."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TeamForeignKey, TenantModel


class FindingKind(models.TextChoices):
    """Which part of the analysis made a finding."""

    CONCENTRATION = "concentration", _("Concentration")
    DIVERGENCE = "divergence", _("First divergence")
    CAUSE = "cause", _("Cause")
    TAIL = "tail", _("Long tail")
    COST = "cost", _("Cost")
    RETRIES = "retries", _("Retries")
    SCHEDULE = "schedule", _("Missed schedule")


class FindingStatus(models.TextChoices):
    """Whether a finding is there now."""

    OPEN = "open", _("Open")
    GONE = "gone", _("Gone")
    DISMISSED = "dismissed", _("Dismissed")


class Finding(TenantModel):
    """A finding; its id derives from workflow, environment, kind and subject, so the same one is found again.

    `subject` names what it is about (attribute and values, node, model ...), `evidence` the figures it was made of,
    `advice` what was computed from them; all plain JSON whose shapes `services.findings` owns. `since` is when it began
    as far as is known. `executions_per_week` and `cost_per_week_usd` are what it costs now (NULL: not known); `worth`
    ranks findings: what fixing is worth, in executions a week. A dismissed one stays dismissed while it lasts, and says
    by whom and why; `dismissed_worth` is what it was worth then. `course` holds [day, worth] of the latest days,
    `events` what happened to it (`analysis.finding_life` owns both shapes); `absent` counts the builds in a row that
    did not find it.
    """

    workflow = TeamForeignKey("monitoring.Workflow", models.CASCADE, related_name="findings", db_index=False)
    environment_id = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=FindingKind.choices)
    subject = models.JSONField()
    failure_group_id = models.UUIDField(null=True)
    title = models.CharField(max_length=300)
    evidence = models.JSONField()
    advice = models.JSONField(default=list)
    status = models.CharField(max_length=12, choices=FindingStatus.choices, default=FindingStatus.OPEN)
    since = models.DateTimeField(null=True)
    found_at = models.DateTimeField()
    confirmed_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    executions_per_week = models.FloatField(null=True)
    cost_per_week_usd = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    worth = models.FloatField(default=0)
    dismissed_at = models.DateTimeField(null=True)
    # A user who is removed stays named by a number that leads nowhere.
    dismissed_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    dismissed_why = models.CharField(max_length=2000, blank=True)
    dismissed_worth = models.FloatField(null=True)
    course = models.JSONField(default=list)
    events = models.JSONField(default=list)
    absent = models.SmallIntegerField(default=0)

    class Meta(TenantModel.Meta):
        db_table = "finding"
        indexes = [
            models.Index(fields=["team", "status", "-worth"], name="finding_by_worth"),
            models.Index(fields=["team", "workflow", "status"], name="finding_of_workflow"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=FindingStatus.values), name="finding_status_known"),
            models.CheckConstraint(condition=models.Q(kind__in=FindingKind.values), name="finding_kind_known"),
        ]

    def __str__(self) -> str:
        return self.title


class FindingDue(models.Model):
    """Which workflow is looked at for findings, and when: a queue, readable before a team is known. Ids and times only.

    Key: `(team_id, workflow_id, environment_id)`. `due_at` is NULL when there is nothing to do; while one is being
    built `leased_until` says when that is given up.
    """

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    workflow_id = models.UUIDField(primary_key=True)
    environment_id = models.BigIntegerField()
    due_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    built_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "finding_due"

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.due_at:%Y-%m-%d %H:%M}" if self.due_at else str(self.workflow_id)
