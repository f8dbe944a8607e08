"""Who may do what: one table of roles and named permissions."""

from enum import StrEnum
from functools import cache

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


# What each permission is called, and what it covers.
PERMISSION_WORDS: dict[Permission, tuple[str, str]] = {
    Permission.VIEW_FIGURES: (
        "See figures",
        "Trends, failures, costs, incidents, settings without secrets.",
    ),
    Permission.VIEW_PAYLOADS: (
        "See payloads",
        "Inputs, outputs, log lines. Each view is in the audit log.",
    ),
    Permission.MANAGE_WORKFLOWS: ("Change workflows", "Objectives, criteria, classifications, improvements, releases."),
    Permission.MANAGE_ALERTS: ("Change alerts", "Rules, channels, routes, silences, incidents."),
    Permission.MANAGE_COSTS: ("Change costs", "Prices, budgets, statements, closing of months, exports."),
    Permission.MANAGE_KEYS: ("Manage keys and sources", "API keys, sources, destinations."),
    Permission.MANAGE_MEMBERS: ("Manage members", "Invite, change roles, remove; groups. Only an owner makes owners."),
    Permission.MANAGE_RETENTION: ("Change retention", "How long records are kept; holds."),
    Permission.MANAGE_PRIVACY: ("Change privacy", "What is masked and captured; personal data."),
    Permission.VIEW_AUDIT: ("See the audit log", "Who changed or saw what, from where; where it is pushed to."),
    Permission.MANAGE_TEAM: ("Manage the team itself", "Its name, its owners, its end."),
}


def role_allows(role: str, permission: Permission) -> bool:
    """Whether a member with this role has the permission."""
    return permission in PERMISSIONS[Role(role)]


# What a key that stands for a member may be used for, by the permission that it takes.
_SCOPES: dict[str, Permission] = {
    "ingest": Permission.MANAGE_KEYS,
    "read": Permission.VIEW_PAYLOADS,
    "classify": Permission.MANAGE_WORKFLOWS,
    "release": Permission.MANAGE_WORKFLOWS,
    "alert": Permission.MANAGE_ALERTS,
    "cost": Permission.MANAGE_COSTS,
    "audit": Permission.VIEW_AUDIT,
    "manage": Permission.MANAGE_MEMBERS,
}


@cache
def scopes_of(role: str) -> frozenset[str]:
    """The scopes (`accounts.models.Scope`) that a personal key of a member with this role may have."""
    return frozenset(scope for scope, needed in _SCOPES.items() if role_allows(role, needed))


def may_give(giver: str, role: str) -> bool:
    """Whether a member with the role `giver` may give this role to somebody, or take it away."""
    return role_allows(giver, Permission.MANAGE_TEAM if role == Role.OWNER else Permission.MANAGE_MEMBERS)
