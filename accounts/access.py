"""The one door to a team's pages: fetches the team and authorises the member in one call."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.acting import set_user
from accounts.audit import tell_change
from accounts.impersonation import is_held_back, seen_as
from accounts.models import Membership, Team, User
from accounts.permissions import Permission
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
                return render(request, "accounts/team_suspended.html", {"suspended": membership.team}, status=403)
            if membership.team.erased_from is not None and request.resolver_match.url_name not in OPEN_WHEN_CLOSED:
                return HttpResponseRedirect(reverse("team_settings", args=[team]))
            request.team, request.membership = membership.team, membership
            set_user(request.user)
            if not meets_team(request, membership):
                return redirect("second_factor_needed")
            with team_context(membership.team_id):
                if seen is not None:
                    _see_as(request, seen)
                response = view(request, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()
                tell_change(request, response)
            return response

        guarded.team_permission = permission  # type: ignore[attr-defined]
        return login_required(guarded)

    return decorate


def _see_as(request: Any, seen: Membership) -> None:
    """The page is that of the member whom an administrator sees it as; both logs are told. Raises `Http404`."""
    one, name = request.impersonation, request.resolver_match.url_name
    if is_held_back(seen, name):
        raise Http404("This page has payloads, which the team does not show to administrators.")
    note_page(one, request.get_full_path(), name or "", timezone.now())
    request.user = seen.user
    set_user(seen.user, impersonated_by=one.staff.email)
