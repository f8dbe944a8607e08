"""`GET /api/v1/groups/`, one of them with its suggested cause, and deciding about it."""

from uuid import UUID

import django_filters
from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import CanClassify, CanRead
from accounts.tenancy import team_context
from monitoring.api.diagnosis import save_decision
from monitoring.api.diagnosis_documents import (
    ClassificationSerializer,
    DecisionSerializer,
    GroupDetailSerializer,
    GroupListSerializer,
    group_detail_document,
    group_document,
)
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.parameters import described
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.models import FailureGroup
from monitoring.reads.classifications import agreement_of, decisions_in_group
from monitoring.reads.failure_group import Group, find_group, releases_of
from monitoring.reads.group_list import Asked, group_page
from monitoring.reads.workflows import named
from monitoring.services.classification import Subject
from monitoring.services.suggestions import suggestion_of_group

GROUP = OpenApiParameter("group", OpenApiTypes.UUID, OpenApiParameter.PATH)


class GroupFilters(django_filters.FilterSet):
    """What `GET /api/v1/groups/` understands."""

    workflow = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "Name or slug of one workflow. Absent: all", type="string"
    )


class GroupList(GenericAPIView[FailureGroup]):
    """Failure groups, those that were seen last first."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = GroupFilters
    queryset = FailureGroup.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_groups", responses=GroupListSerializer)
    def get(self, request: Request) -> Response:
        """List the failure groups that were seen last, up to 200."""
        team_id, text = team_of(request), request.query_params.get("workflow", "").replace("\x00", "")[:MAX_LENGTH]
        with team_context(team_id):
            workflow = named(team_id, text) if text else None
            found = latest_groups(team_id, workflow.id if workflow else None) if workflow or not text else []
        return Response({"results": [group_document(group) for group in found]})


class GroupDetail(APIView):
    """One failure group."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

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
        return Response(document)


class GroupClassification(APIView):
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
