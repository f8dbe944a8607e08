"""The nouns of accounts, one file each."""

from accounts.models.api_key import ApiKey, Scope
from accounts.models.audit_event import AuditEvent, InstallationEvent
from accounts.models.identity import IdentityDomain, ProviderKind, TeamIdentityProvider
from accounts.models.member_group import GroupMember, MemberGroup
from accounts.models.membership import Membership
from accounts.models.provisioned import ProvisionedMember
from accounts.models.team import Team
from accounts.models.user import User

__all__ = [
    "ApiKey",
    "AuditEvent",
    "GroupMember",
    "IdentityDomain",
    "InstallationEvent",
    "MemberGroup",
    "Membership",
    "ProviderKind",
    "ProvisionedMember",
    "Scope",
    "Team",
    "TeamIdentityProvider",
    "User",
]
