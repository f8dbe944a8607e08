"""Who may make an account."""

from django.conf import settings
from django.http import HttpRequest

from accounts.models import User

MODES = ("open", "invitation", "closed")
_INVITED = "invited_email"
_WAITING = "invitation_waiting"


def sign_up_mode() -> str:
    """`open`, `invitation` or `closed`, as the environment says.

    Else open until there is a first user, and from then on closed to whoever was not invited.
    """
    if settings.SIGN_UP in MODES:
        return str(settings.SIGN_UP)
    return "invitation" if User.objects.exists() else "open"


def let_in(request: HttpRequest, email: str, token: str, *, is_proved: bool) -> None:
    """Lets the visitor sign up with the address that an invitation (`token`) is for, and join by it afterwards.

    An invitation opens the door unless the installation is closed. `is_proved`: the link came by mail to the address,
    so that it needs no other proof; a link that somebody handed over proves nothing.
    """
    request.session[_INVITED] = email.strip().lower()
    request.session[_WAITING] = token
    request.session["account_verified_email"] = email.strip().lower() if is_proved else None


def is_invited(request: HttpRequest) -> str:
    """The address that this visitor was invited by, or nothing."""
    return str(request.session.get(_INVITED, ""))


def take_waiting(request: HttpRequest) -> str:
    """The token of the invitation by which the visitor signed up, once; or nothing."""
    request.session.pop(_INVITED, None)
    return str(request.session.pop(_WAITING, ""))
