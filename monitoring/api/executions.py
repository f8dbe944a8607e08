"""`GET /api/v1/executions/` and one of them."""

from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from accounts.api.base import team_of, uuid_of
from accounts.audit import record
from accounts.authentication import CanRead
from accounts.tenancy import team_context
from monitoring.api.documents import ExecutionDetailSerializer, ExecutionPageSerializer, execution_document
from monitoring.api.parameters import ExecutionFilters
from monitoring.api.rendering import NumberRenderer
from monitoring.models import Execution
from monitoring.reads import executions
from monitoring.reads.replay import load
from monitoring.reads.replay_document import document

__all__ = ["ExecutionDetail", "ExecutionList", "team_of", "uuid_of"]


class ExecutionList(GenericAPIView[Execution]):
    """Executions that match all filters, newest first."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = ExecutionFilters
    # Says to the document what is filtered. Rows come from a read, which filters in its own SQL.
    queryset = Execution.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_executions", responses=ExecutionPageSerializer)
    def get(self, request: Request) -> Response:
        """List executions. Follow `next` for more: cursors stay right while executions arrive."""
        chosen = ExecutionFilters(request.query_params, queryset=self.queryset)
        team_id = team_of(request)
        filters = chosen.as_filters(timezone.now())
        with team_context(team_id):
            found = executions.page(team_id, filters, limit=chosen.limit_told())
        address = request.build_absolute_uri()
        return Response(
            {
                "next": replace_query_param(address, "after", found.next) if found.next else None,
                "previous": replace_query_param(address, "after", found.previous) if found.previous else None,
                "results": [execution_document(row) for row in found.rows],
            }
        )


class ExecutionDetail(APIView):
    """One execution with its steps, logs and what it carried."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

    @extend_schema(
        operation_id="get_execution",
        parameters=[OpenApiParameter("execution", OpenApiTypes.UUID, OpenApiParameter.PATH)],
        responses=ExecutionDetailSerializer,
    )
    def get(self, request: Request, execution: str) -> Response:
        """Read one execution."""
        team_id = team_of(request)
        with team_context(team_id):
            replay = load(team_id, uuid_of(execution))
            if replay is not None:
                record("payload.viewed", ("execution", execution, replay.execution.external_id))
        if replay is None:
            raise Http404
        return Response(document(replay))
