"""`GET /api/v1/costs/summary/`, `daily/` and `by/<dimension>/`: the numbers of the cost page."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import django_filters
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import CanReadOrCost
from accounts.tenancy import team_context
from billing.analysis.periods import Period, PeriodKind, parse_period
from billing.api.documents import CostDailySerializer, CostRowsSerializer, CostSummarySerializer
from billing.models import CostKind, CostRollup
from billing.reads.choices import KIND_WORDS, CostChoices, cut_of
from billing.reads.cost import NOTHING
from billing.reads.cost_document import period_document, row_document, summary_document, unit_document
from billing.reads.cost_page import CostPage, as_of, figures_by_bucket, load
from billing.reads.cost_rows import DIMENSIONS, rows_by
from billing.reads.runs import Runs
from monitoring.api.executions import team_of
from monitoring.api.parameters import described, names, one_of
from monitoring.filters import Choice

DIMENSION = OpenApiParameter("dimension", OpenApiTypes.STR, OpenApiParameter.PATH, enum=list(DIMENSIONS))


class CostFilters(FilterSet):
    """What these addresses understand."""

    period = one_of([kind.value for kind in PeriodKind], "How long the period is; a month when absent")
    at = described(
        django_filters.CharFilter(), "A month of the period, 2026-11; the running one when absent", type="string"
    )
    workflow = names("Name or slug of a workflow")
    environment = names("Environment. Absent: all environments")
    provider = names("Provider")
    model = names("Model")
    kind = names(f"Kind of cost: {', '.join(KIND_WORDS)}")
    release = names("Release. Of release, node, tag and system one at a time")
    node = names("Node")
    tag = names("Tag with its value, key=value; values of one key")
    system = names("External system")

    def told(self) -> dict[str, Any]:
        """The cleaned values. Raises REST framework's `ValidationError`, by field."""
        if not self.is_valid():
            raise exceptions.ValidationError(self.errors)
        told = dict(self.form.cleaned_data)
        if told["kind"] and (unknown := {*told["kind"].wanted, *told["kind"].excluded} - KIND_WORDS.keys()):
            words = ", ".join(one.name.lower() for one in CostKind)
            raise exceptions.ValidationError({"kind": [f"Not known: {min(unknown)}. Allowed: {words}."]})
        return told

    def choices(self, team_id: UUID) -> CostChoices:
        """The lines asked for. Raises `ValidationError` for what cannot be combined."""
        told = self.told()
        by_name: Mapping[str, Choice] = {name: value for name, value in told.items() if isinstance(value, Choice)}
        found = cut_of(team_id, by_name)
        if found.left_out:
            raise exceptions.ValidationError(
                {"non_field_errors": [f"Cannot be combined with the other filters: {', '.join(found.left_out)}."]}
            )
        return found

    def asked_period(self) -> Period:
        """The period. Raises `ValidationError` for a month that is none, or that has not begun."""
        told, today = self.told(), timezone.now().date()
        found = parse_period(told["period"], told["at"], today)
        if told["at"] and parse_period(PeriodKind.MONTH, told["at"], today).at != told["at"]:
            raise exceptions.ValidationError({"at": ["Not a month up to the running one, as 2026-11."]})
        return found


class _Costs(GenericAPIView[CostRollup]):
    """What the addresses have in common."""

    permission_classes = [CanReadOrCost]
    filter_backends = [DjangoFilterBackend]
    filterset_class = CostFilters
    queryset = CostRollup.objects.none()
    pagination_class = None

    def page(self, request: Request) -> CostPage:
        """The page of what is asked for. Inside no team's context: it opens its own."""
        chosen, team_id = CostFilters(request.query_params, queryset=self.queryset), team_of(request)
        with team_context(team_id):
            return load(chosen.choices(team_id).cut, chosen.asked_period(), timezone.now())


class CostSummary(_Costs):
    """A period as a whole."""

    @extend_schema(operation_id="read_cost_summary", responses=CostSummarySerializer)
    def get(self, request: Request) -> Response:
        """Read what a period cost, its forecast, and what changed."""
        return Response(summary_document(self.page(request)))


class CostDaily(_Costs):
    """A period by day."""

    @extend_schema(operation_id="read_cost_daily", responses=CostDailySerializer)
    def get(self, request: Request) -> Response:
        """Read each day of a month or quarter, each month of a year."""
        page = self.page(request)
        with team_context(team_of(request)):
            told, runs = figures_by_bucket(page), page.course.runs
        results = [
            {"day": day, **unit_document(told.get(day, NOTHING), None if runs is None else runs.get(day, Runs()))}
            for day in page.course.buckets(page.period.days)
        ]
        return Response({"period": period_document(page.period), "as_of": page.as_of, "results": results})


class CostBy(_Costs):
    """A period by a dimension."""

    @extend_schema(operation_id="list_costs_by", parameters=[DIMENSION], responses=CostRowsSerializer)
    def get(self, request: Request, dimension: str) -> Response:
        """List costs by workflow, provider, model, kind, environment, entry, outcome, release, node, tag or system."""
        if dimension not in DIMENSIONS:
            raise exceptions.NotFound(f"No such dimension. There are: {', '.join(DIMENSIONS)}.")
        chosen, team_id = CostFilters(request.query_params, queryset=self.queryset), team_of(request)
        period = chosen.asked_period()
        with team_context(team_id):
            rows = rows_by(chosen.choices(team_id).cut, period, dimension)
            moment = as_of(team_id, timezone.now())
        if rows is None:
            raise exceptions.ValidationError({dimension: ["Cannot be combined with the other filters."]})
        results = [row_document(row) for row in rows]
        return Response({"period": period_document(period), "as_of": moment, "results": results})
