"""The nouns of accounts, one file each."""

from accounts.models.api_key import ApiKey, Scope
from accounts.models.audit_event import AuditEvent, InstallationEvent
from accounts.models.audit_stream import AuditPlace, AuditStream, AuditStreamDue, StreamFormat
from accounts.models.identity import IdentityDomain, ProviderKind, TeamIdentityProvider
from accounts.models.impersonation import Impersonation
from accounts.models.installation_stream import InstallationPlace, InstallationStream
from accounts.models.invitation import Invitation
from accounts.models.key_day import KeyDay
from accounts.models.key_mail import KeyMail
from accounts.models.member_group import GroupMember, MemberGroup
from accounts.models.membership import Membership
from accounts.models.provisioned import ProvisionedGroup, ProvisionedGroupMember, ProvisionedMember
from accounts.models.retention_policy import RetentionPolicy
from accounts.models.team import FormerSlug, Team
from accounts.models.team_export import TeamExport, TeamExportState
from accounts.models.team_limits import TeamLimits
from accounts.models.user import User

__all__ = [
    "ApiKey",
    "AuditEvent",
    "AuditPlace",
    "AuditStream",
    "AuditStreamDue",
    "FormerSlug",
    "GroupMember",
    "IdentityDomain",
    "Impersonation",
    "InstallationEvent",
    "InstallationPlace",
    "InstallationStream",
    "Invitation",
    "KeyDay",
    "KeyMail",
    "MemberGroup",
    "Membership",
    "ProviderKind",
    "ProvisionedGroup",
    "ProvisionedGroupMember",
    "ProvisionedMember",
    "RetentionPolicy",
    "Scope",
    "StreamFormat",
    "Team",
    "TeamExport",
    "TeamExportState",
    "TeamIdentityProvider",
    "TeamLimits",
    "User",
]
