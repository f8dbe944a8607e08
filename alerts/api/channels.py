"""`/api/v1/channels/`: list, make, read, change, remove, try."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanAlert, CanReadOrAlert
from accounts.retrying import Verdict
from accounts.tenancy import team_context
from alerts.api.channel_documents import (
    ChannelChangeSerializer,
    ChannelListSerializer,
    ChannelSerializer,
    NewChannelSerializer,
    TestResultSerializer,
    channel_document,
)
from alerts.channels import CHANNELS
from alerts.channels.contract import Field
from alerts.models import Channel
from alerts.reads.channels import ChannelRow, find, listing
from alerts.services.channels import ChannelRefused, Wanted, remove_channel, save_channel, try_channel
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.rendering import NumberRenderer

CHANNEL = OpenApiParameter("channel", OpenApiTypes.UUID, OpenApiParameter.PATH)


class ChannelList(ChangesTold):
    """The channels of the team."""

    permission_classes = [CanReadOrAlert]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="list_channels", responses=ChannelListSerializer)
    def get(self, request: Request) -> Response:
        """List channels, failing ones first. Secrets are never told."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response({"results": [channel_document(row) for row in listing(team_id)]})

    @extend_schema(operation_id="make_channel", request=NewChannelSerializer, responses={201: ChannelSerializer})
    def post(self, request: Request) -> Response:
        """Make a channel. A webhook needs its signing secret here: one that Steadyrun makes could not be told."""
        told = NewChannelSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values, team_id = dict(told.validated_data), team_of(request)
        if values["kind"] == "webhook" and not (values.get("secrets") or {}).get("secret"):
            raise exceptions.ValidationError({"secrets.secret": ["must be given: whsec_ and 24 to 64 bytes in base64"]})
        with team_context(team_id):
            made = _saved(team_id, _wanted(values["kind"], values, None), None)
            return Response(channel_document(_row(team_id, made.id)), status=status.HTTP_201_CREATED)


class ChannelDetail(ChangesTold):
    """One channel."""

    permission_classes = [CanReadOrAlert]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="get_channel", parameters=[CHANNEL], responses=ChannelSerializer)
    def get(self, request: Request, channel: str) -> Response:
        """Read a channel. Secrets are never told."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(channel_document(_row(team_id, uuid_of(channel))))

    @extend_schema(
        operation_id="change_channel",
        parameters=[CHANNEL],
        request=ChannelChangeSerializer,
        responses=ChannelSerializer,
    )
    def patch(self, request: Request, channel: str) -> Response:
        """Change a channel. An address on another host clears the secrets that are not sent along."""
        told = ChannelChangeSerializer(data=request.data, partial=True)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            one = _row(team_id, uuid_of(channel)).channel
            _saved(team_id, _wanted(one.kind, dict(told.validated_data), one), one)
            return Response(channel_document(_row(team_id, one.id)))

    @extend_schema(operation_id="remove_channel", parameters=[CHANNEL], responses={204: None})
    def delete(self, request: Request, channel: str) -> Response:
        """Remove a channel with its deliveries and what waits for it."""
        team_id = team_of(request)
        with team_context(team_id):
            remove_channel(_row(team_id, uuid_of(channel)).channel)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChannelTest(ChangesTold):
    """Trying a channel."""

    permission_classes = [CanAlert]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="test_channel", parameters=[CHANNEL], request=None, responses=TestResultSerializer)
    def post(self, request: Request, channel: str) -> Response:
        """Send a test now, which takes up to 15 s, and say whether it arrived."""
        team_id = team_of(request)
        with team_context(team_id):
            outcome = try_channel(_row(team_id, uuid_of(channel)).channel, timezone.now())
        arrived = outcome.result.verdict is Verdict.TAKEN
        return Response({"arrived": arrived, "answer_status": outcome.status, "reason": outcome.result.reason})


def _row(team_id: UUID, channel_id: UUID) -> ChannelRow:
    row = find(team_id, channel_id)
    if row is None:
        raise Http404
    return row


def _wanted(kind: str, values: dict[str, Any], one: Channel | None) -> Wanted:
    """What is asked for; what is not said stays. Raises `ValidationError` for settings that the kind does not have."""
    fields = CHANNELS[kind].fields
    settings = values.get("settings", one.settings if one else {})
    secrets = values.get("secrets", {})
    _check_names("settings", settings, [field for field in fields if not field.is_secret])
    _check_names("secrets", secrets, [field for field in fields if field.is_secret])
    return Wanted(
        kind,
        values.get("name", one.name if one else ""),
        settings,
        {name: value for name, value in secrets.items() if value},
        frozenset(name for name, value in secrets.items() if value is None),
        values.get("is_active", one.is_active if one else True),
    )


def _check_names(part: str, told: dict[str, Any], fields: list[Field]) -> None:
    known = {field.name: field for field in fields}
    for name, value in told.items():
        field = known.get(name)
        if field is None:
            allowed = ", ".join(known) or "none"
            raise exceptions.ValidationError({f"{part}.{name}": [f"is not known. Allowed: {allowed}"]})
        is_list = isinstance(value, list) and all(isinstance(text, str) for text in value)
        if field.is_lines != is_list or not isinstance(value, str | list | None):
            wanted = "a list of texts" if field.is_lines else "a text"
            raise exceptions.ValidationError({f"{part}.{name}": [f"must be {wanted}"]})


def _saved(team_id: UUID, wanted: Wanted, one: Channel | None) -> Channel:
    try:
        return save_channel(team_id, wanted, timezone.now(), one)[0]
    except ChannelRefused as refused:
        raise exceptions.ValidationError({field: [reason] for field, reason in refused.reasons.items()}) from refused
