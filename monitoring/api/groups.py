"""`/api/v1/groups/<id>/`: one group with its suggested cause and history; changing it, deciding about its cause."""

from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanClassify, CanRead
from accounts.tenancy import team_context
from monitoring.api.diagnosis import save_decision
from monitoring.api.diagnosis_documents import (
    ClassificationSerializer,
    DecisionSerializer,
    GroupDetailSerializer,
    group_detail_document,
)
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.group_documents import GroupChangeSerializer, TriageSerializer, history_documents, triage_document
from monitoring.api.rendering import NumberRenderer
from monitoring.api.triage import change, changes_of
from monitoring.reads.classifications import agreement_of, decisions_in_group
from monitoring.reads.failure_group import Group, find_group, releases_of
from monitoring.reads.triage import UNTOUCHED, history_of, triage_of
from monitoring.services.classification import Subject
from monitoring.services.suggestions import suggestion_of_group

GROUP = OpenApiParameter("group", OpenApiTypes.UUID, OpenApiParameter.PATH)


class GroupDetail(ChangesTold):
    """One failure group."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

    def get_permissions(self) -> list[BasePermission]:
        """Changing needs another scope than reading, and tells nothing but where the group stands."""
        return [CanClassify()] if self.request.method == "PATCH" else [CanRead()]

    @extend_schema(operation_id="get_group", parameters=[GROUP], responses=GroupDetailSerializer)
    def get(self, request: Request, group: str) -> Response:
        """Read a failure group with its suggested cause."""
        team_id = team_of(request)
        with team_context(team_id):
            found = _find(team_id, group)
            suggested, diagnoses = suggestion_of_group(team_id, found, timezone.now())
            document = group_detail_document(
                found,
                suggested,
                diagnoses,
                releases_of(team_id, found.id),
                decisions_in_group(team_id, found.id),
                agreement_of(team_id, group_id=found.id),
            )
            triaged = triage_of(team_id, [found.id]).get(found.id, UNTOUCHED)
            history = history_of(team_id, found.id)
        return Response({**document, "triage": triage_document(triaged), "history": history_documents(history)})

    @extend_schema(
        operation_id="change_group", parameters=[GROUP], request=GroupChangeSerializer, responses=TriageSerializer
    )
    def patch(self, request: Request, group: str) -> Response:
        """Change where a failure group stands, or whom it is assigned to. What is merged changes the whole group."""
        told = GroupChangeSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            found = _find(team_id, group)
        change(request, [found.id], *changes_of(told.validated_data))
        with team_context(team_id):
            return Response(triage_document(triage_of(team_id, [found.id]).get(found.id, UNTOUCHED)))


class GroupClassification(ChangesTold):
    """A decision about the cause of a whole group."""

    permission_classes = [CanClassify]
    renderer_classes = [NumberRenderer]

    @extend_schema(
        operation_id="classify_group",
        parameters=[GROUP],
        request=ClassificationSerializer,
        responses={201: DecisionSerializer},
    )
    def post(self, request: Request, group: str) -> Response:
        """Decide about the cause of a failure group. The newest decision counts, none is lost."""
        team_id = team_of(request)
        with team_context(team_id):
            found = _find(team_id, group)
            suggested, _ = suggestion_of_group(team_id, found, timezone.now())
            subject = Subject(team_id, found.workflow_id, found.id)
            return Response(save_decision(request, subject, suggested), status=status.HTTP_201_CREATED)


def _find(team_id: UUID, text: str) -> Group:
    found = find_group(team_id, uuid_of(text))
    if found is None:
        raise Http404
    return found
