"""Loading the sample into a team, and taking it out again: how far that is."""

from django.db import models
from django.utils.translation import gettext_lazy


class SampleAction(models.TextChoices):
    """What is done with the sample."""

    LOAD = "load", gettext_lazy("Load")
    REMOVE = "remove", gettext_lazy("Remove")


class SampleState(models.TextChoices):
    """How far it is."""

    WORKING = "working", gettext_lazy("At work")
    DONE = "done", gettext_lazy("Done")
    FAILED = "failed", gettext_lazy("Failed")


class SampleJob(models.Model):
    """The latest job about a team's sample, and the queue of it. A control table: no customer data.

    `stage` is how many stages are done; each can be done again. `due_at` is when the next one is to be done, NULL where
    nothing is; a claim is a `due_at` moved on. `reason` says why it failed.
    """

    team = models.OneToOneField("accounts.Team", models.CASCADE, primary_key=True, related_name="+")
    action = models.CharField(max_length=6, choices=SampleAction.choices)
    state = models.CharField(max_length=8, choices=SampleState.choices, default=SampleState.WORKING)
    stage = models.SmallIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True, default="")
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sample_job"
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="sample_job_by_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(action__in=SampleAction.values), name="sample_job_action_known"),
            models.CheckConstraint(condition=models.Q(state__in=SampleState.values), name="sample_job_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.action} the sample"
