"""`GET /api/v1/systems/`, `models/`, `tools/`, and one of them: what steps call, over all workflows."""

import django_filters
from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import CanRead
from accounts.tenancy import team_context
from monitoring.api.executions import team_of
from monitoring.api.parameters import RangeFilters, described
from monitoring.api.rendering import NumberRenderer
from monitoring.api.system_documents import (
    CalledDetailSerializer,
    CalledListSerializer,
    list_document,
    page_document,
)
from monitoring.filters import MAX_LENGTH
from monitoring.models import Execution
from monitoring.reads.calls import MODELS, SYSTEMS, TOOLS, Kind
from monitoring.reads.system_page import load
from monitoring.reads.systems import listing
from monitoring.reads.trends import known_range

NAME = OpenApiParameter(
    "name", OpenApiTypes.STR, OpenApiParameter.PATH, description="Percent-encoded; a slash may also be written ~2F"
)


class CalledFilters(RangeFilters):
    """What these addresses understand."""

    environment = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "One environment. Absent: all environments", type="string"
    )


class _Called(GenericAPIView[Execution]):
    """What the addresses have in common."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = CalledFilters
    queryset = Execution.objects.none()
    pagination_class = None
    kind: Kind


class _List(_Called):
    """All of a kind."""

    def get(self, request: Request) -> Response:
        """List them, worst first. Without `from` and `to`: of everything there is."""
        chosen = CalledFilters(request.query_params, queryset=self.queryset)
        told, now, team_id = chosen.told(), timezone.now(), team_of(request)
        with team_context(team_id):
            window = chosen.window(now, *known_range(team_id, now))
            found = listing(team_id, self.kind, window, environment=told["environment"] or None)
        return Response(list_document(found))


class _Detail(_Called):
    """One of a kind."""

    def get(self, request: Request, name: str) -> Response:
        """Read one, with who depends on it. Without `from` and `to`: of everything there is."""
        chosen = CalledFilters(request.query_params, queryset=self.queryset)
        told, now, team_id = chosen.told(), timezone.now(), team_of(request)
        with team_context(team_id):
            window = chosen.window(now, *known_range(team_id, now))
            page = load(team_id, self.kind, name, window, environment=told["environment"] or None, now=now)
        if page is None:
            raise Http404
        return Response(page_document(page))


@extend_schema_view(get=extend_schema(operation_id="list_systems", responses=CalledListSerializer))
class SystemList(_List):
    """External systems."""

    kind = SYSTEMS


@extend_schema_view(get=extend_schema(operation_id="read_system", parameters=[NAME], responses=CalledDetailSerializer))
class SystemDetail(_Detail):
    """One external system."""

    kind = SYSTEMS


@extend_schema_view(get=extend_schema(operation_id="list_models", responses=CalledListSerializer))
class ModelList(_List):
    """Models."""

    kind = MODELS


@extend_schema_view(get=extend_schema(operation_id="read_model", parameters=[NAME], responses=CalledDetailSerializer))
class ModelDetail(_Detail):
    """One model."""

    kind = MODELS


@extend_schema_view(get=extend_schema(operation_id="list_tools", responses=CalledListSerializer))
class ToolList(_List):
    """Tools."""

    kind = TOOLS


@extend_schema_view(get=extend_schema(operation_id="read_tool", parameters=[NAME], responses=CalledDetailSerializer))
class ToolDetail(_Detail):
    """One tool."""

    kind = TOOLS
