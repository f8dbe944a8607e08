"""`/api/v1/alert-deliveries/`: what channels were told, and sending it again."""

import django_filters
from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from accounts.api.base import ChangesTold
from accounts.authentication import CanAlert, CanRead
from accounts.tenancy import team_context
from alerts.analysis.notices import NoticeKind
from alerts.api.channel_documents import AlertDeliveryPageSerializer, AlertDeliverySerializer, delivery_document
from alerts.models import AlertDelivery, AlertDeliveryStatus
from alerts.reads import deliveries as reads
from alerts.services.outbox import requeue
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.parameters import described, one_of
from monitoring.api.rendering import NumberRenderer

DELIVERY = OpenApiParameter("delivery", OpenApiTypes.UUID, OpenApiParameter.PATH)


class AlertDeliveryFilters(django_filters.FilterSet):
    """What `GET /api/v1/alert-deliveries/` understands."""

    channel = described(django_filters.UUIDFilter(), "Id of a channel. Absent: all", type="string", format="uuid")
    incident = described(django_filters.UUIDFilter(), "Id of an incident. Absent: all", type="string", format="uuid")
    status = one_of(AlertDeliveryStatus.values, "What became of it. Absent: all")
    kind = one_of([one.value for one in NoticeKind], "Kind of notice. Absent: all")
    after = described(django_filters.CharFilter(max_length=100), "Cursor, as `next` has it", type="string")


class AlertDeliveryList(GenericAPIView[AlertDelivery]):
    """Deliveries of notices."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = AlertDeliveryFilters
    queryset = AlertDelivery.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_alert_deliveries", responses=AlertDeliveryPageSerializer)
    def get(self, request: Request) -> Response:
        """List deliveries, newest first, 50 a page. Follow `next` for more."""
        told = AlertDeliveryFilters(request.query_params, queryset=self.queryset)
        if not told.is_valid():
            raise exceptions.ValidationError(told.errors)
        values, team_id = told.form.cleaned_data, team_of(request)
        chosen = reads.Chosen(*(str(values[name] or "") for name in ("channel", "status", "kind", "incident")))
        with team_context(team_id):
            found = reads.page(team_id, chosen, values["after"])
            documents = [delivery_document(one) for one in found.rows]
        address = request.build_absolute_uri()
        following = replace_query_param(address, "after", found.next) if found.next else None
        return Response({"next": following, "results": documents})


class AlertDeliveryDetail(APIView):
    """One delivery."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="get_alert_delivery", parameters=[DELIVERY], responses=AlertDeliverySerializer)
    def get(self, request: Request, delivery: str) -> Response:
        """Read a delivery."""
        team_id = team_of(request)
        with team_context(team_id):
            one = reads.find(team_id, uuid_of(delivery))
        if one is None:
            raise Http404
        return Response(delivery_document(one))


class AlertDeliveryAgain(ChangesTold):
    """Sending a delivery again."""

    permission_classes = [CanAlert]
    renderer_classes = [NumberRenderer]

    @extend_schema(
        operation_id="send_alert_delivery_again",
        parameters=[DELIVERY],
        request=None,
        responses=AlertDeliverySerializer,
    )
    def post(self, request: Request, delivery: str) -> Response:
        """Send a delivery that is done once more, with the same id. One that waits stays as it is."""
        team_id = team_of(request)
        with team_context(team_id):
            one = reads.find(team_id, uuid_of(delivery))
            if one is None:
                raise Http404
            requeue(team_id, [one], timezone.now())
            return Response(delivery_document(one))
