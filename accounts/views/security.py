"""What a person sees to about their own account: password, second factor, sessions."""

import csv

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import SignedInRequest
from accounts.acting import set_user
from accounts.models import Membership
from accounts.reads.browsers import browser_words
from accounts.safe_cells import safe_cell
from accounts.services.user_sessions import end_sessions, sessions_of
from accounts.sign_in.confirming import confirmed


@login_required
@require_safe
def overview(request: SignedInRequest) -> HttpResponseBase:
    """Where everything about signing in is changed."""
    kinds = list(Authenticator.objects.filter(user=request.user).values_list("type", flat=True))
    context = {
        "has_app": Authenticator.Type.TOTP in kinds,
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "has_codes": Authenticator.Type.RECOVERY_CODES in kinds,
        "has_password": request.user.has_usable_password(),
        "sessions": len(sessions_of(request.user)),
    }
    return render(request, "accounts/security.html", context)


@login_required
@require_safe
def second_factor_needed(request: SignedInRequest) -> HttpResponseBase:
    """Says that a team wants a second factor, and how to get one."""
    asking = Membership.objects.filter(user=request.user, team__requires_second_factor=True)
    names = [one.team.name for one in asking.select_related("team").order_by("team__name", "id")]
    return render(request, "accounts/second_factor_needed.html", {"teams": names}, status=403)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed
def sessions(request: SignedInRequest) -> HttpResponseBase:
    """The open sessions, as a page or with `format=csv`; a POST ends one (`session`) or all others, once
    it is confirmed."""
    if request.method == "POST":
        return _end(request)
    own = request.session.session_key
    found = [(one, one.session_key == own) for one in sessions_of(request.user)]
    if request.GET.get("format") == "csv":
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="sessions.csv"'
        writer = csv.writer(response)
        writer.writerow(["Began", "Address", "Browser", "This one"])
        for one, is_own in found:
            agent = safe_cell(one.user_agent)
            writer.writerow([one.created_at.isoformat(), one.ip, agent, "yes" if is_own else "no"])
        return response
    shown = [(one, is_own, browser_words(one.user_agent)) for one, is_own in found]
    return render(request, "accounts/sessions.html", {"sessions": shown, "has_others": len(found) > 1})


def _end(request: SignedInRequest) -> HttpResponseBase:
    set_user(request.user)
    told = request.POST.get("session", "")
    if told and not told.isdecimal():
        raise Http404("No such session.")
    ended = end_sessions(user=request.user, only=int(told) if told else None, keep=request.session.session_key)
    told = ngettext("{count} session ended.", "{count} sessions ended.", ended)
    messages.success(request, told.format(count=ended))
    return HttpResponseRedirect(reverse("usersessions_list"))
