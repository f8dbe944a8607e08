"""`/api/v1/alert-routes/`: list in order with a try-out, make, read, change, move, remove."""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import django_filters
from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from accounts.api.base import ChangesTold
from accounts.authentication import CanReadOrAlert
from accounts.tenancy import team_context
from alerts.analysis.catalogue import METRICS
from alerts.analysis.conditions import Severity
from alerts.api.matcher_documents import refused
from alerts.api.route_documents import (
    RouteChangeSerializer,
    RouteFieldsSerializer,
    RoutePageSerializer,
    RouteSerializer,
    route_document,
)
from alerts.models import Route
from alerts.reads import routes as reads
from alerts.reads.matchers import options_of, with_values
from alerts.services.routes import (
    RouteRefused,
    WantedRoute,
    place_route,
    remove_route,
    save_route,
    tried_facts,
    try_out,
)
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.parameters import WholeNumberFilter, described, one_of
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.reads.workflows import named

ROUTE = OpenApiParameter("route", OpenApiTypes.UUID, OpenApiParameter.PATH)
PAGE_SIZE, MAX_PAGE_SIZE = 50, 500
# The fields of the service, as the document has them.
NAMES = {
    "name": "name",
    "position": "position",
    "channels": "steps",
    "escalation": "steps",
    "quiet hours": "quiet_hours",
}
TRIED = ("workflow", "environment", "severity", "metric", "rule")


def _text(words: str) -> django_filters.Filter:
    return described(django_filters.CharFilter(max_length=MAX_LENGTH), words, type="string")


class RouteFilters(django_filters.FilterSet):
    """What `GET /api/v1/alert-routes/` understands: an incident to try out, and pages."""

    workflow = _text("Try out an incident of this workflow: name or slug")
    environment = _text("Try out an incident of this environment")
    severity = one_of([one.value for one in Severity], "Try out an incident of this severity")
    metric = one_of(METRICS, "Try out an incident of this metric")
    rule = described(
        django_filters.UUIDFilter(), "Try out an incident of the rule with this id", type="string", format="uuid"
    )
    after = described(django_filters.CharFilter(max_length=100), "Cursor, as `next` has it", type="string")
    limit = described(
        WholeNumberFilter(min_value=1, max_value=MAX_PAGE_SIZE),
        f"Rows a page, {PAGE_SIZE} when absent",
        type="integer",
        minimum=1,
        maximum=MAX_PAGE_SIZE,
    )


class RouteList(ChangesTold, GenericAPIView[Route]):
    """Routes in their order."""

    permission_classes = [CanReadOrAlert]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = RouteFilters
    queryset = Route.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_alert_routes", responses=RoutePageSerializer)
    def get(self, request: Request) -> Response:
        """List routes in their order. With a workflow, severity ... each says whether such an incident takes it."""
        told = RouteFilters(request.query_params, queryset=self.queryset)
        if not told.is_valid():
            raise exceptions.ValidationError(told.errors)
        values, team_id = told.form.cleaned_data, team_of(request)
        after = values["after"] or ""
        if after and reads.read_cursor(after) is None:
            raise exceptions.ValidationError({"after": ["Not a cursor of this list. Take it from `next`."]})
        limit = values["limit"] or PAGE_SIZE
        with team_context(team_id):
            tried = _tried(team_id, {name: str(values[name] or "") for name in TRIED})
            rows = reads.numbered_after(reads.listing(team_id), after)
            options = options_of(team_id)
            shown = rows[:limit]
            results = [route_document(one, number, options, tried.get(one.route.id)) for number, one in shown]
        address = request.build_absolute_uri()
        cursor = reads.write_cursor(shown[-1][1]) if len(rows) > limit else ""
        following = replace_query_param(address, "after", cursor) if cursor else None
        is_lost = "taken" not in tried.values() if any(values[name] for name in TRIED) else None
        return Response({"next": following, "is_lost": is_lost, "results": results})

    @extend_schema(operation_id="make_alert_route", request=RouteFieldsSerializer, responses={201: RouteSerializer})
    def post(self, request: Request) -> Response:
        """Make a route, below all others unless a `position` is told."""
        told = RouteFieldsSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            made = _saved(team_id, told.validated_data, None)
            return Response(_document(team_id, made), status=status.HTTP_201_CREATED)


