"""The one door to a team's pages: fetches the team and authorises the member in one call."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import SimpleTemplateResponse

from accounts.models import Membership, Team, User
from accounts.permissions import Permission
from accounts.tenancy import team_context

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request of somebody who has signed in."""

    user: User


class TeamRequest(SignedInRequest):
    """A request that has passed the door of a team."""

    team: Team
    membership: Membership


def membership_of(user: Any, slug: str) -> Membership:
    """The user's membership in the team with this slug. Raises `Http404`: a stranger learns nothing."""
    membership = Membership.objects.select_related("team").filter(user=user, team__slug=slug).first()
    if membership is None:
        raise Http404("No such page.")
    return membership


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
            membership = membership_of(request.user, team)
            if not membership.allows(permission):
                raise Http404("No such page.")
            request.team, request.membership = membership.team, membership
            with team_context(membership.team_id):
                response = view(request, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()
            return response

        guarded.team_permission = permission  # type: ignore[attr-defined]
        return login_required(guarded)

    return decorate
