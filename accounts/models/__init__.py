"""The nouns of accounts, one file each."""

from accounts.models.api_key import ApiKey, Scope
from accounts.models.membership import Membership
from accounts.models.team import Team
from accounts.models.user import User

__all__ = ["ApiKey", "Membership", "Scope", "Team", "User"]
