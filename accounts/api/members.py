"""`/api/v1/members/` and `/api/v1/invitations/`: for keys with the scope of managing."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold, giver_of, team_of, uuid_of
from accounts.authentication import CanManage
from accounts.models import Invitation, Membership
from accounts.permissions import Role
from accounts.reads.members import MemberRow, members_of
from accounts.services.invitations import InvitationRefused, Sent, invite, open_invitations, revoke
from accounts.services.members import MemberRefused, change_role, remove_member
from accounts.tenancy import team_context

MEMBER = OpenApiParameter("member", OpenApiTypes.UUID, OpenApiParameter.PATH)
INVITATION = OpenApiParameter("invitation", OpenApiTypes.UUID, OpenApiParameter.PATH)


class MemberSerializer(serializers.Serializer[object]):
    """A member."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField(allow_blank=True)
    role = serializers.ChoiceField(choices=Role.choices)
    joined_at = serializers.DateTimeField()
    last_sign_in = serializers.DateTimeField(allow_null=True)
    groups = serializers.ListField(child=serializers.CharField())


class MemberListSerializer(serializers.Serializer[object]):
    """The members."""

    results = MemberSerializer(many=True)


class MemberChangeSerializer(serializers.Serializer[object]):
    """Another role."""

    role = serializers.ChoiceField(choices=Role.choices)


class NewInvitationSerializer(serializers.Serializer[object]):
    """Whom to invite, as what."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=Role.choices)


class InvitationSerializer(serializers.Serializer[object]):
    """An open invitation. `link` is told once, when it is made."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Role.choices)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    link = serializers.CharField(required=False)


class InvitationListSerializer(serializers.Serializer[object]):
    """The open invitations."""

    results = InvitationSerializer(many=True)


class MemberList(ChangesTold):
    """The members of the team."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="list_members", responses=MemberListSerializer)
    def get(self, request: Request) -> Response:
        """List members by address."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response({"results": [_member(one) for one in members_of(team_id)]})


class MemberDetail(ChangesTold):
    """One member."""

    permission_classes = [CanManage]

    @extend_schema(
        operation_id="change_member",
        parameters=[MEMBER],
        request=MemberChangeSerializer,
        responses=MemberSerializer,
    )
    def patch(self, request: Request, member: str) -> Response:
        """Give a member another role. Owners are made and unmade by owners alone, in the team's settings."""
        told = MemberChangeSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            try:
                one = change_role(
                    team_id=team_id,
                    member_id=uuid_of(member),
                    role=told.validated_data["role"],
                    giver=giver_of(request),
                )
            except (Membership.DoesNotExist, MemberRefused) as error:
                raise _refused(error) from error
            return Response(next(_member(row) for row in members_of(team_id) if row.id == one.id))

    @extend_schema(operation_id="remove_member", parameters=[MEMBER], responses={204: None})
    def delete(self, request: Request, member: str) -> Response:
        """Remove a member at once."""
        team_id = team_of(request)
        with team_context(team_id):
            try:
                remove_member(team_id=team_id, member_id=uuid_of(member), giver=giver_of(request), now=timezone.now())
            except (Membership.DoesNotExist, MemberRefused) as error:
                raise _refused(error) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


class InvitationList(ChangesTold):
    """Open invitations."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="list_invitations", responses=InvitationListSerializer)
    def get(self, request: Request) -> Response:
        """List open invitations by address."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response({"results": [_invitation(one) for one in open_invitations(team_id)]})

    @extend_schema(
        operation_id="make_invitation", request=NewInvitationSerializer, responses={201: InvitationSerializer}
    )
    def post(self, request: Request) -> Response:
        """Invite somebody. The link is in this answer only; no mail is sent."""
        told = NewInvitationSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            try:
                sent = invite(
                    team_id=team_id,
                    email=told.validated_data["email"],
                    role=told.validated_data["role"],
                    giver=giver_of(request),
                    by=None,
                    now=timezone.now(),
                )
            except InvitationRefused as error:
                raise _refused(error) from error
        return Response(_invitation(sent.invitation, sent), status=status.HTTP_201_CREATED)


class InvitationDetail(ChangesTold):
    """One invitation."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="revoke_invitation", parameters=[INVITATION], responses={204: None})
    def delete(self, request: Request, invitation: str) -> Response:
        """Revoke an invitation."""
        team_id = team_of(request)
        with team_context(team_id):
            if not revoke(team_id=team_id, invitation_id=uuid_of(invitation), now=timezone.now()):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


def _member(one: MemberRow) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("id", "email", "name", "role", "joined_at", "groups")}
    return {**told, "last_sign_in": one.last_login}


def _invitation(one: Invitation, sent: Sent | None = None) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("id", "email", "role", "created_at", "expires_at")}
    return {**told, **({"link": sent.link} if sent else {})}


def _refused(error: Exception) -> Exception:
    if isinstance(error, Membership.DoesNotExist):
        return Http404()
    reasons: dict[str, str] = getattr(error, "reasons", {})
    return exceptions.ValidationError({field: [reason] for field, reason in reasons.items()})
