"""Usual ranges as they are kept, and which of them are to be built again."""

from django.db import models

from accounts.tenancy import TenantModel


class Basis(models.IntegerChoices):
    """What a baseline is of. Stored; the numbers of a rollup's dimension where it is one."""

    WORKFLOW = 0, "workflow"
    RELEASE = 1, "release"
    NODE = 20, "node"
    WORKFLOW_TYPE = 40, "workflow type"


class Baseline(TenantModel):
    """The usual ranges of one figure, as `monitoring.analysis.baseline.Baseline.as_document` writes them.

    `workflow_id` is the workflow; for a type the id that derives from it. `value_id` is the label of the release or
    node, else 0. `metric` is a `monitoring.analysis.ranges.Metric`, or `objectives` for what history proposes.
    """

    workflow_id = models.UUIDField()
    environment_id = models.BigIntegerField()
    dimension = models.SmallIntegerField(choices=Basis)
    value_id = models.BigIntegerField(default=0)
    metric = models.CharField(max_length=20)
    document = models.JSONField()
    built_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "baseline"
        constraints = [
            models.UniqueConstraint(
                fields=["team", "workflow_id", "environment_id", "dimension", "metric", "value_id"],
                name="baseline_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_dimension_display()} {self.metric}"


class BaselineDue(models.Model):
    """Whose baselines are to be built, and when: a queue, readable before a team is known. It holds ids and times only.

    Key: `(team_id, workflow_id, environment_id)`. `due_at` is NULL when nothing changed since `built_at`; while they
    are being built `leased_until` says when that is given up. `parts_built_at`: those of nodes and releases.
    """

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    workflow_id = models.UUIDField(primary_key=True)
    environment_id = models.BigIntegerField()
    due_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    built_at = models.DateTimeField(null=True)
    parts_built_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "baseline_due"

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.due_at:%Y-%m-%d %H:%M}" if self.due_at else str(self.workflow_id)
