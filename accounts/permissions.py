"""Who may do what: one table of roles and named permissions."""

from enum import StrEnum
from functools import cache

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop


class Role(models.TextChoices):
    """The role of a member in a team."""

    OWNER = "owner", gettext_lazy("Owner")
    ADMIN = "admin", gettext_lazy("Admin")
    DEVELOPER = "developer", gettext_lazy("Developer")
    OPERATOR = "operator", gettext_lazy("Operator")
    FINANCE = "finance", gettext_lazy("Finance")
    VIEWER = "viewer", gettext_lazy("Viewer")


_ROLE_WORDS: dict[Role, str] = {
    Role.OWNER: gettext_noop("owner"),
    Role.ADMIN: gettext_noop("admin"),
    Role.DEVELOPER: gettext_noop("developer"),
    Role.OPERATOR: gettext_noop("operator"),
    Role.FINANCE: gettext_noop("finance"),
    Role.VIEWER: gettext_noop("viewer"),
}


def role_word(role: str) -> str:
    """What a role is called within a sentence."""
    return _(_ROLE_WORDS[Role(role)])


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
        gettext_noop("See figures"),
        gettext_noop("Trends, failures, costs, incidents, settings without secrets."),
    ),
    Permission.VIEW_PAYLOADS: (
        gettext_noop("See payloads"),
        gettext_noop("Inputs, outputs, log lines. Each view is in the audit log."),
    ),
    Permission.MANAGE_WORKFLOWS: (
        gettext_noop("Change workflows"),
        gettext_noop("Objectives, criteria, classifications, improvements, releases."),
    ),
    Permission.MANAGE_ALERTS: (
        gettext_noop("Change alerts"),
        gettext_noop("Rules, channels, routes, silences, incidents."),
    ),
    Permission.MANAGE_COSTS: (
        gettext_noop("Change costs"),
        gettext_noop("Prices, budgets, statements, closing of months, exports."),
    ),
    Permission.MANAGE_KEYS: (gettext_noop("Manage keys and sources"), gettext_noop("API keys, sources, destinations.")),
    Permission.MANAGE_MEMBERS: (
        gettext_noop("Manage members"),
        gettext_noop("Invite, change roles, remove; groups. Only an owner makes owners."),
    ),
    Permission.MANAGE_RETENTION: (gettext_noop("Change retention"), gettext_noop("How long records are kept; holds.")),
    Permission.MANAGE_PRIVACY: (
        gettext_noop("Change privacy"),
        gettext_noop("What is masked and captured; personal data."),
    ),
    Permission.VIEW_AUDIT: (
        gettext_noop("See the audit log"),
        gettext_noop("Who changed or saw what, from where; where it is pushed to."),
    ),
    Permission.MANAGE_TEAM: (gettext_noop("Manage the team itself"), gettext_noop("Its name, its owners, its end.")),
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
