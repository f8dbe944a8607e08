"""A user in a team, with a role."""

import uuid

from django.db import models
from django.utils import timezone

from accounts.permissions import Permission, Role, role_allows


class Membership(models.Model):
    """Says that a user belongs to a team, and as what."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id} as {self.role}"

    def allows(self, permission: Permission) -> bool:
        """Whether this member may do it."""
        return role_allows(self.role, permission)
