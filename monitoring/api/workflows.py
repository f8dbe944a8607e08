"""`GET /api/v1/workflows/`: all workflows with their figures, worst first."""

import django_filters
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import CanRead
from accounts.tenancy import team_context
from monitoring.api.documents import WorkflowListSerializer, workflow_document
from monitoring.api.executions import team_of
from monitoring.api.parameters import RangeFilters, described
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.models import Workflow
from monitoring.reads.trends import known_range
from monitoring.reads.workflows import listing


class WorkflowFilters(RangeFilters):
    """What `GET /api/v1/workflows/` understands."""

    environment = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "One environment. Absent: all environments", type="string"
    )


class WorkflowList(GenericAPIView[Workflow]):
    """All workflows of the team."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = WorkflowFilters
    queryset = Workflow.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_workflows", responses=WorkflowListSerializer)
    def get(self, request: Request) -> Response:
        """List workflows, worst first. Figures are of the range; without `from` and `to` of everything there is."""
        chosen = WorkflowFilters(request.query_params, queryset=self.queryset)
        told, now, team_id = chosen.told(), timezone.now(), team_of(request)
        with team_context(team_id):
            window = chosen.window(now, *known_range(team_id, now)).aligned()
            rows = listing(team_id, window, now, environment=told["environment"] or None)
        return Response({"results": [workflow_document(row) for row in rows]})
