"""`/api/v1/incidents/`: list, read, acknowledge, note, resolve, link an improvement."""

from abc import ABC, abstractmethod
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
from rest_framework.views import APIView

from accounts.api.base import ChangesTold
from accounts.authentication import CanAlert, CanRead
from accounts.models import ApiKey
from accounts.tenancy import team_context
from alerts.analysis.conditions import Severity
from alerts.api.incident_documents import (
    IncidentDetailSerializer,
    IncidentEventSerializer,
    IncidentLinkSerializer,
    IncidentPageSerializer,
    IncidentTextSerializer,
    NoteSerializer,
    detail_document,
    event_document,
    incident_document,
)
from alerts.models import Incident, IncidentStatus
from alerts.reads import incidents as reads
from alerts.services.incident_actions import (
    IncidentRefused,
    acknowledge,
    add_note,
    link_improvement,
    resolve_by_hand,
)
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.parameters import RangeFilters, described, one_of
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.reads.workflows import named

INCIDENT = OpenApiParameter("incident", OpenApiTypes.UUID, OpenApiParameter.PATH)


class IncidentFilters(RangeFilters):
    """What `GET /api/v1/incidents/` understands."""

    status = one_of(IncidentStatus.values, "Status. Absent: all")
    severity = one_of([one.value for one in Severity], "Severity. Absent: all")
    workflow = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "Name or slug of one workflow. Absent: all", type="string"
    )
    rule = described(django_filters.UUIDFilter(), "Id of a rule. Absent: all", type="string", format="uuid")
    q = described(django_filters.CharFilter(max_length=MAX_LENGTH), "Text in the title or rule", type="string")
    after = described(django_filters.CharFilter(max_length=MAX_LENGTH), "Cursor, from `next`", type="string")
    limit = described(django_filters.NumberFilter(min_value=1, max_value=500), "Rows a page, 50", type="integer")


class IncidentList(GenericAPIView[Incident]):
    """Incidents, open ones first."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = IncidentFilters
    queryset = Incident.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_incidents", responses=IncidentPageSerializer)
    def get(self, request: Request) -> Response:
        """List incidents that stood in the range (all without one), open ones first. Follow `next` for more."""
        chosen = IncidentFilters(request.query_params, queryset=self.queryset)
        told, team_id, now = chosen.told(), team_of(request), timezone.now()
        has_range = "from" in request.query_params or "to" in request.query_params
        with team_context(team_id):
            workflow = named(team_id, told["workflow"].replace("\x00", "")) if told["workflow"] else None
            asked = reads.Asked(
                statuses=[told["status"]] if told["status"] else [],
                severities=[told["severity"]] if told["severity"] else [],
                workflow=workflow.slug if workflow else "\x00" if told["workflow"] else "",
                rule=told["rule"],
                q=(told["q"] or "").replace("\x00", ""),
                window=chosen.window(now) if has_range else None,
                after=told["after"] or "",
                limit=int(told["limit"] or reads.PAGE_SIZE),
            )
            is_nothing = bool(told["workflow"]) and workflow is None
            found = reads.Page([]) if is_nothing else reads.page(team_id, asked)
        address = request.build_absolute_uri()
        following = replace_query_param(address, "after", found.next) if found.next else None
        return Response({"next": following, "results": [incident_document(one) for one in found.rows]})


class IncidentDetail(APIView):
    """One incident."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="get_incident", parameters=[INCIDENT], responses=IncidentDetailSerializer)
    def get(self, request: Request, incident: str) -> Response:
        """Read an incident with what counts to it and its history."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(_document(team_id, uuid_of(incident)))


class _Change(ChangesTold, ABC):
    """Something that is done to one incident; the answer is the incident."""

    permission_classes = [CanAlert]
    renderer_classes = [NumberRenderer]

    def change(self, request: Request, incident: str, serializer: type[Any]) -> Response:
        """Reads the body, does it, answers the incident. Raises `ValidationError` by field, or `Http404`."""
        told = serializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id, id = team_of(request), uuid_of(incident)
        with team_context(team_id):
            if not Incident.objects.filter(team_id=team_id, id=id).exists():
                raise Http404
            about = {"team_id": team_id, "by": _key_of(request), "now": timezone.now()}
            try:
                self.act(id, told.validated_data, about)
            except IncidentRefused as refused:
                raise exceptions.ValidationError({name: [text] for name, text in refused.reasons.items()}) from refused
            return Response(_document(team_id, id))

    @abstractmethod
    def act(self, incident_id: UUID, told: dict[str, Any], about: dict[str, Any]) -> None:
        """Does it."""


class IncidentAcknowledgement(_Change):
    """Acknowledging."""

    @extend_schema(
        operation_id="acknowledge_incident",
        parameters=[INCIDENT],
        request=IncidentTextSerializer,
        responses=IncidentDetailSerializer,
    )
    def post(self, request: Request, incident: str) -> Response:
        """Acknowledge an incident: nobody else is told. One that is acknowledged or over stays as it is."""
        return self.change(request, incident, IncidentTextSerializer)

    def act(self, incident_id: UUID, told: dict[str, Any], about: dict[str, Any]) -> None:
        """Acknowledges it."""
        acknowledge(incident_ids=[incident_id], text=told.get("text", ""), **about)


class IncidentResolution(_Change):
    """Resolving by hand."""

    @extend_schema(
        operation_id="resolve_incident",
        parameters=[INCIDENT],
        request=IncidentTextSerializer,
        responses=IncidentDetailSerializer,
    )
    def post(self, request: Request, incident: str) -> Response:
        """Resolve an incident by hand: while its condition goes on, it does not open again."""
        return self.change(request, incident, IncidentTextSerializer)

    def act(self, incident_id: UUID, told: dict[str, Any], about: dict[str, Any]) -> None:
        """Resolves it."""
        resolve_by_hand(incident_ids=[incident_id], text=told.get("text", ""), **about)


class IncidentLink(_Change):
    """The improvement that is to end it."""

    @extend_schema(
        operation_id="link_incident",
        parameters=[INCIDENT],
        request=IncidentLinkSerializer,
        responses=IncidentDetailSerializer,
    )
    def post(self, request: Request, incident: str) -> Response:
        """Link an improvement, or with null take the link away."""
        return self.change(request, incident, IncidentLinkSerializer)

    def act(self, incident_id: UUID, told: dict[str, Any], about: dict[str, Any]) -> None:
        """Links it."""
        link_improvement(incident_id=incident_id, improvement_id=told["improvement_id"], **about)


class IncidentNotes(ChangesTold):
    """Notes on an incident."""

    permission_classes = [CanAlert]
    renderer_classes = [NumberRenderer]

    @extend_schema(
        operation_id="note_incident",
        parameters=[INCIDENT],
        request=NoteSerializer,
        responses={201: IncidentEventSerializer},
    )
    def post(self, request: Request, incident: str) -> Response:
        """Add a note."""
        told = NoteSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id, id = team_of(request), uuid_of(incident)
        with team_context(team_id):
            text, by = told.validated_data["text"], _key_of(request)
            try:
                made = add_note(team_id=team_id, incident_id=id, text=text, by=by, now=timezone.now())
            except Incident.DoesNotExist:
                raise Http404 from None
            return Response(event_document(made), status=status.HTTP_201_CREATED)


def _key_of(request: Request) -> str:
    return cast(ApiKey, request.auth).name


def _document(team_id: UUID, incident_id: UUID) -> dict[str, Any]:
    found = reads.detail(team_id, incident_id)
    if found is None:
        raise Http404
    return detail_document(found)
