"""Seeing a team as one of its members: what the session knows of it, and what it refuses meanwhile.

The session stays that of the administrator. The door of the team (`accounts.access`) lets it pass as the member; the
middleware here refuses every method that could change something, in the whole session, until it is ended. The API is
no part of this: it knows keys and no sessions.
"""

from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import SAFE_METHODS
from accounts.models import Impersonation, Membership
from accounts.permissions import Permission
from accounts.services import impersonation as service

KEY = "impersonation"
# Where the session's pages stand that are about it.
_PAGES = ("/t/", "/admin/")
# Pages with inputs and outputs that ask for another permission, too: nobody sees them who may not see payloads.
_WITH_PAYLOADS = ("team_export", "source_mapping", "personal_data")


class ReadOnlyImpersonation:
    """Middleware: `request.impersonation` is what the session does as somebody else, or None.

    Only requests that this can concern read the session: pages of teams and of the administration, and changes.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Refuses changes while it lasts, and ends it when its time is up."""
        request.impersonation = None  # type: ignore[attr-defined]
        is_safe = request.method in SAFE_METHODS
        is_about = request.path_info.startswith(_PAGES) or not is_safe
        if not is_about or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        one = _of_session(request)
        if one is None:
            return self.get_response(request)
        seen = service.membership_of(one, timezone.now())
        if seen is None:
            return _ended(request, one)
        request.impersonation, request.seen_as = one, seen  # type: ignore[attr-defined]
        if is_safe or _leads_out(request):
            return self.get_response(request)
        return render(request, "accounts/read_only.html", status=403)


def start(request: HttpRequest, one: Impersonation) -> None:
    """From now on this session sees the team as the member."""
    request.session[KEY] = str(one.id)


def stop(request: HttpRequest) -> Impersonation | None:
    """Ends what the session does as somebody else; what it was."""
    one = getattr(request, "impersonation", None)
    request.session.pop(KEY, None)
    if one is not None:
        service.end(one, timezone.now())
    return one


def seen_as(request: HttpRequest, slug: str) -> Membership | None:
    """The membership by which an administrator passes the door of the team with this slug; None for all others."""
    one = getattr(request, "impersonation", None)
    return request.seen_as if one is not None and one.team.slug == slug else None  # type: ignore[attr-defined]


def is_held_back(seen: Membership, url_name: str | None) -> bool:
    """Whether a page has payloads in it that this administrator may not see."""
    return not seen.allows(Permission.VIEW_PAYLOADS) and (url_name or "").startswith(_WITH_PAYLOADS)


def _of_session(request: HttpRequest) -> Impersonation | None:
    told = request.session.get(KEY)
    if told is None or not request.user.is_authenticated:
        return None
    return service.find(UUID(told), request.user)


def _leads_out(request: HttpRequest) -> bool:
    names = ("admin:accounts_impersonation_end", "admin:logout", "account_logout")
    return request.path_info in {reverse(name) for name in names}


def _ended(request: HttpRequest, one: Impersonation) -> HttpResponse:
    """Ends it, and leads to the administration, which says so; a part of a page leads all of it there."""
    request.session.pop(KEY, None)
    service.end(one, timezone.now(), "its time was up, or it was no longer allowed")
    messages.warning(
        request,
        _("You see {team} as {member} no longer: the time is up.").format(team=one.team, member=one.member.email),
    )
    address = reverse("admin:index")
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
