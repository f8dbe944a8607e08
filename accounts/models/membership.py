"""A user in a team, with a role."""

import uuid

from django.db import models
from django.utils import timezone

from accounts.models.audited import Audited
from accounts.permissions import Permission, Role, role_allows

# Who gets the weekly review by e-mail without having chosen so.
REVIEW_ROLES = (Role.OWNER, Role.ADMIN)


class Membership(Audited):
    """Says that a user belongs to a team, and as what."""

    audit_ignored = frozenset({"created_at", "wants_review", "review_chosen_at", "start_page"})
    # What an administrator who sees pages as this member may not, whatever the role: of one object, never kept.
    withheld: frozenset[Permission] = frozenset()

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(default=timezone.now)
    # Whether the weekly review comes by e-mail; NULL: nobody chose, so owners and admins get it.
    wants_review = models.BooleanField(null=True)
    review_chosen_at = models.DateTimeField(null=True)
    # The page that the team opens with (a key of `START_PAGES`); empty: that of the role.
    start_page = models.CharField(max_length=20, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id} as {self.role}"

    @property
    def audit_name(self) -> str:
        """The address of the member."""
        return self.user.email

    @property
    def gets_review(self) -> bool:
        """Whether the weekly review is sent to this member."""
        return self.role in REVIEW_ROLES if self.wants_review is None else self.wants_review

    def allows(self, permission: Permission) -> bool:
        """Whether this member may do it."""
        return permission not in self.withheld and role_allows(self.role, permission)
