"""Searches for what a team keeps about somebody, and their exports and deletions: jobs in the background."""

from django.db import models
from django.utils.translation import gettext_lazy

from accounts.encryption import EncryptedField
from accounts.tenancy import TenantModel


class DataAction(models.TextChoices):
    """What is done with what is found."""

    SEARCH = "search", gettext_lazy("Search")
    EXPORT = "export", gettext_lazy("Export")
    DELETION = "deletion", gettext_lazy("Deletion")


class DataState(models.TextChoices):
    """How far a job is."""

    WAITING = "waiting", gettext_lazy("Waiting")
    RUNNING = "running", gettext_lazy("At work")
    DONE = "done", gettext_lazy("Done")
    FAILED = "failed", gettext_lazy("Failed")


class PersonalDataJob(TenantModel):
    """One look through all records of a team, day by day, the newest first.

    `value` is encrypted; `shown` are its first letters. An export or deletion follows the search `search_id`.
    `next_day` is the day that was done last: a worker that is stopped goes on before it. `held` are found executions
    under a legal hold, which a deletion leaves. `samples` are ids of some executions.
    """

    action = models.CharField(max_length=8, choices=DataAction.choices)
    state = models.CharField(max_length=8, choices=DataState.choices, default=DataState.WAITING)
    value = EncryptedField()
    shown = models.CharField(max_length=60)
    tag = models.CharField(max_length=200, blank=True, default="")
    search_id = models.UUIDField(null=True)
    actor_kind = models.CharField(max_length=8)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    days_total = models.IntegerField(default=0)
    days_done = models.IntegerField(default=0)
    next_day = models.DateField(null=True)
    executions = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    deliveries = models.BigIntegerField(default=0)
    lines = models.BigIntegerField(default=0)
    samples = models.JSONField(default=list)
    stored_name = models.CharField(max_length=200, blank=True, default="")
    size_bytes = models.BigIntegerField(null=True)
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta(TenantModel.Meta):
        db_table = "personal_data_job"
        indexes = [models.Index(fields=["team", "-asked_at"], name="personal_data_job_by_time")]

    def __str__(self) -> str:
        return f"{self.action} of {self.shown}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens."""
        return self.state in (DataState.DONE, DataState.FAILED)


class PersonalDataDue(models.Model):
    """A job that is to be worked on. A control table: ids and times only. A claim is a `due_at` moved on."""

    job_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "personal_data_due"
        indexes = [models.Index(fields=["due_at"], name="personal_data_due_by_time")]

    def __str__(self) -> str:
        return f"job {self.job_id}"
