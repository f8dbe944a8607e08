"""Second factors: their secrets are encrypted at rest."""

from collections.abc import Collection
from uuid import UUID

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts.encryption import decrypt, encrypt
from accounts.models import Membership
from accounts.sign_in.arrival import PROVIDER_TEAM

STRONG = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's own, with our encryption and words."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy(
            "This code is not right. Codes of the app change every 30 seconds: take the one that is shown now. "
            "A recovery code works once."
        ),
    }

    def encrypt(self, text: str) -> str:
        """The secret as it is kept."""
        return encrypt(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again. Raises `Unreadable`."""
        return decrypt(encrypted_text.encode())


def meets_team(request: HttpRequest, membership: Membership) -> bool:
    """Whether this session may open the pages of a team that requires a second factor: that of who has signed in."""
    if not membership.team.requires_second_factor:
        return True
    # Who came by the team's own provider was asked there for what the company asks for.
    if request.session.get(PROVIDER_TEAM) == str(membership.team_id):
        return True
    return bool(Authenticator.objects.filter(user_id=request.user.pk, type__in=STRONG).exists())


def having(users: Collection[UUID]) -> set[UUID]:
    """Those of the users who have an authenticator app or a passkey."""
    return set(Authenticator.objects.filter(user_id__in=users, type__in=STRONG).values_list("user_id", flat=True))
