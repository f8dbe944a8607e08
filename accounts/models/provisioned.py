"""What a program that manages members (SCIM) told of them and of their groups."""

from django.db import models
from django.utils import timezone

from accounts.permissions import Role
from accounts.tenancy import TeamForeignKey, TenantModel


class ProvisionedMember(TenantModel):
    """A person as SCIM knows them. Who is not active has no membership; `role` is what they get back."""

    # A user who is removed stays as a number that leads nowhere, as in groups.
    user = models.ForeignKey("accounts.User", models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)
    external_id = models.CharField(max_length=255, blank=True, default="")
    is_active = models.BooleanField(default=True)
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "provisioned_member"
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="provisioned_member_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"


class ProvisionedGroup(TenantModel):
    """A group of a company's directory, as SCIM told it: its name gives a role where the identity provider maps it."""

    name = models.CharField(max_length=200)
    external_id = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "provisioned_group"
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="provisioned_group_name_once")]

    def __str__(self) -> str:
        return self.name


class ProvisionedGroupMember(TenantModel):
    """Says that a person is in such a group; also one who was made inactive."""

    group = TeamForeignKey("accounts.ProvisionedGroup", models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey("accounts.User", models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)

    class Meta(TenantModel.Meta):
        db_table = "provisioned_group_member"
        constraints = [
            models.UniqueConstraint(fields=["team", "group", "user"], name="provisioned_group_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.group_id}"
