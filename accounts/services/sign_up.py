"""Who may make an account."""

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User
from accounts.services.invitations import came_by_mail

MODES = ("open", "invitation", "closed")
_INVITED = "invited_email"


def sign_up_mode() -> str:
    """`open`, `invitation` or `closed`, as the environment says.

    Else open until there is a first user, and from then on closed to whoever was not invited.
    """
    if settings.SIGN_UP in MODES:
        return str(settings.SIGN_UP)
    return "invitation" if User.objects.exists() else "open"


def let_in(request: HttpRequest, email: str) -> None:
    """Lets the visitor sign up with this address, by an invitation to it: for the page that its link opens.

    An invitation opens the door unless the installation is closed. The address counts as proved where the link was read
    in a mail to it; a link that somebody copied proves nothing, as whoever invited could open it.
    """
    request.session[_INVITED] = email.strip().lower()
    match = request.resolver_match
    token = str(match.kwargs.get("token", "")) if match else ""
    if came_by_mail(token, request.GET.get("mailed", "")):
        request.session["account_verified_email"] = email.strip().lower()


def is_invited(request: HttpRequest) -> str:
    """The address that this visitor was invited by, or nothing."""
    return str(request.session.get(_INVITED, ""))
