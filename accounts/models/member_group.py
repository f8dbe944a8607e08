"""A group of members: who owns a workflow together, and is told together."""

from django.db import models
from django.utils import timezone

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel


class MemberGroup(Audited, TenantModel):
    """A named group of members of a team."""

    name = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "member_group"
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="member_group_name_once")]

    def __str__(self) -> str:
        return self.name


class GroupMember(TenantModel):
    """Says that a user belongs to a group."""

    group = TeamForeignKey("accounts.MemberGroup", models.CASCADE, related_name="members", db_index=False)
    # A user who is removed stays as a number that leads nowhere: who is in a group is asked together with memberships.
    user = models.ForeignKey("accounts.User", models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)

    class Meta(TenantModel.Meta):
        db_table = "group_member"
        constraints = [models.UniqueConstraint(fields=["team", "group", "user"], name="group_member_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.group_id}"
