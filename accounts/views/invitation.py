"""An invitation as its link opens it: for who has signed in, and for who is new."""

from django.contrib.auth import login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.acting import set_user
from accounts.models import Invitation, User
from accounts.permissions import Role
from accounts.services.identity import enforcing_team
from accounts.services.invitations import InvitationRefused, accept_invitation, find_invitation
from accounts.services.sign_up import sign_up_mode

MAX_NAME = 120


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What the invitation is for, with a button to join; a new person chooses name and password first."""
    found = find_invitation(token, timezone.now())
    if found is None:
        return render(request, "accounts/invitation_gone.html", status=404)
    reasons: dict[str, str] = {}
    if request.method == "POST":
        try:
            return _join(request, token, found)
        except InvitationRefused as refused:
            reasons = refused.reasons
    user = request.user
    context = {
        "invitation": found,
        "role": Role(found.role).label,
        "reasons": reasons,
        "token": token,
        "is_known": User.objects.filter(email=found.email).exists(),
        "is_other": user.is_authenticated and user.email != found.email,
        "told_name": request.POST.get("name", ""),
    }
    return render(request, "accounts/invitation.html", context, status=422 if reasons else 200)


@transaction.atomic
def _join(request: HttpRequest, token: str, found: Invitation) -> HttpResponse:
    user = request.user if request.user.is_authenticated else _new_user(request, found.email)
    set_user(user)
    accept_invitation(token, user)
    if not request.user.is_authenticated:
        login(request, user, backend="accounts.backends.UserBackend")
    return redirect("team_home", team=found.team.slug)


def _new_user(request: HttpRequest, email: str) -> User:
    """The account of somebody who arrives by the link. Raises `InvitationRefused`."""
    if User.objects.filter(email=email).exists():
        raise InvitationRefused({"email": "has an account already: sign in first, then open the link again"})
    if sign_up_mode() == "closed":
        raise InvitationRefused({"invitation": "cannot make an account: this installation makes none. Ask who runs it"})
    if enforcing_team(email) is not None:
        raise InvitationRefused(
            {"email": "signs in by the provider of your company: do that, then open the link again"}
        )
    name = " ".join(request.POST.get("name", "").replace("\x00", "").split())
    password = request.POST.get("password", "")
    if not name or len(name) > MAX_NAME:
        raise InvitationRefused({"name": f"must be told, with at most {MAX_NAME} characters"})
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise InvitationRefused({"password": " ".join(error.messages)}) from error
    return User.objects.create_user(email, password, name=name)
