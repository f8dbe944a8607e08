"""`/api/v1/silences/`: silences and maintenance windows: list, add, read, end."""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import django_filters
from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.api.base import ChangesTold
from accounts.authentication import CanAlert, CanReadOrAlert
from accounts.models import ApiKey
from accounts.tenancy import team_context
from alerts.analysis.quiet_times import SilenceState
from alerts.api.matcher_documents import refused
from alerts.api.silence_documents import (
    IncidentSilenceSerializer,
    NewSilenceSerializer,
    SilencePageSerializer,
    SilenceSerializer,
    silence_document,
)
from alerts.models import Incident, Silence, SilenceKind
from alerts.reads import silences as reads
from alerts.reads.matchers import options_of, with_values
from alerts.services.silences import SilenceRefused, WantedSilence, add_silence, end_silence, silence_incident
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.parameters import WholeNumberFilter, described, one_of
from monitoring.api.rendering import NumberRenderer

SILENCE = OpenApiParameter("silence", OpenApiTypes.UUID, OpenApiParameter.PATH)
INCIDENT = OpenApiParameter("incident", OpenApiTypes.UUID, OpenApiParameter.PATH)
MAX_PAGE_SIZE = 500
# The fields of the service, as the document has them.
NAMES = {
    **{name: name for name in ("kind", "reason", "cron", "zone", "incident")},
    "start": "starts_at",
    "end": "ends_at",
    "duration": "duration_s",
}


class SilenceFilters(django_filters.FilterSet):
    """What `GET /api/v1/silences/` understands."""

    kind = one_of(SilenceKind.values, "silence or maintenance. Absent: both")
    state = one_of([one.value for one in SilenceState], "Where it stands now. Absent: all")
    after = described(django_filters.CharFilter(max_length=100), "Cursor, as `next` has it", type="string")
    limit = described(
        WholeNumberFilter(min_value=1, max_value=MAX_PAGE_SIZE),
        f"Rows a page, {reads.PAGE_SIZE} when absent",
        type="integer",
        minimum=1,
        maximum=MAX_PAGE_SIZE,
    )


class SilenceList(ChangesTold, GenericAPIView[Silence]):
    """Silences and maintenance windows, the latest end first."""

    permission_classes = [CanReadOrAlert]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = SilenceFilters
    queryset = Silence.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_silences", responses=SilencePageSerializer)
    def get(self, request: Request) -> Response:
        """List silences and maintenance windows, also past ones. Follow `next` for more."""
        told = SilenceFilters(request.query_params, queryset=self.queryset)
        if not told.is_valid():
            raise exceptions.ValidationError(told.errors)
        values, team_id = told.form.cleaned_data, team_of(request)
        after = values["after"] or ""
        if after and reads.read_cursor(after) is None:
            raise exceptions.ValidationError({"after": ["Not a cursor of this list. Take it from `next`."]})
        chosen = reads.Chosen(values["kind"] or "", values["state"] or "")
        with team_context(team_id):
            found = reads.page(team_id, chosen, timezone.now(), after=after, limit=values["limit"] or reads.PAGE_SIZE)
            options = options_of(team_id)
            documents = [silence_document(row, options) for row in found.rows]
        address = request.build_absolute_uri()
        following = replace_query_param(address, "after", found.next) if found.next else None
        return Response({"next": following, "results": documents})

    @extend_schema(operation_id="add_silence", request=NewSilenceSerializer, responses={201: SilenceSerializer})
    def post(self, request: Request) -> Response:
        """Add a silence, or a maintenance window. Of incidents that match no notice is sent, from its start on."""
        told = NewSilenceSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id, now = team_of(request), timezone.now()
        with team_context(team_id):
            wanted = _wanted(team_id, told.validated_data, now)
            try:
                made = add_silence(team_id=team_id, wanted=wanted, by=cast(ApiKey, request.auth).name, now=now)
            except SilenceRefused as error:
                raise refused(error.reasons, NAMES) from error
            return Response(_document(team_id, made.id, now), status=status.HTTP_201_CREATED)


class SilenceDetail(ChangesTold):
    """One silence or maintenance window."""

    permission_classes = [CanReadOrAlert]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="get_silence", parameters=[SILENCE], responses=SilenceSerializer)
    def get(self, request: Request, silence: str) -> Response:
        """Read a silence."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(_document(team_id, uuid_of(silence), timezone.now()))

    @extend_schema(operation_id="end_silence", parameters=[SILENCE], responses={204: None})
    def delete(self, request: Request, silence: str) -> Response:
        """End a silence now; what it held back is told if it stands. One that has not begun is taken away."""
        team_id = team_of(request)
        with team_context(team_id):
            if not end_silence(team_id=team_id, silence_id=uuid_of(silence), now=timezone.now()):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class IncidentSilence(ChangesTold):
    """Silencing what an incident is about."""

    permission_classes = [CanAlert]
    renderer_classes = [NumberRenderer]

    @extend_schema(
        operation_id="silence_incident",
        parameters=[INCIDENT],
        request=IncidentSilenceSerializer,
        responses={201: SilenceSerializer},
    )
    def post(self, request: Request, incident: str) -> Response:
        """Silence the rule of an incident for its workflow from now on; the answer is the silence."""
        told = IncidentSilenceSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id, id, now = team_of(request), uuid_of(incident), timezone.now()
        reason, length = told.validated_data["reason"], told.validated_data["ends_at"] - now
        by = cast(ApiKey, request.auth).name
        with team_context(team_id):
            try:
                made = silence_incident(team_id=team_id, incident_id=id, reason=reason, length=length, by=by, now=now)
            except Incident.DoesNotExist:
                raise Http404 from None
            except SilenceRefused as error:
                raise refused(error.reasons, NAMES) from error
            return Response(_document(team_id, made.id, now), status=status.HTTP_201_CREATED)


def _wanted(team_id: UUID, told: dict[str, Any], now: datetime) -> WantedSilence:
    seconds = told.get("duration_s")
    return WantedSilence(
        reason=told["reason"],
        starts_at=told.get("starts_at", now),
        ends_at=told["ends_at"],
        kind=told.get("kind", SilenceKind.SILENCE.value),
        matchers=cast(Any, with_values(team_id, told.get("matchers", {}))),
        cron=told.get("cron", ""),
        zone=told.get("zone", "UTC"),
        duration=timedelta(seconds=seconds) if seconds is not None else None,
    )


def _document(team_id: UUID, silence_id: UUID, now: datetime) -> dict[str, Any]:
    found = reads.find(team_id, silence_id, now)
    if found is None:
        raise Http404
    return silence_document(found, options_of(team_id, found.silence.matchers))
