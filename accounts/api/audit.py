"""`GET /api/v1/audit-events/`: the audit log by pages, or as a stream of JSON lines for a SIEM."""

import json
from collections.abc import Iterator

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from accounts.acting import ActorKind, Via
from accounts.api.base import team_of
from accounts.authentication import CanAudit
from accounts.reads import audit_stream
from accounts.reads.audit import FIELDS, MAX_PAGE_SIZE, PAGE_SIZE, document, filters_of, newest, read_cursor
from accounts.services.audit_places import place_events
from accounts.tenancy import team_context

_WORDS = {
    "who": "Start of the name of a member or key",
    "what": "Start of the action: `member`, `payload.viewed`",
    "target": "Part of the name of what it was done to, or its kind or id",
    "q": "Text anywhere in the event",
    "from": "ISO 8601",
    "to": "ISO 8601; before this",
}
_NO_CURSOR = "is no cursor that this log gave"
_LIMIT = OpenApiParameter("limit", OpenApiTypes.INT, description=f"1 to {MAX_PAGE_SIZE}")
_AFTER = OpenApiParameter("after", str, description="Cursor")


class AuditEventSerializer(serializers.Serializer[object]):
    """An event."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    actor_kind = serializers.ChoiceField(choices=ActorKind.choices)
    actor_id = serializers.UUIDField(allow_null=True)
    actor_name = serializers.CharField()
    impersonated_by = serializers.CharField(allow_blank=True)
    action = serializers.CharField()
    target_kind = serializers.CharField(allow_blank=True)
    target_id = serializers.CharField(allow_blank=True)
    target_name = serializers.CharField(allow_blank=True)
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    via = serializers.ChoiceField(choices=Via.choices)
    address = serializers.CharField(allow_null=True)
    request_id = serializers.CharField(allow_blank=True)


class AuditEventPageSerializer(serializers.Serializer[object]):
    """A page of events."""

    next = serializers.CharField(allow_null=True)
    results = AuditEventSerializer(many=True)


class AuditEventList(APIView):
    """The audit log, newest first."""

    permission_classes = [CanAudit]

    @extend_schema(
        operation_id="list_audit_events",
        parameters=[*(OpenApiParameter(name, str, description=_WORDS[name]) for name in FIELDS), _AFTER, _LIMIT],
        responses=AuditEventPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List events. Follow `next` for earlier ones."""
        filters, wrong = filters_of(request.query_params)
        if wrong:
            raise exceptions.ValidationError({name: ["must be ISO 8601"] for name in wrong})
        team_id = team_of(request)
        with team_context(team_id):
            page = newest(team_id, filters, after=_cursor(request), limit=_limit(request, PAGE_SIZE))
        address = replace_query_param(request.build_absolute_uri(), "after", page.next) if page.next else None
        return Response({"next": address, "results": [document(one) for one in page.events]})


class AuditEventStream(APIView):
    """The audit log onwards from a cursor, as JSON lines."""

    permission_classes = [CanAudit]

    @extend_schema(
        operation_id="follow_audit_events",
        parameters=[_AFTER, _LIMIT],
        responses={(200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Events after a cursor, one a line, in the order of `position`; `X-Next-After` is the cursor to ask with next.

        Positions are 1, 2, 3 … in each team without gaps, in the order in which events came to sight: whoever asks
        with the last cursor misses none. An answer without lines means that there is nothing new: ask again later with
        the same cursor.
        """
        told = str(request.query_params.get("after", ""))
        cursor = audit_stream.read_cursor(told) if told else None
        if told and cursor is None:
            raise exceptions.ValidationError({"after": [_NO_CURSOR]})
        team_id, limit = team_of(request), _limit(request, MAX_PAGE_SIZE)
        with team_context(team_id):
            place_events(team_id)
            found = audit_stream.after(team_id, audit_stream.start_of(team_id, cursor), limit=limit)
        lines: Iterator[str] = (json.dumps(one.document(), cls=DjangoJSONEncoder) + "\n" for one in found)
        response = StreamingHttpResponse(lines, content_type="application/x-ndjson; charset=utf-8")
        response["X-Next-After"] = found[-1].cursor.text() if found else told
        return response


def _cursor(request: Request) -> str:
    after = request.query_params.get("after", "")
    if after and read_cursor(after[:200]) is None:
        raise exceptions.ValidationError({"after": [_NO_CURSOR]})
    return str(after)


def _limit(request: Request, usual: int) -> int:
    told = request.query_params.get("limit", "")
    if not told:
        return usual
    if not told.isdecimal() or not 1 <= int(told[:9]) <= MAX_PAGE_SIZE:
        raise exceptions.ValidationError({"limit": [f"must be 1 to {MAX_PAGE_SIZE}"]})
    return int(told)
