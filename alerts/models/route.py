"""Which channels are told of which incidents, and when nobody is: routes, silences, maintenance windows."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel


class Route(Audited, TenantModel):
    """Sends incidents that match to channels, in order of `position`; a final one ends the search.

    `matchers` is JSON by name (owner, group, workflow, environment, tag, severity, metric, rule): lists of values,
    where one of a list must fit and each name that is there; an empty one matches everything. `quiet_hours` is JSON or
    NULL: `zone`, `from` and `to` ("22:00"), `days` (0 Monday), `severities` that wait until they are over.
    """

    name = models.CharField(max_length=120)
    position = models.IntegerField()
    matchers = models.JSONField(default=dict)
    quiet_hours = models.JSONField(null=True)
    is_final = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "route"
        indexes = [models.Index(fields=["team", "position", "id"], name="route_in_order")]

    def __str__(self) -> str:
        return self.name


class RouteStep(TenantModel):
    """A channel of a route, told `after_s` seconds after the incident opened if nobody acknowledged it (0: at once)."""

    route = TeamForeignKey("alerts.Route", models.CASCADE, related_name="steps", db_index=False)
    channel = TeamForeignKey("alerts.Channel", models.CASCADE, related_name="route_steps", db_index=False)
    after_s = models.IntegerField(default=0)

    class Meta(TenantModel.Meta):
        db_table = "route_step"
        constraints = [
            models.UniqueConstraint(fields=["team", "route", "channel", "after_s"], name="route_step_once"),
            models.CheckConstraint(condition=models.Q(after_s__gte=0), name="route_step_after_is_positive"),
        ]

    def __str__(self) -> str:
        return f"after {self.after_s} s"


class SilenceKind(models.TextChoices):
    """What a silence does."""

    SILENCE = "silence", _("Silence")  # incidents open, and send no notice
    MAINTENANCE = "maintenance", _("Maintenance")  # no incident opens


class Silence(Audited, TenantModel):
    """A time in which matching incidents send no notice, or (maintenance) do not open. It always has an end.

    `matchers` as a route's. With `cron` (in `zone`) it comes again: each time for `duration_s`, from `starts_at` until
    `ends_at`.
    """

    kind = models.CharField(max_length=12, choices=SilenceKind.choices, default=SilenceKind.SILENCE)
    matchers = models.JSONField(default=dict)
    reason = models.CharField(max_length=500)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    cron = models.CharField(max_length=120, blank=True, default="")
    zone = models.CharField(max_length=64, blank=True, default="UTC")
    duration_s = models.IntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta(TenantModel.Meta):
        db_table = "silence"
        indexes = [models.Index(fields=["team", "ends_at"], name="silence_by_end")]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="silence_has_end"),
            models.CheckConstraint(condition=models.Q(kind__in=SilenceKind.values), name="silence_kind_known"),
        ]

    def __str__(self) -> str:
        return self.reason


class SilenceDue(models.Model):
    """When a silence or maintenance window is over, or over this time: what was held back is looked at then.

    A control table: ids and times only. A claim is a `due_at` moved on.
    """

    silence_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "silence_due"
        indexes = [models.Index(fields=["due_at"], name="silence_due_by_time")]

    def __str__(self) -> str:
        return f"silence {self.silence_id}"
