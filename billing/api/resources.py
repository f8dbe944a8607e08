"""`/api/v1/costs/resources/`: rates of what runs cost beside tokens. Amounts are decimal texts, never rounded."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanReadOrCost
from accounts.tenancy import team_context
from billing.api.callers import caller
from billing.models import AllocationKey, RateUnit
from billing.reads.resources import ListedRate, find_rate, list_rates, rate_id_of
from billing.services.refusals import Refused
from billing.services.resources import KINDS, add_rate, end_rate, read_rate, remove_rate
from monitoring.api.executions import team_of

RATE = OpenApiParameter("rate", OpenApiTypes.STR, OpenApiParameter.PATH)


class _TextField(serializers.CharField):
    def __init__(self, most: int = 200, **more: Any) -> None:
        super().__init__(required=False, allow_blank=True, default="", max_length=most, **more)


class NewResourceRateSerializer(serializers.Serializer[Any]):
    """What `POST /api/v1/costs/resources/` takes. At most one of workflow, environment and system."""

    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(list(KINDS))
    unit = serializers.ChoiceField(RateUnit.values)
    amount = serializers.CharField(max_length=40, help_text="For each unit, a decimal text such as 0.008")
    currency = serializers.CharField(required=False, default="USD", max_length=3)
    workflow = _TextField(help_text="Name or slug")
    environment = _TextField()
    system = _TextField(help_text="External system, for the unit call")
    provider = _TextField(help_text="Who bills it")
    key = serializers.ChoiceField(AllocationKey.values, required=False, allow_blank=True, default="")
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True, default=None, help_text="Holds to before this day")
    note = _TextField(500)


class ResourceRateSerializer(NewResourceRateSerializer):
    """A rate."""

    id = serializers.CharField(help_text="A 64-bit number, as text")
    month_usd = serializers.CharField(allow_null=True, help_text="What it costs in this month so far")
    is_removed = serializers.BooleanField()


class ResourceRateListSerializer(serializers.Serializer[Any]):
    """Rates."""

    results = ResourceRateSerializer(many=True)


class EndResourceRateSerializer(serializers.Serializer[Any]):
    """The day before which a rate ends."""

    ends_on = serializers.DateField()


def document_of(listed: ListedRate) -> dict[str, Any]:
    """A rate as JSON tells it."""
    row = listed.row
    texts = {name: getattr(row, name) for name in ("name", "unit", "currency", "key", "starts_on", "ends_on", "note")}
    names = {name: getattr(listed, name) for name in ("kind", "workflow", "environment", "system", "provider")}
    return {
        "id": str(row.id),
        **texts,
        **names,
        "amount": format(row.amount, "f"),
        "month_usd": None if listed.month_usd is None else format(listed.month_usd, "f"),
        "is_removed": row.removed_at is not None,
    }


def _refusal(refused: Refused) -> exceptions.ValidationError:
    return exceptions.ValidationError({field: [reason] for field, reason in refused.reasons.items()})


def _id_of(text: str) -> int:
    """The id of a rate. Raises `Http404`."""
    if (found := rate_id_of(text)) is None:
        raise Http404
    return found


class ResourceRateList(ChangesTold):
    """Rates of compute, storage, calls, backup and subscriptions."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="list_resource_rates", responses=ResourceRateListSerializer)
    def get(self, request: Request) -> Response:
        """List rates, those that were removed left out."""
        team_id = team_of(request)
        with team_context(team_id):
            found = list_rates(team_id, timezone.now(), with_removed=False)
            return Response({"results": [document_of(one) for one in found]})

    @extend_schema(
        operation_id="add_resource_rate", request=NewResourceRateSerializer, responses={201: ResourceRateSerializer}
    )
    def post(self, request: Request) -> Response:
        """Add a rate. Open months are made again with it; closed months refuse it."""
        told = NewResourceRateSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        texts = {name: "" if value is None else str(value) for name, value in told.validated_data.items()}
        team_id, now = team_of(request), timezone.now()
        with team_context(team_id):
            try:
                made = add_rate(team_id=team_id, wanted=read_rate(texts), by=caller(request), now=now)
            except Refused as refused:
                raise _refusal(refused) from refused
            return _one(request, made.id, status.HTTP_201_CREATED)


class ResourceRateDetail(ChangesTold):
    """One rate."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="get_resource_rate", parameters=[RATE], responses=ResourceRateSerializer)
    def get(self, request: Request, rate: str) -> Response:
        """Read a rate, also one that was removed."""
        with team_context(team_of(request)):
            return _one(request, _id_of(rate))

    @extend_schema(
        operation_id="end_resource_rate",
        parameters=[RATE],
        request=EndResourceRateSerializer,
        responses=ResourceRateSerializer,
    )
    def patch(self, request: Request, rate: str) -> Response:
        """Have a rate hold to before a day."""
        told = EndResourceRateSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id, id = team_of(request), _id_of(rate)
        with team_context(team_id):
            try:
                if not end_rate(
                    team_id=team_id, rate_id=id, now=timezone.now(), by=caller(request), **told.validated_data
                ):
                    raise Http404
            except Refused as refused:
                raise _refusal(refused) from refused
            return _one(request, id)

    @extend_schema(operation_id="remove_resource_rate", parameters=[RATE], responses={204: None})
    def delete(self, request: Request, rate: str) -> Response:
        """Take a rate out of open months. Closed months keep what it cost."""
        team_id = team_of(request)
        with team_context(team_id):
            if not remove_rate(team_id=team_id, rate_id=_id_of(rate), now=timezone.now(), by=caller(request)):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


def _one(request: Request, rate_id: int, code: int = status.HTTP_200_OK) -> Response:
    found = find_rate(team_of(request), rate_id, timezone.now())
    if found is None:
        raise Http404
    return Response(document_of(found), status=code)
