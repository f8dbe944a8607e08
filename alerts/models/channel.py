"""Channels, what is sent to them, and the queue of what is to be sent."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.encryption import EncryptedField
from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel
from alerts.analysis.notices import KIND_WORDS, NoticeKind

# The sequence that numbers what is queued.
POSITIONS = "alert_delivery_position"


class ChannelKind(models.TextChoices):
    """What a channel speaks."""

    EMAIL = "email", _("E-mail")
    SLACK = "slack", "Slack"
    TEAMS = "teams", "Microsoft Teams"
    DISCORD = "discord", "Discord"
    PAGERDUTY = "pagerduty", "PagerDuty"
    OPSGENIE = "opsgenie", "Opsgenie"
    TELEGRAM = "telegram", "Telegram"
    WEBHOOK = "webhook", _("Webhook")
    ALERTMANAGER = "alertmanager", "Alertmanager"


class AlertDeliveryStatus(models.TextChoices):
    """What became of a delivery."""

    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Given up")


class Channel(Audited, TenantModel):
    """Where notices go. `settings` may be seen by members; `secrets` (encrypted JSON, by name) is never shown again."""

    audit_secret = frozenset({"secrets"})
    audit_ignored = Audited.audit_ignored | {"last_success_at", "last_error", "last_error_at"}

    kind = models.CharField(max_length=16, choices=ChannelKind.choices)
    name = models.CharField(max_length=120)
    settings = models.JSONField(default=dict)
    secrets = EncryptedField(null=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_success_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    last_error_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "channel"
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="channel_name_once"),
            models.CheckConstraint(condition=models.Q(kind__in=ChannelKind.values), name="channel_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name


class AlertDelivery(TenantModel):
    """One notice to one channel: the outbox. Its id goes along with each try, so that a receiver can tell a second one.

    `notice` is `alerts.analysis.notices.Notice.as_document()`. `event` is the event of the incident that it tells: a
    channel is told of one event once. Without an incident it is a test or a digest.
    """

    channel = TeamForeignKey("alerts.Channel", models.CASCADE, related_name="deliveries", db_index=False)
    incident = TeamForeignKey("alerts.Incident", models.CASCADE, null=True, related_name="deliveries", db_index=False)
    event = TeamForeignKey("alerts.IncidentEvent", models.CASCADE, null=True, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=[(one.value, _(KIND_WORDS[one])) for one in NoticeKind])
    notice = models.JSONField()
    created_at = models.DateTimeField()
    status = models.CharField(max_length=8, choices=AlertDeliveryStatus.choices, default=AlertDeliveryStatus.WAITING)
    tries = models.IntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    answer_status = models.IntegerField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    # Addresses of an e-mail that took it: a further try goes to the others only.
    told = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        db_table = "alert_delivery"
        indexes = [
            models.Index(fields=["team", "-created_at", "id"], name="alert_delivery_by_time"),
            models.Index(fields=["team", "channel", "-created_at"], name="alert_delivery_of_channel"),
            models.Index(fields=["team", "incident"], name="alert_delivery_of_incident"),
            models.Index(fields=["team", "status", "-created_at", "id"], name="alert_delivery_by_status"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "channel", "event"],
                condition=models.Q(event__isnull=False),
                name="alert_delivery_once",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=AlertDeliveryStatus.values), name="alert_delivery_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[one.value for one in NoticeKind]), name="alert_delivery_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.status}"


class ChannelMessage(TenantModel):
    """The message of an incident in a channel, as its receiver named it: later notices update it."""

    channel = TeamForeignKey("alerts.Channel", models.CASCADE, related_name="messages", db_index=False)
    incident = TeamForeignKey("alerts.Incident", models.CASCADE, related_name="messages", db_index=False)
    reference = models.JSONField()
    updated_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "channel_message"
        constraints = [
            models.UniqueConstraint(fields=["team", "channel", "incident"], name="channel_message_once"),
        ]

    def __str__(self) -> str:
        return f"message of incident {self.incident_id}"


class ChannelDue(models.Model):
    """When a channel may be sent to next: it is claimed as a whole, so that one request at a time is under way.

    A control table: ids and times only. `failures` are those in a row; after one, nothing is sent until `next_at`.
    `repeat_at`: when its open alerts are sent again, for receivers that forget them.
    """

    channel_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    next_at = models.DateTimeField()
    failures = models.IntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    repeat_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "channel_due"
        indexes = [models.Index(fields=["next_at"], name="channel_due_by_time")]

    def __str__(self) -> str:
        return f"channel {self.channel_id}"


class AlertDeliveryDue(models.Model):
    """A delivery that is to be sent, not before `due_at`. A control table: ids and times only.

    `position` is the order in which they were queued: of one incident, none overtakes an earlier one in its channel.
    `since` is when it was due first: what fails in passing is tried for a day from then.
    """

    delivery_id = models.UUIDField(primary_key=True)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    channel_id = models.UUIDField()
    incident_id = models.UUIDField(null=True)
    position = models.BigIntegerField(db_default=models.Func(models.Value(POSITIONS), function="nextval"))
    due_at = models.DateTimeField()
    since = models.DateTimeField()

    class Meta:
        db_table = "alert_delivery_due"
        indexes = [
            models.Index(fields=["due_at"], name="alert_delivery_due_by_time"),
            models.Index(fields=["channel_id", "incident_id", "position"], name="alert_delivery_due_in_order"),
        ]

    def __str__(self) -> str:
        return f"delivery {self.delivery_id}"
