"""`/api/v1/costs/discounts/` and `exchange-rates/`."""

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanReadOrCost
from accounts.tenancy import team_context
from billing.analysis.pricing import plain
from billing.api.callers import caller
from billing.api.price_documents import (
    DiscountListSerializer,
    DiscountSerializer,
    ExchangeRateListSerializer,
    ExchangeRateSerializer,
    NewDiscountSerializer,
    discount_document,
)
from billing.api.prices import refusal, texts_of
from billing.models import Discount, ExchangeRate
from billing.services.discounts import add_discount, read_discount, remove_discount
from billing.services.exchange_rates import enter_rate
from billing.services.refusals import Refused
from monitoring.api.executions import team_of, uuid_of

DISCOUNT = OpenApiParameter("discount", OpenApiTypes.UUID, OpenApiParameter.PATH)
MOST_RATES = 10_000


class DiscountList(ChangesTold):
    """Negotiated discounts."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="list_discounts", responses=DiscountListSerializer)
    def get(self, request: Request) -> Response:
        """List discounts, those that were removed left out."""
        team_id = team_of(request)
        with team_context(team_id):
            rows = Discount.objects.filter(team_id=team_id, removed_at__isnull=True).order_by("provider", "model", "id")
            return Response({"results": [discount_document(one) for one in rows]})

    @extend_schema(operation_id="add_discount", request=NewDiscountSerializer, responses={201: DiscountSerializer})
    def post(self, request: Request) -> Response:
        """Add a discount off the prices of the book."""
        told = NewDiscountSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            try:
                wanted = read_discount(texts_of(told.validated_data))
                made = add_discount(team_id=team_id, wanted=wanted, by=caller(request), now=timezone.now())
            except Refused as refused:
                raise refusal(refused) from refused
            return Response(discount_document(made), status=status.HTTP_201_CREATED)


class DiscountDetail(ChangesTold):
    """One discount."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="remove_discount", parameters=[DISCOUNT], responses={204: None})
    def delete(self, request: Request, discount: str) -> Response:
        """Take a discount away."""
        team_id = team_of(request)
        with team_context(team_id):
            if not remove_discount(
                team_id=team_id, discount_id=uuid_of(discount), now=timezone.now(), by=caller(request)
            ):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExchangeRateList(ChangesTold):
    """Exchange rates."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="list_exchange_rates", responses=ExchangeRateListSerializer)
    def get(self, request: Request) -> Response:
        """List rates by currency, the latest first."""
        team_id = team_of(request)
        with team_context(team_id):
            rows = ExchangeRate.objects.filter(team_id=team_id).order_by("currency", "-starts_on")[:MOST_RATES]
            return Response(
                {"results": [{"currency": r.currency, "date": r.starts_on, "usd": plain(r.usd)} for r in rows]}
            )

    @extend_schema(
        operation_id="set_exchange_rate", request=ExchangeRateSerializer, responses={201: ExchangeRateSerializer}
    )
    def post(self, request: Request) -> Response:
        """Set one rate; one of the same day is replaced. Refused in closed months."""
        told = ExchangeRateSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            try:
                enter_rate(team_id=team_id, told=texts_of(told.validated_data), by=caller(request), now=timezone.now())
            except Refused as refused:
                raise refusal(refused) from refused
        return Response(told.data, status=status.HTTP_201_CREATED)
