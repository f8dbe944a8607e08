"""`/api/v1/keys/`: for keys with the scope of managing."""

from typing import Any, cast

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold, giver_of, team_of, uuid_of
from accounts.authentication import CanManage
from accounts.models import ApiKey, Scope, User
from accounts.ports import source_kinds
from accounts.reads.keys import KeyRow, keys_of, row_of, state_of
from accounts.services.keys import (
    MAX_OVERLAP_HOURS,
    MAX_RATE,
    Issued,
    KeyLimits,
    KeyRefused,
    WantedKey,
    add_key,
    limit_key,
    revoke_key_of,
    rotate_key,
    scopes_to_give,
)
from accounts.tenancy import team_context

KEY = OpenApiParameter("key", OpenApiTypes.UUID, OpenApiParameter.PATH)


def _limit(help: str) -> serializers.IntegerField:
    return serializers.IntegerField(
        min_value=0, max_value=MAX_RATE, required=False, allow_null=True, help_text=help, default=None
    )


class KeySerializer(serializers.Serializer[object]):
    """A key. `text` is told once, when it is made. `state`: works, ends, expired or revoked. `ends_in_days` is told in
    the last 14 days."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    state = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    source_kinds = serializers.ListField(child=serializers.CharField())
    stands_for = serializers.CharField(allow_blank=True)
    made_by = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    ends_in_days = serializers.IntegerField(allow_null=True)
    requests_per_second = serializers.IntegerField(allow_null=True)
    burst = serializers.IntegerField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    text = serializers.CharField(required=False)


class KeyListSerializer(serializers.Serializer[object]):
    """The keys."""

    results = KeySerializer(many=True)


class NewKeySerializer(serializers.Serializer[object]):
    """What a key may do. `source_kinds`: protocols that it may report by; none: all."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices), allow_empty=False)
    source_kinds = serializers.ListField(child=serializers.CharField(max_length=32), required=False, max_length=50)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)
    requests_per_second = _limit("Of this key alone; 0 or absent: as its team")
    burst = _limit("Requests at once; 0 or absent: twice the rate")


class KeyLimitsSerializer(serializers.Serializer[object]):
    """Limits of one key, within those of its team."""

    requests_per_second = _limit("0 or null: as its team")
    burst = _limit("Requests at once; 0 or null: twice the rate")


class RotationSerializer(serializers.Serializer[object]):
    """After how many hours the old key ends."""

    hours = serializers.IntegerField(min_value=0, max_value=MAX_OVERLAP_HOURS, default=24)


class KeyList(ChangesTold):
    """The keys of the team."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="list_keys", responses=KeyListSerializer)
    def get(self, request: Request) -> Response:
        """List keys, those that work first."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response({"results": [_document(row) for row in keys_of(team_id, timezone.now())]})

    @extend_schema(operation_id="make_key", request=NewKeySerializer, responses={201: KeySerializer})
    def post(self, request: Request) -> Response:
        """Make a key. Its text is in this answer only."""
        told = NewKeySerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values = told.validated_data
        wanted = WantedKey(
            values["name"],
            values["scopes"],
            values.get("source_kinds") or (),
            values.get("expires_at"),
            limits=_limits(values),
        )
        return _answer(request, wanted)


class KeyDetail(ChangesTold):
    """One key."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="limit_key", parameters=[KEY], request=KeyLimitsSerializer, responses=KeySerializer)
    def put(self, request: Request, key: str) -> Response:
        """Give a key a rate of its own, or take it away."""
        told = KeyLimitsSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            try:
                one = limit_key(team_id=team_id, key_id=uuid_of(key), limits=_limits(told.validated_data))
            except ApiKey.DoesNotExist:
                raise Http404 from None
            except KeyRefused as refused:
                raise _invalid(refused) from refused
            return Response(_document(row_of(one, timezone.now())))

    @extend_schema(operation_id="revoke_key", parameters=[KEY], responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Revoke a key: whoever uses it is refused from now on."""
        team_id = team_of(request)
        with team_context(team_id):
            if not revoke_key_of(team_id=team_id, key_id=uuid_of(key), now=timezone.now()):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class KeyRotation(ChangesTold):
    """Another key in the place of one."""

    permission_classes = [CanManage]

    @extend_schema(
        operation_id="rotate_key", parameters=[KEY], request=RotationSerializer, responses={201: KeySerializer}
    )
    def post(self, request: Request, key: str) -> Response:
        """Make a key like this one, which ends in some hours."""
        told = RotationSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id, now = team_of(request), timezone.now()
        with team_context(team_id):
            found = ApiKey.objects.filter(team_id=team_id, id=uuid_of(key)).first()
            # A personal key is replaced by the member alone; no key becomes one that may do more than the caller.
            if found is None or found.member_id or set(found.scopes) - set(_allowed(request)):
                raise Http404
            try:
                issued = rotate_key(
                    team_id=team_id, key_id=found.id, hours=told.validated_data["hours"], by=_maker(request), now=now
                )
            except ApiKey.DoesNotExist:
                raise Http404 from None
        return _made(issued)


def _answer(request: Request, wanted: WantedKey) -> Response:
    team_id = team_of(request)
    with team_context(team_id):
        try:
            issued = add_key(
                team_id=team_id,
                wanted=wanted,
                allowed=_allowed(request),
                known_kinds=[value for value, _ in source_kinds()],
                by=_maker(request),
                now=timezone.now(),
            )
        except KeyRefused as refused:
            raise _invalid(refused) from refused
    return _made(issued)


def _limits(told: dict[str, Any]) -> KeyLimits:
    return KeyLimits(told.get("requests_per_second"), told.get("burst"))


def _invalid(refused: KeyRefused) -> exceptions.ValidationError:
    return exceptions.ValidationError({field: [reason] for field, reason in refused.reasons.items()})


def _allowed(request: Request) -> list[str]:
    """A key of the team gives what an admin may give; a personal one what its member may."""
    return scopes_to_give(giver_of(request))


def _maker(request: Request) -> User | None:
    """Who answers for what a key makes: whoever made the key. Else a key would make one that nobody made."""
    return cast(ApiKey, request.auth).created_by


def _made(issued: Issued) -> Response:
    row = KeyRow(issued.key, state_of(issued.key, timezone.now()), "", "")
    return Response({**_document(row), "text": issued.text}, status=status.HTTP_201_CREATED)


def _document(row: KeyRow) -> dict[str, Any]:
    names = ("id", "name", "prefix", "scopes", "source_kinds", "created_at", "expires_at", "last_used_at")
    told = {name: getattr(row.key, name) for name in (*names, "requests_per_second", "burst")}
    rest = {name: getattr(row, name) for name in ("state", "made_by", "stands_for", "ends_in_days")}
    return {**told, **rest}
