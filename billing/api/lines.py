"""`GET /api/v1/costs/lines/`: cost lines, as exports have them."""

from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.authentication import CanReadOrCost
from accounts.tenancy import team_context
from billing.api.line_documents import CostLinePageSerializer, line_document
from billing.api.line_filters import LineFilters, cursor_of
from billing.exports.line_table import LineTable
from billing.models import CostLine
from billing.reads.cost_lines import page
from billing.reads.reporting import reporting_of
from monitoring.api.executions import team_of


class CostLineList(GenericAPIView[CostLine]):
    """Cost lines that match all filters, by the day that they count on."""

    permission_classes = [CanReadOrCost]
    filter_backends = [DjangoFilterBackend]
    filterset_class = LineFilters
    queryset = CostLine.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_cost_lines", responses=CostLinePageSerializer)
    def get(self, request: Request) -> Response:
        """List cost lines: the same numbers as pages and exports. Follow `next` for more."""
        told = LineFilters(request.query_params, queryset=self.queryset)
        team_id, chosen = team_of(request), told.chosen(timezone.now())
        with team_context(team_id):
            lines, has_more = page(team_id, chosen, told.after_told(), told.limit_told())
        rows = LineTable(team_id, reporting_of(team_id)).rows([lines] if lines else [])
        following = (
            replace_query_param(request.build_absolute_uri(), "after", cursor_of(lines[-1])) if has_more else None
        )
        return Response({"next": following, "results": [line_document(row) for row in rows]})
