"""What the analysis keeps: healthy references, diagnoses of failed executions, the queue of those to come, and what
members decided."""

from django.db import models
from django.utils import timezone

from accounts.tenancy import TenantModel


class HealthyReference(TenantModel):
    """What succeeded executions have in common; `document` is zstd over the JSON of `analysis.reference.Reference`.

    The id derives from the workflow, the environment and what the executions share (`reads.cohort.reference_id`).
    `newest_at` is where the newest of them counts. `runs` is how many were read, `cohort` how many there were.
    """

    workflow_id = models.UUIDField()
    document = models.BinaryField()
    runs = models.IntegerField()
    cohort = models.IntegerField(default=0, db_default=0)
    basis = models.TextField()
    built_at = models.DateTimeField()
    newest_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "healthy_reference"

    def __str__(self) -> str:
        return self.basis


class Diagnosis(TenantModel):
    """What was found out about one failed execution; its id is the execution's.

    Steps are step ids, NULL where it is one that is missing. `facts` are those that the cause was suggested from,
    `suggestion` the scores and the evidence for and against (`services.diagnosis` owns both shapes). `input_digest`
    says whether two inputs are the same.
    """

    workflow_id = models.UUIDField(null=True)
    failure_group_id = models.UUIDField(null=True)
    counted_at = models.DateTimeField()
    verdict = models.CharField(max_length=20)
    kind = models.CharField(max_length=60, blank=True)
    confidence = models.CharField(max_length=10, blank=True)
    first_step_id = models.BigIntegerField(null=True)
    first_node = models.TextField(blank=True)
    symptom_step_id = models.BigIntegerField(null=True)
    symptom_node = models.TextField(blank=True)
    cause_step_id = models.BigIntegerField(null=True)
    cause_node = models.TextField(blank=True)
    cause = models.CharField(max_length=30)
    input_digest = models.BigIntegerField(null=True)
    evidence = models.JSONField()
    facts = models.JSONField()
    suggestion = models.JSONField()
    basis = models.TextField()
    computed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "diagnosis"
        indexes = [
            models.Index(fields=["team", "failure_group_id", "counted_at"], name="diagnosis_of_group"),
            models.Index(fields=["team", "workflow_id", "counted_at"], name="diagnosis_of_workflow"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict}: {self.cause}"


class Examination(TenantModel):
    """What examining an execution of many steps found; its id is the execution's.

    `document` is zstd over MessagePack (`services.examination` owns its shape). Kept so that Replay need not compare
    thousands of steps each time it is opened; it is made again when `version` is no longer the execution's.
    """

    version = models.TextField()
    document = models.BinaryField()
    computed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "examination"

    def __str__(self) -> str:
        return self.version


class DueDiagnosis(models.Model):
    """An execution is to be diagnosed, once no part of it has come for a while. Rows are only added and removed.

    A queue, readable before a team is known: ids and times only. The last row of an execution says when.
    """

    id = models.BigAutoField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    execution_id = models.UUIDField()
    added_at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        db_table = "due_diagnosis"
        indexes = [
            models.Index(fields=["due_at"], name="due_diagnosis_due"),
            models.Index(fields=["team", "execution_id", "id"], name="due_diagnosis_of"),
        ]

    def __str__(self) -> str:
        return f"execution {self.execution_id}"


class Classification(TenantModel):
    """What a member (or an API key) decided about an execution or, without one, about its whole failure group.

    Rows are only added: the newest counts. `suggested` is what the analysis suggested at that time.
    """

    execution_id = models.UUIDField(null=True)
    failure_group_id = models.UUIDField(null=True)
    workflow_id = models.UUIDField(null=True)
    cause = models.CharField(max_length=30)
    suggested = models.CharField(max_length=30)
    note = models.CharField(max_length=2000, blank=True)
    decided_at = models.DateTimeField(default=timezone.now)
    # A user who is removed stays named by a number that leads nowhere; NULL: by an API key.
    decided_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        db_table = "classification"
        indexes = [
            models.Index(fields=["team", "failure_group_id", "decided_at"], name="classification_of_group"),
            models.Index(fields=["team", "execution_id"], name="classification_of_execution"),
            models.Index(fields=["team", "workflow_id", "decided_at"], name="classification_of_workflow"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(execution_id__isnull=False) | models.Q(failure_group_id__isnull=False),
                name="classification_is_of_something",
            ),
        ]

    def __str__(self) -> str:
        return self.cause
