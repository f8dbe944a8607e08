"""`/api/v1/costs/prices/`, `price-changes/` and `unpriced/`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.base import ChangesTold
from accounts.authentication import CanRead, CanReadOrCost
from accounts.tenancy import team_context
from billing.api.callers import caller
from billing.api.price_documents import (
    ApplySerializer,
    NewPriceSerializer,
    PreviewSerializer,
    PriceListSerializer,
    PriceSerializer,
    UnpricedListSerializer,
    preview_document,
    price_document,
    unpriced_document,
)
from billing.reads.prices import ListedPrice, find, listing
from billing.reads.unpriced import unpriced_models
from billing.services.price_changes import apply_changes, preview_changes, take_back
from billing.services.pricing_models import price_model
from billing.services.refusals import Refused
from billing.services.team_prices import RATE_FIELD, read_price, remove_price
from monitoring.api.executions import team_of, uuid_of

PRICE = OpenApiParameter("price", OpenApiTypes.STR, OpenApiParameter.PATH)
CHANGE = OpenApiParameter("change", OpenApiTypes.UUID, OpenApiParameter.PATH)
SEARCH = OpenApiParameter("q", OpenApiTypes.STR, description="Words of the provider or model")


def texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Validated values as a form would tell them."""
    return {name: "" if value is None else str(value) for name, value in values.items()}


def refusal(refused: Refused) -> exceptions.ValidationError:
    """A 400 with the reasons by field."""
    return exceptions.ValidationError({field: [reason] for field, reason in refused.reasons.items()})


class PriceList(ChangesTold):
    """Prices of the team and the book."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="list_prices", parameters=[SEARCH], responses=PriceListSerializer)
    def get(self, request: Request) -> Response:
        """List prices in force, at most 200: those of the models that are used, or those that match `q`."""
        team_id, search = team_of(request), request.query_params.get("q", "")[:200].replace("\x00", "")
        with team_context(team_id):
            found = listing(team_id, timezone.now(), search=search, is_used=not search.strip())
            return Response({"results": [price_document(one) for one in found]})

    @extend_schema(operation_id="add_price", request=NewPriceSerializer, responses={201: PriceSerializer})
    def post(self, request: Request) -> Response:
        """Add a price of the team. What it is for and never had a price is rated at it."""
        told = NewPriceSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values, team_id = dict(told.validated_data), team_of(request)
        texts = texts_of(values) | {RATE_FIELD + name: rate for name, rate in values.pop("rates").items()}
        with team_context(team_id):
            try:
                made, _ = price_model(team_id=team_id, wanted=read_price(texts), by=caller(request), now=timezone.now())
            except Refused as refused:
                raise refusal(refused) from refused
            return Response(price_document(_found(team_id, str(made.id))), status=status.HTTP_201_CREATED)


def _found(team_id: UUID, text: str) -> ListedPrice:
    digits = text.removeprefix("-")
    found = find(team_id, int(text)) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if found is None:
        raise Http404
    return found


class PriceDetail(ChangesTold):
    """One price."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="get_price", parameters=[PRICE], responses=PriceSerializer)
    def get(self, request: Request, price: str) -> Response:
        """Read a price, one that was taken away, too."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(price_document(_found(team_id, price)))

    @extend_schema(operation_id="remove_price", parameters=[PRICE], responses={204: None})
    def delete(self, request: Request, price: str) -> Response:
        """Take a price of the team away. What was rated at it stays so until price changes are applied."""
        team_id = team_of(request)
        with team_context(team_id):
            found = _found(team_id, price)
            if not remove_price(team_id=team_id, price_id=found.price.id, now=timezone.now(), by=caller(request)):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class PriceChanges(ChangesTold):
    """What open months would cost at the prices as they are."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="preview_price_changes", responses=PreviewSerializer)
    def get(self, request: Request) -> Response:
        """See the effect of prices on open months."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(preview_document(preview_changes(team_id, timezone.now())))

    @extend_schema(operation_id="apply_price_changes", request=ApplySerializer, responses=PreviewSerializer)
    def post(self, request: Request) -> Response:
        """Apply what was seen: `seen` of the effect. Refused where it has changed since."""
        told = ApplySerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            try:
                found = apply_changes(team_id=team_id, **told.validated_data, by=caller(request), now=timezone.now())
            except Refused as refused:
                raise refusal(refused) from refused
            return Response(preview_document(found))


class PriceChangeDetail(ChangesTold):
    """One change that was applied."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="take_back_price_change", parameters=[CHANGE], responses={204: None})
    def delete(self, request: Request, change: str) -> Response:
        """Take a change back."""
        team_id = team_of(request)
        with team_context(team_id):
            if not take_back(team_id=team_id, re_rating_id=uuid_of(change), now=timezone.now(), by=caller(request)):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class UnpricedList(APIView):
    """Models whose tokens have no price."""

    permission_classes = [CanRead]

    @extend_schema(operation_id="list_unpriced_models", responses=UnpricedListSerializer)
    def get(self, request: Request) -> Response:
        """List models without a price, those with most tokens first."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response({"results": [unpriced_document(one) for one in unpriced_models(team_id)]})
