"""The nouns of accounts, one file each."""

from accounts.models.api_key import ApiKey, Scope
from accounts.models.audit_event import AuditEvent, InstallationEvent
from accounts.models.member_group import GroupMember, MemberGroup
from accounts.models.membership import Membership
from accounts.models.retention_policy import RetentionPolicy
from accounts.models.team import Team
from accounts.models.user import User

__all__ = [
    "ApiKey",
    "AuditEvent",
    "GroupMember",
    "InstallationEvent",
    "MemberGroup",
    "Membership",
    "RetentionPolicy",
    "Scope",
    "Team",
    "User",
]
