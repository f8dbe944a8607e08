"""What a team does about a finding or a failure group, and what came of it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel


class ChangeKind(models.TextChoices):
    """What kind of change an improvement is."""

    NODE_DESIGN = "node_design", _("Node design")
    TIMEOUT_RETRY = "timeout_retry", _("Timeout and retry")
    TOOL_INVOCATION = "tool_invocation", _("Tool invocation")
    TRIGGER = "trigger", _("Webhook or schedule")
    DEPENDENCY = "dependency", _("Dependency")


class ImprovementStatus(models.TextChoices):
    """Where an improvement stands."""

    PLANNED = "planned", _("Planned")
    RELEASED = "released", _("Released")
    HELPED = "helped", _("Helped")
    NO_HELP = "no_help", _("Did not help")
    REOPENED = "reopened", _("Reopened")


class Metric(models.TextChoices):
    """The figure that an improvement is for, and is measured by."""

    FAILURE_RATE = "failure_rate", _("Failure rate")
    GROUP_RATE = "group_rate", _("Rate of this failure group")
    UNMET_RATE = "unmet_rate", _("Share of unmet runs")
    RETRY_RATE = "retry_rate", _("Retries per run")
    P95_MS = "p95_ms", _("p95 latency")
    MEAN_MS = "mean_ms", _("Average latency")
    COST_USD = "cost_usd", _("Cost per run")
    TOKENS = "tokens", _("Tokens per run")


class Improvement(Audited, TenantModel):
    """An improvement of one workflow, in one environment (NULL: all of them), made from a finding or a failure group.

    `metric` is what it is for; `expected_change` the change that its maker expects of it, as a share of what it was
    (-0.5: halved), NULL where nobody said. `release` is the one that carries it. `result` is the newest comparison of
    before and after as plain JSON (`services.improvements` owns its shape), `measured_at` when it was made. `links`
    are addresses that belong to it, `tracker_url` its page in the team's issue tracker. `reopened_by` is the release in
    which the failure group came back.
    """

    audit_ignored = Audited.audit_ignored | {"changed_at", "result", "measured_at"}

    workflow = TeamForeignKey("monitoring.Workflow", models.CASCADE, related_name="improvements", db_index=False)
    environment_id = models.BigIntegerField(null=True)
    finding = TeamForeignKey("monitoring.Finding", models.DO_NOTHING, null=True, related_name="+", db_index=False)
    failure_group_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=20, choices=ChangeKind.choices)
    title = models.CharField(max_length=300)
    text = models.CharField(max_length=10_000, blank=True)
    # A user who is removed stays named by a number that leads nowhere.
    owner = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    metric = models.CharField(max_length=20, choices=Metric.choices)
    expected_change = models.FloatField(null=True)
    expected_effect = models.CharField(max_length=2000, blank=True)
    status = models.CharField(max_length=12, choices=ImprovementStatus.choices, default=ImprovementStatus.PLANNED)
    release = TeamForeignKey("monitoring.Release", models.DO_NOTHING, null=True, related_name="+", db_index=False)
    released_at = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    measured_at = models.DateTimeField(null=True)
    reopened_by = TeamForeignKey("monitoring.Release", models.DO_NOTHING, null=True, related_name="+", db_index=False)
    links = models.JSONField(default=list)
    tracker_url = models.CharField(max_length=2000, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "improvement"
        indexes = [
            models.Index(fields=["team", "status", "changed_at"], name="improvement_by_status"),
            models.Index(fields=["team", "workflow", "status"], name="improvement_of_workflow"),
            models.Index(fields=["team", "failure_group_id"], name="improvement_of_group"),
            models.Index(fields=["team", "finding"], name="improvement_of_finding"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=ChangeKind.values), name="improvement_kind_known"),
            models.CheckConstraint(condition=models.Q(metric__in=Metric.values), name="improvement_metric_known"),
            models.CheckConstraint(
                condition=models.Q(status__in=ImprovementStatus.values), name="improvement_status_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(metric="group_rate") | models.Q(failure_group_id__isnull=False),
                name="improvement_group_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(status="planned") | models.Q(release__isnull=False),
                name="improvement_release_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ImprovementEvent(TenantModel):
    """One thing that happened to an improvement: a comment, a change, a measurement. Rows are only added.

    `kind` says which; `detail` holds old and new values, or the figures of a measurement, as plain JSON.
    """

    improvement = TeamForeignKey("monitoring.Improvement", models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    text = models.CharField(max_length=10_000, blank=True)
    detail = models.JSONField(default=dict)
    # NULL: by an API key, or by Steadyrun itself.
    by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        db_table = "improvement_event"
        indexes = [models.Index(fields=["team", "improvement", "at"], name="improvement_event_by_time")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"
