"""An invitation as its link opens it: for who has signed in, and for who is new.

Accounts are made in one place, the page of signing up; an invitation lets its address in there.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.acting import set_user
from accounts.models import User
from accounts.permissions import Role
from accounts.services.identity import enforcing_team
from accounts.services.invitations import InvitationRefused, accept_invitation, came_by_mail, find_invitation
from accounts.services.sign_up import let_in, sign_up_mode


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What the invitation is for, with a button to join; who is new makes an account first."""
    found = find_invitation(token, timezone.now())
    if found is None:
        return render(request, "accounts/invitation_gone.html", status=404)
    user, email = request.user, found.email
    is_known, provider = User.objects.filter(email=email).exists(), enforcing_team(email)
    may_sign_up = not is_known and provider is None and sign_up_mode() != "closed"
    reasons: dict[str, str] = {}
    if request.method == "POST" and user.is_authenticated:
        set_user(user)
        try:
            accept_invitation(token, user)
        except InvitationRefused as refused:
            reasons = refused.reasons
        else:
            return redirect("team_home", team=found.team.slug)
    elif request.method == "POST" and may_sign_up:
        let_in(request, email, token, is_proved=came_by_mail(token, request.GET.get("mailed", "")))
        return redirect("account_signup")
    context = {
        "invitation": found,
        "role": Role(found.role).label,
        "reasons": reasons,
        "token": token,
        "is_known": is_known,
        "may_sign_up": may_sign_up,
        "provider": provider,
        "is_other": user.is_authenticated and user.email != email,
    }
    return render(request, "accounts/invitation.html", context, status=422 if reasons else 200)
