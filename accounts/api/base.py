"""The one door of the API's operations: a change that told the audit log nothing is told by its address."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import SAFE_METHODS, tell_change
from accounts.models import ApiKey, Membership
from accounts.permissions import Role
from accounts.tenancy import team_context


class ChangesTold(APIView):
    """A view whose unsafe methods run as a whole in the team's transaction, and whose changes are never silent."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Lets the caller in; only then is the team known."""
        super().initial(request, *args, **kwargs)
        name = (request.method or "").lower()
        handler = getattr(self, name, None)
        if request.method not in SAFE_METHODS and handler is not None and isinstance(request.auth, ApiKey):
            setattr(self, name, _told(handler))


def _told(handler: Callable[..., Response]) -> Callable[..., Response]:
    def answer(request: Request, *args: Any, **kwargs: Any) -> Response:
        with team_context(cast(ApiKey, request.auth).team_id):
            response = handler(request, *args, **kwargs)
            tell_change(request._request, response)
        return response

    return answer


def team_of(request: Request) -> UUID:
    """The team that the request's key belongs to."""
    return cast(ApiKey, request.auth).team_id


def uuid_of(text: str) -> UUID:
    """The id in an address. Raises `Http404` for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def giver_of(request: Request) -> str:
    """The role with which a key manages: its member's, or for a key of the team an admin's. Never more than that."""
    key = cast(ApiKey, request.auth)
    if key.member_id is None:
        return Role.ADMIN
    return Membership.objects.get(team_id=key.team_id, user_id=key.member_id).role
