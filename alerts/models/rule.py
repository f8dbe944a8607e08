"""Alert rules, where each stands for what it looks at, and the queue of evaluations."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel
from alerts.analysis.catalogue import Scope
from alerts.analysis.conditions import SEVERITY_WORDS, Comparison, Condition, NoData, Severity, State
from monitoring.identity import PRODUCTION

# How the administration names them.
_COMPARISONS = [
    (Comparison.ABOVE.value, _("Above")),
    (Comparison.BELOW.value, _("Below")),
    (Comparison.UNUSUAL.value, _("Unusual")),
    (Comparison.UNUSUAL_EITHER.value, _("Unusual either")),
]
_NO_DATA = [(NoData.UNKNOWN.value, _("Unknown")), (NoData.OK.value, _("Ok")), (NoData.FIRE.value, _("Fire"))]
_SEVERITIES = [(one.value, _(SEVERITY_WORDS[one])) for one in Severity]
_STATES = [
    (State.OK.value, _("Ok")),
    (State.PENDING.value, _("Pending")),
    (State.FIRING.value, _("Firing")),
    (State.NO_DATA.value, _("No data")),
]


class AlertRule(Audited, TenantModel):
    """A rule of a team; its condition is `alerts.analysis.conditions.Condition`.

    It looks at `workflow`, or without one at the whole team: at each workflow of its own (`is_per_workflow`), or at all
    together. With a `scope` it looks at one `value` of it (a model, a node ...), or without a value at each. An empty
    `environment` is all of them. `default_key` names a rule that is there from the start; `text` says what to do, with
    an optional link. A removed rule stays for its incidents. `revision` grows with each change of the condition.
    """

    audit_ignored = Audited.audit_ignored | {"revision", "updated_by_id"}

    name = models.CharField(max_length=200)
    default_key = models.CharField(max_length=40, blank=True, default="")
    metric = models.CharField(max_length=40)
    workflow = TeamForeignKey("monitoring.Workflow", models.CASCADE, null=True, related_name="rules", db_index=False)
    is_per_workflow = models.BooleanField(default=True)
    scope = models.CharField(max_length=12, blank=True, default="")
    value = models.CharField(max_length=500, blank=True, default="")
    environment = models.CharField(max_length=200, blank=True, default=PRODUCTION)
    comparison = models.CharField(max_length=16, choices=_COMPARISONS, default=Comparison.ABOVE.value)
    threshold = models.FloatField(null=True)
    clear_threshold = models.FloatField(null=True)
    window_s = models.IntegerField(default=300)
    delay_s = models.IntegerField(default=0)
    min_samples = models.IntegerField(default=0)
    for_s = models.IntegerField(default=0)
    keep_firing_s = models.IntegerField(default=0)
    no_data = models.CharField(max_length=8, choices=_NO_DATA, default=NoData.UNKNOWN.value)
    parameters = models.JSONField(default=dict)
    severity = models.CharField(max_length=8, choices=_SEVERITIES, default=Severity.WARNING.value)
    tags = models.JSONField(default=list)
    text = models.CharField(max_length=2000, blank=True, default="")
    url = models.CharField(max_length=2000, blank=True, default="")
    is_active = models.BooleanField(default=True)
    revision = models.IntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)
    # A user who is removed stays named by a number that leads nowhere; NULL: by an API key, or there from the start.
    updated_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta(TenantModel.Meta):
        db_table = "alert_rule"
        indexes = [models.Index(fields=["team", "name", "id"], name="alert_rule_by_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "default_key"],
                condition=~models.Q(default_key="") & models.Q(removed_at__isnull=True),
                name="alert_rule_default_once",
            ),
            models.CheckConstraint(
                condition=models.Q(scope__in=["", *(one.value for one in Scope)]), name="alert_rule_scope_known"
            ),
            models.CheckConstraint(
                condition=models.Q(comparison__in=[one.value for one in Comparison]), name="alert_rule_comparison_known"
            ),
            models.CheckConstraint(
                condition=models.Q(severity__in=[one.value for one in Severity]), name="alert_rule_severity_known"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    window_s__gte=0, delay_s__gte=0, min_samples__gte=0, for_s__gte=0, keep_firing_s__gte=0
                ),
                name="alert_rule_lengths_are_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def condition(self) -> Condition:
        """What the rule asks, as plain values."""
        return Condition(
            metric=self.metric,
            comparison=Comparison(self.comparison),
            threshold=self.threshold,
            clear_threshold=self.clear_threshold,
            window_s=self.window_s,
            delay_s=self.delay_s,
            min_samples=self.min_samples,
            for_s=self.for_s,
            keep_firing_s=self.keep_firing_s,
            no_data=NoData(self.no_data),
            parameters=self.parameters,
        )


class AlertState(TenantModel):
    """Where a rule stands for one subject: a workflow, a value of the scope, both, or the whole team.

    Its id derives from rule, workflow and value (`alerts.identity.subject_id`). `at` is the end of the newest window
    that changed anything of it, `value` and `samples` are what that gave, `low` and `high` the usual range where that
    was asked. `memory` is what the state machine remembers (`alerts.analysis.states` owns its shape), and as `words`
    why nothing is known; `incident_id` is the incident that it fires for.
    """

    rule = TeamForeignKey("alerts.AlertRule", models.CASCADE, related_name="states", db_index=False)
    workflow_id = models.UUIDField(null=True)
    value_text = models.CharField(max_length=500, blank=True, default="")
    state = models.CharField(max_length=8, choices=_STATES, default=State.OK.value)
    since = models.DateTimeField()
    at = models.DateTimeField()
    value = models.FloatField(null=True)
    samples = models.BigIntegerField(default=0)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    memory = models.JSONField(default=dict)
    incident_id = models.UUIDField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "alert_state"
        indexes = [models.Index(fields=["team", "rule"], name="alert_state_of_rule")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[one.value for one in State]), name="alert_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.state


class RuleDue(models.Model):
    """When a rule is evaluated next: a queue, readable before a team is known. It holds ids and times only.

    Who evaluates it holds its row. `evaluated_until` is the end of the last window that was evaluated: after an outage
    evaluation goes on from there. `evaluated_at` is when that was: figures that are newer came late.
    """

    rule_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()
    evaluated_until = models.DateTimeField(null=True)
    evaluated_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "rule_due"
        indexes = [models.Index(fields=["due_at"], name="rule_due_by_time")]

    def __str__(self) -> str:
        return f"rule {self.rule_id}"
