"""What a team decided about a failure group: where it stands, who looks at it, and what happened to it."""

from django.db import models

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel
from monitoring.analysis.triage import EventKind, TriageStatus

_STATUSES = [one.value for one in TriageStatus]
_KINDS = [one.value for one in EventKind]


class GroupTriage(Audited, TenantModel):
    """Where a failure group stands; its id is the group's. A group without a row is open and nobody's.

    `decided_at` is when the status was set. An ignored one is ignored until `until_at`, `until_count` further failures
    (in a stretch of `within_minutes`, when told) or a release; a resolved one is resolved in a release, or from
    `decided_at` on. The release is the next one to go live, or the one called `release_name`. `merged_into` is the
    group that it counts as; that one is itself merged into none. `seen_at` is the group's newest failure when it was
    last looked at, at `looked_at`. The row outlives its group: the same failure that comes again is the same group.
    """

    audit_ignored = Audited.audit_ignored | {"looked_at", "seen_at"}

    workflow_id = models.UUIDField(null=True)
    status = models.CharField(max_length=10, default=TriageStatus.OPEN.value)
    decided_at = models.DateTimeField(null=True)
    # A user who is removed stays named by a number that leads nowhere; NULL: by an API key, or by Steadyrun itself.
    decided_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True, default="")
    until_at = models.DateTimeField(null=True)
    until_count = models.IntegerField(null=True)
    within_minutes = models.IntegerField(null=True)
    release_name = models.CharField(max_length=200, blank=True, default="")
    is_next_release = models.BooleanField(default=False)
    assignee = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    merged_into = TeamForeignKey("self", models.DO_NOTHING, null=True, related_name="+", db_index=False)
    looked_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "group_triage"
        indexes = [
            models.Index(
                fields=["team", "merged_into"],
                condition=models.Q(merged_into__isnull=False),
                name="group_triage_merged",
            ),
            models.Index(
                fields=["team", "looked_at"],
                condition=models.Q(status__in=("ignored", "resolved")),
                name="group_triage_watched",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=_STATUSES), name="group_triage_status_known"),
            models.CheckConstraint(
                condition=models.Q(status__in=("open", "reviewed")) | models.Q(decided_at__isnull=False),
                name="group_triage_time_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(until_count__isnull=True) | models.Q(until_count__gt=0),
                name="group_triage_count_is_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(within_minutes__isnull=True) | models.Q(until_count__isnull=False),
                name="group_triage_stretch_has_count",
            ),
        ]

    def __str__(self) -> str:
        return self.status


class GroupEvent(TenantModel):
    """One thing that happened to a failure group. Rows are only added.

    `kind` says which; `detail` holds the terms of a decision, the assignee, the groups of a merger or the release that
    brought it back, as plain JSON (`services.triage` owns its shape).
    """

    group = TeamForeignKey("monitoring.GroupTriage", models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    detail = models.JSONField(default=dict)
    # NULL: by an API key, or by Steadyrun itself.
    by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True, default="")

    class Meta(TenantModel.Meta):
        db_table = "group_event"
        indexes = [models.Index(fields=["team", "group", "at"], name="group_event_by_time")]
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=_KINDS), name="group_event_kind_known")]

    def __str__(self) -> str:
        return self.kind


class TriageWatch(models.Model):
    """A team that has ignored or resolved groups: they are looked at on the beat. A control table of ids alone."""

    team = models.OneToOneField("accounts.Team", models.CASCADE, primary_key=True, related_name="+")

    class Meta:
        db_table = "triage_watch"

    def __str__(self) -> str:
        return str(self.team_id)
