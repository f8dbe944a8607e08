"""Asks once more who it is, before somebody changes who may sign in how; what was sent goes on where it stopped.

A form waits in the session, encrypted: it may hold the secret of a provider.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import (
    did_recently_reauthenticate,
    stash_and_reauthenticate,
    suspend_request,
)
from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import resolve
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.encryption import Unreadable, decrypt, encrypt
from accounts.sessions import BEGAN

# A form that waits longer than this (seconds) is dropped: whoever comes back later may want something else.
KEPT_S = 600
SIGN_IN_AGAIN = gettext_noop(
    "You have no password and no second factor here to confirm this with. Sign out, sign in again, and do it within "
    "five minutes."
)


class CannotConfirm(Exception):
    """Who asks has nothing here to confirm with, and signed in too long ago. The text says what to do."""


def require_confirmed(request: HttpRequest) -> None:
    """Goes on where the person confirmed within `ACCOUNT_REAUTHENTICATION_TIMEOUT` that it is them; else asks them.

    Raises `ImmediateHttpResponse` (allauth's middleware answers with it), and `CannotConfirm` for people of a provider,
    whose sign-in must be as recent.
    """
    if did_recently_reauthenticate(request):
        return
    ways = get_adapter().get_reauthentication_methods(request.user)
    if not ways:
        if time.time() - request.session.get(BEGAN, 0) < app_settings.REAUTHENTICATION_TIMEOUT:
            return
        raise CannotConfirm(_(SIGN_IN_AGAIN))
    if request.method != "POST":
        raise ImmediateHttpResponse(suspend_request(request, ways[0]["url"]))
    form = encrypt(request.POST.urlencode()).decode()
    state = {"path": request.path, "form": form, "at": int(time.time())}
    raise ImmediateHttpResponse(stash_and_reauthenticate(request, state, f"{__name__}.go_on"))


def confirmed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Marks a page of somebody who has signed in: what it changes is confirmed first. Pages that are read are not."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and request.user.is_authenticated:
            try:
                require_confirmed(request)
            except CannotConfirm as error:
                return render(request, "accounts/sign_in_again.html", {"reason": str(error)}, status=403)
        return view(request, *args, **kwargs)

    return guarded


def go_on(request: HttpRequest, state: dict[str, Any]) -> HttpResponseBase:
    """Sends the form that waited. One that is old, or that the question was not about any more, is left."""
    if where := get_next_redirect_url(request):
        return HttpResponseRedirect(where)
    path = state["path"]
    try:
        form = decrypt(state["form"].encode()) if time.time() - state["at"] < KEPT_S else None
    except Unreadable:
        form = None
    if form is None:
        messages.warning(request, _("Confirmed. What you had sent was too long ago: please send it again."))
        return HttpResponseRedirect(path)
    request.GET, request.POST = QueryDict(""), QueryDict(form)
    request.META["QUERY_STRING"], request.method = "", "POST"
    request.path = request.path_info = path
    match = request.resolver_match = resolve(path)
    answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return answer
