"""An incident: one time that a rule's condition held, from open to resolved; its history; when to look at it again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TeamForeignKey, TenantModel
from alerts.analysis.conditions import SEVERITY_WORDS, Severity


class IncidentStatus(models.TextChoices):
    """Where an incident stands."""

    OPEN = "open", _("Open")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    RESOLVED = "resolved", _("Resolved")


class IncidentEventKind(models.TextChoices):
    """What may happen to an incident."""

    OPENED = "opened", _("Opened")
    WORSE = "worse", _("Became worse")
    GROUPED = "grouped", _("Counted to another incident")
    MUTED = "muted", _("No notice sent")
    NOTIFIED = "notified", _("Notice sent")
    ESCALATED = "escalated", _("Escalated")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    NOTED = "noted", _("Note")
    LINKED = "linked", _("Improvement linked")
    NO_DATA = "no_data", _("No data any more")
    RESOLVED = "resolved", _("Resolved")
    REOPENED = "reopened", _("Open again")


class Incident(TenantModel):
    """An incident of one rule and one subject; while it is open there is no second one.

    Without a rule it is of a failing or slow dependency that incidents of several workflows count to
    (`services.grouping`); its `subject_id` then derives from that.
    `subject_id` is the id of the rule's `AlertState`; `workflow_id` and `value_text` say what it is about (NULL, empty:
    the whole team). `since` is when the condition began to hold, `opened_at` when that was found. `value`, `limit` and
    `samples` are those of the window that opened it, `worst` the worst since. `facts` is plain JSON for pages and
    notices: `how_bad`, `concentration`, `href`, `sample_ids` (`services.incident_facts` owns its shape). `cause_kind`
    and `cause_value` name the dependency that incidents are grouped by; `parent` is the incident that it
    counts to. `muted_by` says why it sends no notice (empty: it does): parent, silence, ignored, flapping, sample.
    `active_at` is since when notices and escalation count: when it opened, opened again, or was no longer muted.
    """

    rule = TeamForeignKey("alerts.AlertRule", models.CASCADE, null=True, related_name="incidents", db_index=False)
    subject_id = models.UUIDField()
    workflow_id = models.UUIDField(null=True)
    value_text = models.CharField(max_length=500, blank=True, default="")
    environment = models.CharField(max_length=200, blank=True, default="")
    title = models.CharField(max_length=300)
    severity = models.CharField(max_length=8, choices=[(one.value, _(SEVERITY_WORDS[one])) for one in Severity])
    status = models.CharField(max_length=12, choices=IncidentStatus.choices, default=IncidentStatus.OPEN)
    since = models.DateTimeField()
    opened_at = models.DateTimeField()
    active_at = models.DateTimeField(null=True)
    reopen_count = models.IntegerField(default=0, db_default=0)
    updated_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    is_resolved_by_hand = models.BooleanField(default=False, db_default=False)
    value = models.FloatField(null=True)
    limit = models.FloatField(null=True)
    samples = models.BigIntegerField(default=0)
    worst = models.FloatField(null=True)
    facts = models.JSONField(default=dict)
    cause_kind = models.CharField(max_length=12, blank=True, default="")
    cause_value = models.CharField(max_length=500, blank=True, default="")
    parent = TeamForeignKey("self", models.SET_NULL, null=True, related_name="children", db_index=False)
    muted_by = models.CharField(max_length=12, blank=True, default="")
    is_flapping = models.BooleanField(default=False)
    improvement = TeamForeignKey(
        "monitoring.Improvement", models.SET_NULL, null=True, related_name="incidents", db_index=False
    )

    class Meta(TenantModel.Meta):
        db_table = "incident"
        indexes = [
            models.Index(fields=["team", "-opened_at", "id"], name="incident_by_time"),
            models.Index(fields=["team", "workflow_id", "-opened_at"], name="incident_of_workflow"),
            models.Index(fields=["team", "rule", "-opened_at", "id"], name="incident_of_rule"),
            models.Index(
                fields=["team", "cause_kind", "cause_value"],
                condition=models.Q(resolved_at__isnull=True),
                name="incident_open_by_cause",
            ),
            models.Index(
                fields=["team", "resolved_at"],
                condition=models.Q(resolved_at__isnull=False),
                name="incident_resolved_by_time",
            ),
            models.Index(fields=["team", "parent"], condition=models.Q(parent__isnull=False), name="incident_children"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "rule", "subject_id"],
                condition=models.Q(resolved_at__isnull=True),
                name="incident_open_once",
            ),
            models.UniqueConstraint(
                fields=["team", "subject_id"],
                condition=models.Q(resolved_at__isnull=True, rule__isnull=True),
                name="incident_dependency_open_once",
            ),
            models.CheckConstraint(condition=models.Q(status__in=IncidentStatus.values), name="incident_status_known"),
            models.CheckConstraint(
                condition=models.Q(severity__in=[one.value for one in Severity]), name="incident_severity_known"
            ),
            models.CheckConstraint(
                condition=models.Q(status="resolved", resolved_at__isnull=False)
                | (~models.Q(status="resolved") & models.Q(resolved_at__isnull=True)),
                name="incident_resolved_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class IncidentEvent(TenantModel):
    """One thing that happened to an incident. Rows are only added. `text`: a note or reason; `detail`: plain JSON."""

    incident = TeamForeignKey("alerts.Incident", models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=16, choices=IncidentEventKind.choices)
    text = models.CharField(max_length=4000, blank=True, default="")
    detail = models.JSONField(default=dict)
    # NULL: by an API key, or by Steadyrun itself.
    by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True, default="")

    class Meta(TenantModel.Meta):
        db_table = "incident_event"
        indexes = [models.Index(fields=["team", "incident", "at"], name="incident_event_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=IncidentEventKind.values), name="incident_event_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class IncidentDue(models.Model):
    """When an incident is looked at again: escalation, the end of a silence, of quiet hours. A control table."""

    incident_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "incident_due"
        indexes = [models.Index(fields=["due_at"], name="incident_due_by_time")]

    def __str__(self) -> str:
        return f"incident {self.incident_id}"
