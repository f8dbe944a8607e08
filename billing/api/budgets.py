"""`/api/v1/costs/budgets/`: list, make, read, change, remove. The figures are those of the pages."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanReadOrCost
from accounts.tenancy import team_context
from billing.analysis.periods import Period, parse_period
from billing.api.budget_documents import (
    BudgetChangeSerializer,
    BudgetFieldsSerializer,
    BudgetListSerializer,
    BudgetSerializer,
    budget_document,
)
from billing.api.callers import caller
from billing.models import Budget
from billing.reads.budgets import budget_rows, budgets_of
from billing.services.budgets import remove_budget, save_budget
from billing.services.refusals import Refused
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.rendering import NumberRenderer
from monitoring.reads.workflows import named

BUDGET = OpenApiParameter("budget", OpenApiTypes.UUID, OpenApiParameter.PATH)
MONTH = OpenApiParameter("month", str, description="As 2026-11. Absent: the running month", pattern=r"^\d{4}-\d{2}$")


class BudgetList(ChangesTold):
    """The budgets of the team."""

    permission_classes = [CanReadOrCost]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="list_budgets", parameters=[MONTH], responses=BudgetListSerializer)
    def get(self, request: Request) -> Response:
        """List budgets by name, with where they stand in a month. A team has at most 100."""
        team_id, period = team_of(request), _period(request)
        with team_context(team_id):
            rows = budget_rows(team_id, period, list(budgets_of(team_id)))
            return Response({"month": period.at, "results": [budget_document(row) for row in rows]})

    @extend_schema(operation_id="make_budget", request=BudgetFieldsSerializer, responses={201: BudgetSerializer})
    def post(self, request: Request) -> Response:
        """Make a budget."""
        team_id = team_of(request)
        with team_context(team_id):
            fields = _fields(team_id, request, BudgetFieldsSerializer)
            made = _done(save_budget, team_id=team_id, fields=fields, **_by(request))
            return Response(_document(team_id, made.id, _period(request)), status=status.HTTP_201_CREATED)


class BudgetDetail(ChangesTold):
    """One budget."""

    permission_classes = [CanReadOrCost]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="get_budget", parameters=[BUDGET, MONTH], responses=BudgetSerializer)
    def get(self, request: Request, budget: str) -> Response:
        """Read a budget with where it stands in a month."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(_document(team_id, uuid_of(budget), _period(request)))

    @extend_schema(
        operation_id="change_budget", parameters=[BUDGET], request=BudgetChangeSerializer, responses=BudgetSerializer
    )
    def patch(self, request: Request, budget: str) -> Response:
        """Change fields of a budget. A new amount counts from this month on."""
        team_id, budget_id = team_of(request), uuid_of(budget)
        with team_context(team_id):
            fields = _fields(team_id, request, BudgetChangeSerializer, partial=True)
            _done(save_budget, team_id=team_id, fields=fields, budget_id=budget_id, **_by(request))
            return Response(_document(team_id, budget_id, _period(request)))

    @extend_schema(operation_id="remove_budget", parameters=[BUDGET], responses={204: None})
    def delete(self, request: Request, budget: str) -> Response:
        """Remove a budget. Its history stays."""
        team_id = team_of(request)
        with team_context(team_id):
            _done(remove_budget, team_id=team_id, budget_id=uuid_of(budget), **_by(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _period(request: Request) -> Period:
    """The month that is asked for. Raises `ValidationError`."""
    told, today = request.query_params.get("month"), timezone.now().date()
    found = parse_period("month", told, today)
    if told is not None and found.at != told:
        raise exceptions.ValidationError({"month": ["must be a month that has begun, as 2026-11"]})
    return found


def _fields(
    team_id: UUID, request: Request, kind: type[BudgetFieldsSerializer], *, partial: bool = False
) -> dict[str, Any]:
    """What was sent, checked by its shape; the workflow as its id. Raises `ValidationError`."""
    told = kind(data=request.data, partial=partial)
    told.is_valid(raise_exception=True)
    fields = dict(told.validated_data)
    if "workflow" in fields:
        name = fields.pop("workflow")
        found = named(team_id, name.replace("\x00", "")) if name else None
        if name and found is None:
            raise exceptions.ValidationError({"workflow": ["is not known"]})
        fields["workflow_id"] = found.id if found else None
    return fields


def _by(request: Request) -> dict[str, Any]:
    return {"by": caller(request), "now": timezone.now()}


def _done(act: Any, **told: Any) -> Any:
    """Does it. Raises `ValidationError` by field, or `Http404`."""
    try:
        return act(**told)
    except Refused as refused:
        raise exceptions.ValidationError({name: [why] for name, why in refused.reasons.items()}) from refused
    except Budget.DoesNotExist:
        raise Http404 from None


def _document(team_id: UUID, budget_id: UUID, period: Period) -> dict[str, Any]:
    found = list(budgets_of(team_id).filter(id=budget_id))
    if not found:
        raise Http404
    return budget_document(budget_rows(team_id, period, found)[0])
