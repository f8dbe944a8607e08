"""Who has signed in: allauth's check of passwords, with the user of a session read by one prepared statement."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User
from accounts.statements import find_row


class UserBackend(AuthenticationBackend):  # type: ignore[misc]
    """allauth's own backend but for the look-up of the user of a session, which every page makes."""

    def get_user(self, user_id: Any) -> User | None:
        """The user with this id, or None when there is none or they may not sign in."""
        user = find_row(User, "id = %s", [user_id])
        return user if user is not None and self.user_can_authenticate(user) else None
