"""`/api/v1/audit-stream/`: where the audit log is pushed to, for keys with the scope of managing."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold, team_of
from accounts.authentication import CanManage
from accounts.models import AuditStream, StreamFormat
from accounts.reads.audit_stream import backlog_of, find_stream
from accounts.services.audit_stream import remove_stream, save_stream
from accounts.services.pushes import PushRefused, change_secret
from accounts.tenancy import team_context


class AuditStreamChangeSerializer(serializers.Serializer[object]):
    """Where to push to. `from_start`: a new stream begins with the whole log, not with what happens from now on."""

    url = serializers.CharField(max_length=2_000)
    format = serializers.ChoiceField(StreamFormat.choices, default=StreamFormat.LINES)
    is_active = serializers.BooleanField(default=True)
    from_start = serializers.BooleanField(default=False)


class AuditStreamSerializer(serializers.Serializer[object]):
    """A stream. `secret` is told once, when it is made. `backlog` counts events that wait, up to 10,000."""

    url = serializers.CharField()
    format = serializers.ChoiceField(StreamFormat.choices)
    is_active = serializers.BooleanField()
    since = serializers.DateTimeField()
    sent_position = serializers.IntegerField()
    backlog = serializers.IntegerField()
    backlog_since = serializers.DateTimeField(allow_null=True)
    tries = serializers.IntegerField()
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField(allow_blank=True)
    last_error_at = serializers.DateTimeField(allow_null=True)
    secret = serializers.CharField(required=False)


class AuditStreamView(ChangesTold):
    """The stream of the team."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="get_audit_stream", responses=AuditStreamSerializer)
    def get(self, request: Request) -> Response:
        """Where the audit log is pushed to, how far it has come and what waits. 404 where it is not."""
        with team_context(team_of(request)):
            return Response(_document(_find(request)))

    @extend_schema(
        operation_id="set_audit_stream",
        request=AuditStreamChangeSerializer,
        responses={200: AuditStreamSerializer, 201: AuditStreamSerializer},
    )
    def put(self, request: Request) -> Response:
        """Set where to push to. A new stream, and one on another host, gets a secret that is in this answer only."""
        told = AuditStreamChangeSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            is_new = find_stream(team_id) is None
            try:
                one, secret = save_stream(team_id=team_id, now=timezone.now(), **told.validated_data)
            except PushRefused as refused:
                reasons = {field: [reason] for field, reason in refused.reasons.items()}
                raise exceptions.ValidationError(reasons) from refused
            document = _document(one, secret)
        return Response(document, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(operation_id="remove_audit_stream", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Push no more. The log stays."""
        with team_context(team_of(request)):
            remove_stream(_find(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AuditStreamSecret(ChangesTold):
    """The secret of the stream."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="change_audit_stream_secret", request=None, responses=AuditStreamSerializer)
    def post(self, request: Request) -> Response:
        """Make a new secret in place of the old one; it is in this answer only."""
        with team_context(team_of(request)):
            one = _find(request)
            return Response(_document(one, change_secret(one)))


def _find(request: Request) -> AuditStream:
    one = find_stream(team_of(request))
    if one is None:
        raise Http404
    return one


def _document(one: AuditStream, secret: str = "") -> dict[str, Any]:
    names = ("url", "format", "is_active", "since", "tries", "last_success_at", "last_error", "last_error_at")
    waiting = backlog_of(one)
    told = {name: getattr(one, name) for name in names}
    told |= {"sent_position": one.sent_place, "backlog": waiting.count, "backlog_since": waiting.since}
    return {**told, **({"secret": secret} if secret else {})}
