"""`/api/v1/costs/months/`: months, the checklist of one, its close, and what a key may do about opening it again."""

from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.base import ChangesTold
from accounts.authentication import CanReadOrCost
from accounts.tenancy import team_context
from billing.analysis.checklist import STRICT, Check
from billing.api.callers import caller
from billing.api.month_documents import (
    CloseMonthSerializer,
    MonthListSerializer,
    MonthSerializer,
    ReopeningSerializer,
    month_in,
    plain,
)
from billing.exports.month_digest import month_digest
from billing.models import CostMonth, CostMonthEvent, MonthState
from billing.reads.checklist import checklist
from billing.reads.months import months_of
from billing.services.closing import ClosingRefused, ask_to_reopen, close_month, totals_of, withdraw_reopening
from monitoring.api.executions import team_of

MONTH = OpenApiParameter("month", OpenApiTypes.STR, OpenApiParameter.PATH, description="As 2026-11")
SECOND_PERSON = (
    "Opening a closed month again needs a second person, who is signed in: a key says who made it, not who uses it. "
    "Agree on the page of the month."
)
NO_MAKER = "The one who made this key is gone: only a person, or the key of one, can ask to open a month again."


class MonthList(APIView):
    """Months of the team."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="list_cost_months", responses=MonthListSerializer)
    def get(self, request: Request) -> Response:
        """List months with costs, the latest first."""
        team_id = team_of(request)
        with team_context(team_id):
            found = months_of(team_id)
        names = ("state", "unpriced_tokens", "lines", "closed_at", "closed_by", "digest")
        return Response(
            {
                "results": [
                    {
                        "month": f"{one.month:%Y-%m}",
                        "cost_usd": plain(one.cost_usd),
                        **{name: getattr(one, name) for name in names},
                    }
                    for one in found
                ]
            }
        )


class MonthDetail(APIView):
    """One month."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="get_cost_month", parameters=[MONTH], responses=MonthSerializer)
    def get(self, request: Request, month: str) -> Response:
        """Read a month: its checklist as it stands, or what it was closed with."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(_document(team_id, month_in(month)))


class MonthClose(ChangesTold):
    """The close of a month."""

    permission_classes = [CanReadOrCost]

    @extend_schema(
        operation_id="close_cost_month",
        parameters=[MONTH],
        request=CloseMonthSerializer,
        responses=MonthSerializer,
    )
    def post(self, request: Request, month: str) -> Response:
        """Close a month, with reasons for which open points of its checklist are accepted as they are."""
        told = CloseMonthSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        reasons, first, team_id = told.validated_data["accept"], month_in(month), team_of(request)
        if unknown := sorted(reasons.keys() - {check.value for check in Check}):
            raise exceptions.ValidationError({"accept": [f"{unknown[0]} is no point of the checklist"]})
        with team_context(team_id):
            try:
                close_month(
                    team_id=team_id,
                    month=first,
                    reasons={name: reason.replace("\x00", "") for name, reason in reasons.items()},
                    by=caller(request),
                    now=timezone.now(),
                    digest=month_digest,
                )
            except ClosingRefused as refused:
                raise _refusal(refused) from refused
            return Response(_document(team_id, first))


class MonthReopening(ChangesTold):
    """Opening a closed month again, which takes two people."""

    permission_classes = [CanReadOrCost]

    @extend_schema(
        operation_id="reopen_cost_month",
        parameters=[MONTH],
        request=ReopeningSerializer,
        responses=MonthSerializer,
    )
    def post(self, request: Request, month: str) -> Response:
        """Ask for a closed month to be opened, or withdraw that. To agree, a second person signs in: refused here.

        A key stands for the one who made it, who then cannot agree on the page either.
        """
        told = ReopeningSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        action, reason = told.validated_data["action"], told.validated_data["reason"]
        team_id, first, key = team_of(request), month_in(month), caller(request)
        if action == "agree":
            raise exceptions.PermissionDenied(SECOND_PERSON)
        if key.created_by is None:
            raise exceptions.PermissionDenied(NO_MAKER)
        common: dict[str, Any] = {"team_id": team_id, "month": first, "by": key, "now": timezone.now()}
        with team_context(team_id):
            try:
                if action == "ask":
                    ask_to_reopen(reason=reason.replace("\x00", ""), **common)
                else:
                    withdraw_reopening(**common)
            except ClosingRefused as refused:
                raise _refusal(refused) from refused
            return Response(_document(team_id, first))


def _refusal(refused: ClosingRefused) -> exceptions.ValidationError:
    return exceptions.ValidationError({name: [reason] for name, reason in refused.reasons.items()})


def _document(team_id: UUID, month: date) -> dict[str, Any]:
    one = CostMonth.objects.filter(team_id=team_id, month=month).first()
    is_open = one is None or one.state == MonthState.OPEN
    return {
        "month": f"{month:%Y-%m}",
        "state": one.state if one else MonthState.OPEN.value,
        "totals": totals_of(team_id, month) if is_open or one is None else one.totals,
        "checklist": _points(team_id, month) if is_open or one is None else _kept(one),
        "closed_at": one.closed_at if one else None,
        "digest": one.digest if one else "",
        "history": _history(one) if one else [],
    }


def _points(team_id: UUID, month: date) -> list[dict[str, Any]]:
    return [
        {
            "check": point.check.value,
            "words": point.words,
            "is_settled": point.is_settled,
            "may_accept": not (point.is_settled or point.is_strict),
            "open": list(point.open_items),
            "reason": "",
        }
        for point in checklist(team_id, month, timezone.now())
    ]


def _kept(one: CostMonth) -> list[dict[str, Any]]:
    """The checklist in its own order, as the month was closed with it."""
    told = [(check, one.checklist[check.value]) for check in Check if check.value in one.checklist]
    return [
        {
            "check": check.value,
            "words": point["words"],
            "is_settled": not point["open"],
            "may_accept": bool(point["open"]) and check not in STRICT,
            "open": point["open"],
            "reason": point["reason"],
        }
        for check, point in told
    ]


def _history(one: CostMonth) -> list[dict[str, Any]]:
    rows = CostMonthEvent.objects.filter(team_id=one.team_id, month=one).select_related("by").order_by("-at", "-id")
    return [
        {
            "at": row.at,
            "what": row.what,
            "by": row.by.email if row.by else "",
            "key": row.detail.get("key", ""),
            "reason": row.detail.get("reason", ""),
        }
        for row in rows
    ]
