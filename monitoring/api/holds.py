"""`/api/v1/executions/<execution>/hold/`: legal holds."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework import serializers as s
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanManage, CanRead
from accounts.tenancy import team_context
from monitoring.api.executions import team_of, uuid_of
from monitoring.models import LegalHold
from monitoring.store.holds import MAX_REASON, HoldRefused, hold, release

_EXECUTION = OpenApiParameter("execution", OpenApiTypes.UUID, OpenApiParameter.PATH)


class HoldSerializer(s.Serializer[Any]):
    """A hold: retention leaves the execution alone until it ends."""

    reason = s.CharField(max_length=MAX_REASON)
    held_at = s.DateTimeField(read_only=True)
    held_by = s.CharField(read_only=True)
    until = s.DateTimeField(read_only=True, allow_null=True, help_text="Set where it was restored from the archive")


class ExecutionHold(ChangesTold):
    """The hold on one execution."""

    permission_classes = [CanRead]

    def get_permissions(self) -> list[BasePermission]:
        """Reading takes the scope `read`, changing `manage`."""
        return [CanRead() if self.request.method in ("GET", "HEAD", "OPTIONS") else CanManage()]

    @extend_schema(operation_id="get_hold", parameters=[_EXECUTION], responses=HoldSerializer)
    def get(self, request: Request, execution: str) -> Response:
        """Read why an execution is held; 404 where it is not."""
        with team_context(team_of(request)):
            found = LegalHold.objects.filter(execution_id=uuid_of(execution)).first()
        if found is None:
            raise Http404
        return Response(HoldSerializer(found).data)

    @extend_schema(
        operation_id="hold_execution", parameters=[_EXECUTION], request=HoldSerializer, responses=HoldSerializer
    )
    def put(self, request: Request, execution: str) -> Response:
        """Hold an execution, or give its hold another reason."""
        told = HoldSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        by = str(getattr(request.auth, "name", ""))
        try:
            made = hold(
                team_of(request), uuid_of(execution), reason=told.validated_data["reason"], by=by, now=timezone.now()
            )
        except LookupError:
            raise Http404 from None
        except HoldRefused as refused:
            raise exceptions.ValidationError({"reason": [str(refused)]}) from refused
        return Response(HoldSerializer(made).data)

    @extend_schema(operation_id="release_hold", parameters=[_EXECUTION], responses={204: None})
    def delete(self, request: Request, execution: str) -> Response:
        """End a hold: the retention policy counts again."""
        if not release(team_of(request), uuid_of(execution)):
            raise Http404
        return Response(status=204)
