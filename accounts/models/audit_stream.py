"""The audit log in the order in which a SIEM follows it, and where a team has it pushed to."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.encryption import EncryptedField
from accounts.models.audited import Audited
from accounts.tenancy import TenantModel


class AuditPlace(TenantModel):
    """The number of an event in its team's stream: 1, 2, 3 … without gaps. Its id is the event's.

    An event is dated before its transaction ends, so one may come to sight behind later ones. Its number is given when
    it is seen, so what follows the numbers misses none.
    """

    place = models.BigIntegerField()
    # The event's own time.
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "audit_place"
        constraints = [models.UniqueConstraint(fields=["team", "place"], name="audit_place_once")]
        indexes = [models.Index(fields=["team", "-at"], name="audit_place_by_time")]

    def __str__(self) -> str:
        return f"event {self.place}"


class StreamFormat(models.TextChoices):
    """How the body of a request is written."""

    LINES = "lines", gettext_lazy("JSON lines: one event a line")
    ARRAY = "array", gettext_lazy("A JSON array of events")


class AuditStream(Audited, TenantModel):
    """Where the events of a team are pushed to, signed. `secret` is encrypted; `sent_place` is how far it has come.

    Events before `since` are not sent. `tries` counts what failed since the last success, which is tried again without
    an end: the log keeps what waits.
    """

    audit_secret = frozenset({"secret"})
    audit_ignored = Audited.audit_ignored | {"sent_place", "tries", "last_success_at", "last_error", "last_error_at"}

    url = models.CharField(max_length=2000)
    secret = EncryptedField()
    format = models.CharField(max_length=8, choices=StreamFormat.choices, default=StreamFormat.LINES)
    is_active = models.BooleanField(default=True)
    since = models.DateTimeField(default=timezone.now)
    sent_place = models.BigIntegerField(default=0)
    tries = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    last_success_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    last_error_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "audit_stream"
        verbose_name = gettext_lazy("audit stream")
        constraints = [models.UniqueConstraint(fields=["team"], name="audit_stream_once")]

    def __str__(self) -> str:
        return self.url


class AuditStreamDue(models.Model):
    """When a team's stream is looked at next. A control table: a worker reads it for all teams. A claim is a `due_at`
    moved on."""

    team = models.OneToOneField("accounts.Team", models.CASCADE, primary_key=True, related_name="+")
    due_at = models.DateTimeField()

    class Meta:
        db_table = "audit_stream_due"
        indexes = [models.Index(fields=["due_at"], name="audit_stream_due_by_time")]

    def __str__(self) -> str:
        return f"stream of {self.team_id}"
