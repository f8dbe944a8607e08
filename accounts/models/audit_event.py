"""What was done: events that are written once and never changed."""

import uuid

from django.db import models
from django.utils import timezone

from accounts.acting import ActorKind, Via
from accounts.tenancy import TenantModel


class _Event(models.Model):
    """Who did what to what, and from where. Names are those of that time: whoever they were may be gone.

    `before` and `after` hold the fields that changed, as JSON; a secret is only ever "(set)", "(changed)" or "(none)".
    `impersonated_by` is the address of the administrator who saw a page as somebody else.
    """

    at = models.DateTimeField(default=timezone.now)
    actor_kind = models.CharField(max_length=8, choices=ActorKind.choices)
    actor_id = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=254)
    impersonated_by = models.CharField(max_length=254, blank=True, default="")
    action = models.CharField(max_length=80)
    target_kind = models.CharField(max_length=60, blank=True, default="")
    target_id = models.CharField(max_length=200, blank=True, default="")
    target_name = models.CharField(max_length=200, blank=True, default="")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    note = models.CharField(max_length=500, blank=True, default="")
    via = models.CharField(max_length=8, choices=Via.choices)
    address = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.actor_name}: {self.action}"


class AuditEvent(_Event, TenantModel):
    """An event of a team. The database lets the application add and read, nothing else."""

    class Meta(TenantModel.Meta):
        db_table = "audit_event"
        indexes = [
            models.Index(fields=["team", "-at", "id"], name="audit_event_by_time"),
            models.Index(fields=["team", "target_kind", "target_id", "-at"], name="audit_event_by_target"),
            models.Index(fields=["team", "actor_id", "-at"], name="audit_event_by_actor"),
        ]


class InstallationEvent(_Event):
    """An event of no one team: signing in, users, what people who run the installation do. Add and read only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Which team it concerned, if one; no key, as the team may be gone.
    about_team = models.UUIDField(null=True)

    class Meta:
        db_table = "installation_event"
        indexes = [
            models.Index(fields=["-at", "id"], name="installation_event_by_time"),
            models.Index(fields=["actor_id", "-at"], name="installation_event_by_actor"),
        ]
