"""Who may do what: one table of roles and named permissions."""

from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    """The role of a member in a team."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    DEVELOPER = "developer", "Developer"
    OPERATOR = "operator", "Operator"
    FINANCE = "finance", "Finance"
    VIEWER = "viewer", "Viewer"


class Permission(StrEnum):
    """A thing that a member may be allowed to do in a team."""

    VIEW_FIGURES = "view_figures"
    VIEW_PAYLOADS = "view_payloads"
    MANAGE_WORKFLOWS = "manage_workflows"
    MANAGE_ALERTS = "manage_alerts"
    MANAGE_COSTS = "manage_costs"
    MANAGE_KEYS = "manage_keys"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_RETENTION = "manage_retention"
    MANAGE_PRIVACY = "manage_privacy"
    VIEW_AUDIT = "view_audit"
    # The team itself: its name, its owners, its end.
    MANAGE_TEAM = "manage_team"


_VIEWER = frozenset({Permission.VIEW_FIGURES})
_WORKER = _VIEWER | {Permission.VIEW_PAYLOADS, Permission.MANAGE_WORKFLOWS, Permission.MANAGE_ALERTS}
_OWNER = frozenset(Permission)
_ADMIN = _OWNER - {Permission.MANAGE_TEAM}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OWNER: _OWNER,
    Role.ADMIN: _ADMIN,
    Role.DEVELOPER: _WORKER | {Permission.MANAGE_KEYS},
    Role.OPERATOR: _WORKER,
    Role.FINANCE: _VIEWER | {Permission.MANAGE_COSTS},
    Role.VIEWER: _VIEWER | {Permission.VIEW_PAYLOADS},
}


def role_allows(role: str, permission: Permission) -> bool:
    """Whether a member with this role has the permission."""
    return permission in PERMISSIONS[Role(role)]