class RouteDetail(ChangesTold):
    """One route."""

    permission_classes = [CanReadOrAlert]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="get_alert_route", parameters=[ROUTE], responses=RouteSerializer)
    def get(self, request: Request, route: str) -> Response:
        """Read a route."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(_document(team_id, uuid_of(route)))

    @extend_schema(
        operation_id="change_alert_route",
        parameters=[ROUTE],
        request=RouteChangeSerializer,
        responses=RouteSerializer,
    )
    def patch(self, request: Request, route: str) -> Response:
        """Change a route; `position` moves it, `is_active` switches it on and off."""
        told = RouteChangeSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            _, kept = _found(team_id, uuid_of(route))
            return Response(_document(team_id, _saved(team_id, told.validated_data, kept)))

    @extend_schema(operation_id="remove_alert_route", parameters=[ROUTE], responses={204: None})
    def delete(self, request: Request, route: str) -> Response:
        """Remove a route."""
        team_id = team_of(request)
        with team_context(team_id):
            if not remove_route(team_id=team_id, route_id=uuid_of(route)):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


def _tried(team_id: UUID, told: dict[str, str]) -> dict[UUID, str]:
    """What becomes of each route with an incident of these values; empty where none are told."""
    if not any(told.values()):
        return {}
    workflow = named(team_id, told["workflow"]) if told["workflow"] else None
    if told["workflow"] and workflow is None:
        raise exceptions.ValidationError({"workflow": ["is not known"]})
    slug = workflow.slug if workflow else ""
    found = try_out(team_id, tried_facts(team_id, {**told, "workflow": slug}, workflow))
    words = {one.path.id: "not_reached" if one.is_match else "no_match" for one in found}
    return words | {one.path.id: "taken" for one in found if one.is_taken}


def _found(team_id: UUID, route_id: UUID) -> tuple[int, reads.ListedRoute]:
    """A route with its place in the order."""
    rows = reads.numbered_after(reads.listing(team_id), "")
    found = next((row for row in rows if row[1].route.id == route_id), None)
    if found is None:
        raise Http404
    return found


def _document(team_id: UUID, route_id: UUID) -> dict[str, Any]:
    number, one = _found(team_id, route_id)
    return route_document(one, number, options_of(team_id, one.route.matchers))


def _saved(team_id: UUID, told: dict[str, Any], kept: reads.ListedRoute | None) -> UUID:
    """Makes a route, or changes what is told of one; its id. Raises `ValidationError` by field."""
    route_id = kept.route.id if kept else None
    try:
        made = save_route(team_id=team_id, wanted=_wanted(team_id, told, kept), now=timezone.now(), route_id=route_id)
        if "position" in told:
            place_route(team_id=team_id, route_id=made.id, position=told["position"])
    except RouteRefused as error:
        raise refused(error.reasons, NAMES) from error
    except Route.DoesNotExist:
        raise Http404 from None
    return made.id


def _wanted(team_id: UUID, told: dict[str, Any], kept: reads.ListedRoute | None) -> WantedRoute:
    """What is asked for; what is not told stays."""
    route = kept.route if kept else None
    steps = [(step.channel_id, timedelta(seconds=step.after_s)) for step in kept.steps] if kept else []
    if "steps" in told:
        steps = [(step["channel_id"], timedelta(seconds=step.get("after_s", 0))) for step in told["steps"]]
    matchers = with_values(team_id, told["matchers"]) if "matchers" in told else route.matchers if route else {}
    return WantedRoute(
        name=told.get("name", route.name if route else ""),
        steps=steps,
        matchers=cast(Any, matchers),
        quiet_hours=told.get("quiet_hours", route.quiet_hours if route else None),
        is_final=told.get("is_final", route.is_final if route else True),
        is_active=told.get("is_active", route.is_active if route else True),
    )
