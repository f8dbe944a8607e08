"""A team's issue tracker, what is sent to it, and two queues: deliveries to send, improvements to measure."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.encryption import EncryptedField
from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel


class TrackerEvent(models.TextChoices):
    """What a tracker may be told."""

    CREATED = "improvement.created", _("An improvement was planned")
    STATUS_CHANGED = "improvement.status_changed", _("Its status changed")
    COMMENTED = "improvement.commented", _("Somebody commented")


class DeliveryStatus(models.TextChoices):
    """What became of a delivery."""

    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Given up")


class Tracker(Audited, TenantModel):
    """The one address of a team that improvements are pushed to. `secret` is encrypted; it signs each delivery.

    `events` are values of `TrackerEvent`; `last_error` says why the last try failed.
    """

    audit_secret = frozenset({"secret"})
    audit_ignored = Audited.audit_ignored | {"last_success_at", "last_error", "last_error_at"}

    url = models.CharField(max_length=2000)
    secret = EncryptedField()
    events = models.JSONField(default=list)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    last_success_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    last_error_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "tracker"
        constraints = [models.UniqueConstraint(fields=["team"], name="tracker_once")]

    def __str__(self) -> str:
        return self.url


class TrackerDelivery(TenantModel):
    """One message to the tracker. Its id is the `webhook-id`, the same on each try. No improvement: a test."""

    improvement = TeamForeignKey(
        "monitoring.Improvement", models.CASCADE, null=True, related_name="deliveries", db_index=False
    )
    kind = models.CharField(max_length=40)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.WAITING)
    tries = models.IntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    answer_status = models.IntegerField(null=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        db_table = "tracker_delivery"
        indexes = [
            models.Index(fields=["team", "-created_at"], name="tracker_delivery_by_time"),
            models.Index(fields=["team", "improvement"], name="tracker_delivery_of"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=DeliveryStatus.values), name="tracker_delivery_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.status}"


class TrackerDue(models.Model):
    """A delivery that is to be sent. A control table: ids and times only. A claim is a `due_at` moved on."""

    delivery_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "tracker_due"
        indexes = [models.Index(fields=["due_at"], name="tracker_due_by_time")]

    def __str__(self) -> str:
        return f"delivery {self.delivery_id}"


class ImprovementDue(models.Model):
    """An improvement that is to be measured or watched. A control table like `TrackerDue`."""

    improvement_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "improvement_due"
        indexes = [models.Index(fields=["due_at"], name="improvement_due_by_time")]

    def __str__(self) -> str:
        return f"improvement {self.improvement_id}"
