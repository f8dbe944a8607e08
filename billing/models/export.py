"""Exports as background jobs, and the monthly mail that carries one."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.tenancy import TenantModel


class ExportState(models.TextChoices):
    """Where an export stands."""

    WAITING = "waiting", gettext_noop("Waiting")
    WRITING = "writing", gettext_noop("Being written")
    DONE = "done", gettext_noop("Ready")
    FAILED = "failed", gettext_noop("Failed")


class ExportJob(TenantModel):
    """An export that is written in the background. The file is there exactly when it is DONE, until `expires_at`.

    `chosen` is a document of `billing.reads.cost_lines.Chosen`. `stored_name` is the file's in the team's folder,
    `file_name` what a download is called. `tries` tells writers apart: who is not the latest one settles nothing.
    """

    table = models.CharField(max_length=20)
    format = models.CharField(max_length=20)
    chosen = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ExportState.choices, default=ExportState.WAITING)
    lines_total = models.BigIntegerField(default=0)
    lines_done = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(null=True)
    left_out_lines = models.BigIntegerField(default=0)
    left_out_tokens = models.BigIntegerField(default=0)
    file_name = models.CharField(max_length=200)
    stored_name = models.CharField(max_length=100, blank=True, default="")
    size_bytes = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True, default="")
    tries = models.IntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="")
    created_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "export_job"

    def __str__(self) -> str:
        return f"{self.file_name} {self.state}"


class ExportDue(models.Model):
    """A queue: exports to write. A control table: ids and times. A claim is a `due_at` moved on."""

    job_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "export_due"
        indexes = [models.Index(fields=["due_at"], name="export_due_time")]

    def __str__(self) -> str:
        return str(self.job_id)


class CostMailPlan(models.Model):
    """That a member wants the costs of each month by e-mail, on a day of the next one. A control table."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    day = models.SmallIntegerField()
    table = models.CharField(max_length=20)
    format = models.CharField(max_length=20)
    chosen_at = models.DateTimeField()

    class Meta:
        db_table = "cost_mail_plan"
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="cost_mail_plan_once"),
            models.CheckConstraint(condition=models.Q(day__gte=1, day__lte=28), name="cost_mail_plan_day"),
        ]

    def __str__(self) -> str:
        return f"day {self.day}"


class CostMail(models.Model):
    """The costs of one month for one member. A control table: ids, times, and why a try failed.

    `month` is its first day. `due_at` is NULL once it is sent or given up; a claim is a `due_at` moved on. `job_id` is
    the export that it brings.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    month = models.DateField()
    job_id = models.UUIDField(null=True)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "cost_mail"
        indexes = [models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="cost_mail_due")]
        constraints = [models.UniqueConstraint(fields=["team", "user", "month"], name="cost_mail_once")]

    def __str__(self) -> str:
        return f"costs of {self.month:%Y-%m}"
