"""A process that a team runs repeatedly."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel


class Workflow(Audited, TenantModel):
    """A workflow; its id derives from team and name. Objectives are NULL until somebody sets them.

    `completeness` says how whole its reports are: empty (complete), `failures-only` or `sampled` at one in
    `sample_rate`, up to one in `sample_rate_max` where rates vary; `completeness_from` is the source of which somebody
    declared it, whose kind is so by nature, or whose reports say so themselves. It is owned by a member or a group, or
    by nobody; `tags` are what a team sorts its workflows by.

    `schedule` is when it should start, as cron writes it, in `schedule_zone`, as a member set it; a start may be
    `schedule_grace_ms` late (NULL: until the next one is due). `told_schedule` is what executions tell, on the last
    day on which they told one (`told_schedule_on`). What a member set counts before it. Empty: none.
    """

    name = models.CharField(max_length=200)
    slug = models.CharField(max_length=80)
    type = models.CharField(max_length=80, blank=True)
    objective_success_rate = models.FloatField(null=True, blank=True, help_text=_("Share from 0 to 1"))
    objective_p95_ms = models.FloatField(null=True, blank=True, help_text=_("Milliseconds"))
    objective_freshness_ms = models.FloatField(
        null=True, blank=True, help_text=_("Milliseconds that the last success may be old")
    )
    completeness = models.CharField(max_length=16, blank=True, default="", db_default="")
    sample_rate = models.FloatField(null=True, blank=True)
    sample_rate_max = models.FloatField(null=True, blank=True)
    completeness_from = models.UUIDField(null=True, blank=True)
    schedule = models.CharField(max_length=100, blank=True, default="", db_default="")
    schedule_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    schedule_grace_ms = models.FloatField(null=True, blank=True)
    told_schedule = models.CharField(max_length=100, blank=True, default="", db_default="")
    told_schedule_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    told_schedule_on = models.DateField(null=True, blank=True)
    # A user who is removed stays named by a number that leads nowhere.
    owner = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    owner_group = TeamForeignKey("accounts.MemberGroup", models.SET_NULL, null=True, db_index=False, related_name="+")
    tags = ArrayField(models.CharField(max_length=80), default=list, db_default=[])
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "workflow"
        indexes = [
            # Each figure asks which workflows have no success rate: mostly none.
            models.Index(
                fields=["team", "id"],
                condition=models.Q(completeness="failures-only"),
                name="workflow_failures_only",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="workflow_name_once"),
            models.UniqueConstraint(fields=["team", "slug"], name="workflow_slug_once"),
            models.CheckConstraint(
                condition=models.Q(objective_success_rate__isnull=True)
                | models.Q(objective_success_rate__gt=0, objective_success_rate__lte=1),
                name="workflow_objective_is_share",
            ),
        ]

    def __str__(self) -> str:
        return self.name
