"""`/api/v1/releases`: announcing a release, the releases of a workflow, one of them."""

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
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.base import ChangesTold
from accounts.authentication import CanRead, CanRelease
from accounts.models import ApiKey
from accounts.tenancy import team_context
from monitoring.api.executions import team_of
from monitoring.api.parameters import described
from monitoring.api.release_documents import (
    AnnouncedSerializer,
    AnnouncementSerializer,
    ReleaseListSerializer,
    ReleaseSerializer,
    release_document,
)
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.models import Release, Workflow
from monitoring.reads.releases import find_release, releases_of_workflow
from monitoring.reads.workflows import named
from monitoring.services.releases import FIELDS, Announced, ReleaseRefused, announce_release


class ReleaseFilters(django_filters.FilterSet):
    """What `GET /api/v1/releases` understands."""

    workflow = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "Name or slug of one workflow. Absent: all", type="string"
    )


class ReleaseList(ChangesTold, GenericAPIView[Release]):
    """The releases of a team."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = ReleaseFilters
    queryset = Release.objects.none()
    pagination_class = None

    def get_permissions(self) -> list[BasePermission]:
        """Reading and announcing are scopes of their own."""
        return [CanRelease() if self.request.method == "POST" else CanRead()]

    @extend_schema(operation_id="list_releases", responses=ReleaseListSerializer)
    def get(self, request: Request) -> Response:
        """List releases, newest first, up to 200."""
        team_id, text = team_of(request), request.query_params.get("workflow", "").replace("\x00", "")[:MAX_LENGTH]
        with team_context(team_id):
            workflow = named(team_id, text) if text else None
            found = releases_of_workflow(team_id, workflow.id if workflow else None) if workflow or not text else []
            slugs = slugs_of(team_id, {one.workflow_id for one in found})
        return Response({"results": [release_document(one, slugs[one.workflow_id]) for one in found]})

    @extend_schema(
        operation_id="announce_release",
        request=AnnouncementSerializer,
        responses={200: AnnouncedSerializer, 201: AnnouncedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Announce a release. The same one again answers 200 and changes what is told differently."""
        told = AnnouncementSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values, team_id, key = told.validated_data, team_of(request), cast(ApiKey, request.auth)
        with team_context(team_id):
            done = _announce(team_id, values, key.name)
            release = find_release(team_id, done.release.id)
            assert release is not None
            slug = slugs_of(team_id, {release.workflow_id})[release.workflow_id]
        code = status.HTTP_201_CREATED if done.is_new else status.HTTP_200_OK
        return Response({**release_document(release, slug), "changed": list(done.changed)}, status=code)


class ReleaseDetail(APIView):
    """One release."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

    @extend_schema(
        operation_id="get_release",
        parameters=[OpenApiParameter("release", OpenApiTypes.UUID, OpenApiParameter.PATH)],
        responses=ReleaseSerializer,
    )
    def get(self, request: Request, release: UUID) -> Response:
        """Read one release."""
        team_id = team_of(request)
        with team_context(team_id):
            found = find_release(team_id, release)
            if found is None:
                raise Http404
            slugs = slugs_of(team_id, {found.workflow_id})
        return Response(release_document(found, slugs[found.workflow_id]))


def slugs_of(team_id: UUID, ids: set[UUID]) -> dict[UUID, str]:
    """The slugs of these workflows."""
    return dict(Workflow.objects.filter(team_id=team_id, id__in=ids).values_list("id", "slug"))


def _announce(team_id: UUID, values: dict[str, Any], by: str) -> Announced:
    """Keeps it in the name of the key. Raises `ValidationError`, by field."""
    told = {field: values[field] for field in FIELDS if field in values}
    try:
        return announce_release(
            team_id=team_id,
            workflow=values["workflow"],
            name=values["name"],
            told=told,
            by=by,
            now=timezone.now(),
        )
    except ReleaseRefused as refused:
        errors = {field: [f"The {field} {reason}."] for field, reason in refused.reasons.items()}
        raise exceptions.ValidationError(errors) from None
