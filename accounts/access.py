"""The one door to a team's pages: fetches the team and authorises the member in one call."""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.acting import set_user
from accounts.audit import SAFE_METHODS, tell_change
from accounts.impersonation import is_held_back, seen_as
from accounts.models import Membership, Team, User
from accounts.permissions import Permission
from accounts.replica import read_page
from accounts.security_log import refused
from accounts.services.impersonation import note_page
from accounts.services.team_life import team_moved_from
from accounts.sign_in.second_factor import meets_team
from accounts.statements import Row, columns_of, run_prepared
from accounts.tenancy import team_context

P = ParamSpec("P")
# What members of a team that is being deleted still see.
OPEN_WHEN_CLOSED = frozenset(
    {
        *("team_settings", "restore_team", "leave_team"),
        *("ask_team_export", "team_export_file", "remove_team_export"),
    }
)


class SignedInRequest(HttpRequest):
    """A request of somebody who has signed in."""

    user: User


class TeamRequest(SignedInRequest):
    """A request that has passed the door of a team."""

    team: Team
    membership: Membership
    memberships: Sequence[Membership]


_FIELDS, _TEAM_FIELDS = columns_of(Membership), columns_of(Team)
_MEMBERSHIPS = f"""
SELECT {", ".join([*(f"m.{name}" for name in _FIELDS), *(f"t.{name}" for name in _TEAM_FIELDS)])}
FROM {Membership._meta.db_table} m JOIN {Team._meta.db_table} t ON t.id = m.team_id
WHERE m.user_id = %s ORDER BY t.name, t.id
"""


def memberships_of(user: User) -> Sequence[Membership]:
    """All memberships of the user with their teams, by the name of the team: the door and the team switcher, in one."""
    return [_membership(row) for row in run_prepared(_MEMBERSHIPS, [user.id])]


def _membership(row: Row) -> Membership:
    found = Membership.from_db("default", _FIELDS, row[: len(_FIELDS)])
    found.team = Team.from_db("default", _TEAM_FIELDS, row[len(_FIELDS) :])
    return found


def team_page(
    permission: Permission,
) -> Callable[[Callable[Concatenate[TeamRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Marks a view at `/t/<team>/...`: signed in, a member, allowed; runs it inside the team's context.

    The view takes `request` (with `team` and `membership`) and its own arguments, without the slug.
    """

    def decorate(
        view: Callable[Concatenate[TeamRequest, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: Any, team: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
            seen = seen_as(request, team)
            request.memberships = [seen] if seen else memberships_of(request.user)
            membership = next((one for one in request.memberships if one.team.slug == team), None)
            if membership is None and (moved := team_moved_from(team, request.user)):
                return HttpResponseRedirect(request.get_full_path().replace(f"/t/{team}/", f"/t/{moved.slug}/", 1))
            # A stranger learns nothing, not even that the team exists.
            if membership is None or not membership.allows(permission):
                role = membership.role if membership else "no member"
                refused("user", request.user.id, f"{permission} ({role})", request.resolver_match.url_name)
                raise Http404("No such page.")
            if seen is None and membership.team.suspended_at is not None:
                return _suspended(request, membership)
            if membership.team.erased_from is not None and request.resolver_match.url_name not in OPEN_WHEN_CLOSED:
                return HttpResponseRedirect(reverse("team_settings", args=[team]))
            request.team, request.membership = membership.team, membership
            set_user(request.user)
            if not meets_team(request, membership):
                return redirect("second_factor_needed")
            inside = partial(_inside, request, seen, lambda: view(request, *args, **kwargs))
            # Each page that is seen as somebody is noted, so it is no mere read.
            return inside() if seen is not None else read_page(request, inside)

        guarded.team_permission = permission  # type: ignore[attr-defined]
        return _of_somebody(guarded)

    return decorate


def _inside(request: Any, seen: Membership | None, make: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """What the view makes inside the team's context."""
    with team_context(request.membership.team_id):
        if seen is not None:
            _see_as(request, seen)
        response = _answer(request, make())
        if isinstance(response, SimpleTemplateResponse):
            response.render()
        tell_change(request, response)
    return response


def _suspended(request: Any, membership: Membership) -> HttpResponseBase:
    """What a member of a suspended team sees: why, and the way to the other teams."""
    others = [one.team for one in request.memberships if one.team_id != membership.team_id]
    context = {"suspended": membership.team, "others": [one for one in others if one.suspended_at is None]}
    return render(request, "accounts/team_suspended.html", context, status=403)


def _of_somebody(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Lets in who has signed in."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if request.user.is_authenticated else ask_to_sign_in(request)

    return asked


def ask_to_sign_in(request: HttpRequest) -> HttpResponseRedirect:
    """Leads to the sign-in, and from there back.

    What a form sent after its session had ended is not done: the sign-in says so, and leads back to its page.
    """
    if request.method in SAFE_METHODS:
        return redirect_to_login(request.get_full_path())
    answer = redirect_to_login(_page_of_form(request))
    return HttpResponseRedirect(f"{answer.url}&unsent=1")


def _page_of_form(request: HttpRequest) -> str:
    """Where the form stood, as the browser says; the first page, where it does not say or names another site."""
    told = request.META.get("HTTP_REFERER", "")
    if not url_has_allowed_host_and_scheme(told, {request.get_host()}, require_https=request.is_secure()):
        return "/"
    return urlunsplit(("", "", *urlsplit(told)[2:4], "")) or "/"


def _answer(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The answer of a view. Who opens an address that only takes what forms send reads that, and where the form is."""
    if request.method not in SAFE_METHODS or not isinstance(response, HttpResponseNotAllowed):
        return response
    page = render(request, "405.html", status=405)
    page["Allow"] = response["Allow"]
    return page


def _see_as(request: Any, seen: Membership) -> None:
    """The page is that of the member whom an administrator sees it as; both logs are told. Raises `Http404`."""
    one, name = request.impersonation, request.resolver_match.url_name
    if is_held_back(seen, name):
        raise Http404("This page has payloads, which the team does not show to administrators.")
    note_page(one, request.get_full_path(), name or "", timezone.now())
    request.user = seen.user
    set_user(seen.user, impersonated_by=one.staff.email)
