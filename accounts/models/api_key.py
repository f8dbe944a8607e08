"""A key that a program uses to report or to read."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models.audited import Audited


class Scope(models.TextChoices):
    """What a key may be used for."""

    INGEST = "ingest", gettext_lazy("Report executions")
    READ = "read", gettext_lazy("Read figures and executions")
    CLASSIFY = "classify", gettext_lazy("Decide about failures and improvements")
    RELEASE = "release", gettext_lazy("Announce releases")
    ALERT = "alert", gettext_lazy("Change alert rules, channels and incidents")
    COST = "cost", gettext_lazy("Change prices, budgets and costs")
    AUDIT = "audit", gettext_lazy("Read the audit log")
    MANAGE = "manage", gettext_lazy("Manage members, keys and settings")


class ApiKey(Audited):
    """A key of a team. Only its hash is kept; `prefix` finds it and names it in lists.

    One with `member` stands for that user: it ends with the membership and may do no more than the role. `source_kinds`
    are the protocols that it may report by (`ingestion.kinds.SourceKind`); empty: all.

    A control table: it is read before the team is known.
    """

    audit_secret = frozenset({"secret_hash"})
    audit_ignored = frozenset({"created_at", "last_used_at", "created_by_id"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True)
    secret_hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope.choices))
    created_by = models.ForeignKey("accounts.User", null=True, on_delete=models.SET_NULL, related_name="+")
    member = models.ForeignKey("accounts.User", null=True, on_delete=models.CASCADE, related_name="+")
    source_kinds = ArrayField(models.CharField(max_length=32), default=list, db_default=[], blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # When a newer key took its place: it still works until it ends, and is not replaced once more.
    replaced_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    # Of this key alone, within what its team may; None and 0 are no limit of its own, and twice the rate at once.
    requests_per_second = models.PositiveIntegerField(null=True, blank=True)
    burst = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(scopes__contained_by=Scope.values), name="api_key_scopes_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def is_authenticated(self) -> bool:
        """A verified key stands where a user would: REST permissions ask this."""
        return True
