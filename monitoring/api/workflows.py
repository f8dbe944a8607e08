"""`GET /api/v1/workflows/`: all workflows with their figures, worst first; objective and schedule of one."""

import math
from collections.abc import Mapping
from typing import Any

import django_filters
from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanClassify, CanRead
from accounts.tenancy import team_context
from monitoring.api.documents import WorkflowListSerializer, workflow_document
from monitoring.api.executions import team_of
from monitoring.api.parameters import RangeFilters, described
from monitoring.api.rendering import NumberRenderer
from monitoring.api.verdicts import ProposalsSerializer
from monitoring.filters import MAX_LENGTH
from monitoring.identity import PRODUCTION
from monitoring.models import Workflow
from monitoring.reads.baselines import Usual, usual_by_workflow
from monitoring.reads.trends import known_range
from monitoring.reads.verdict_document import proposals_document
from monitoring.reads.workflows import listing, named
from monitoring.services.objectives import LIMITS, set_objective
from monitoring.services.schedules import FIELDS, ScheduleRefused, set_schedule
from monitoring.windows import parse_window

WORKFLOW = OpenApiParameter("workflow", OpenApiTypes.STR, OpenApiParameter.PATH, description="Slug or name")
ENVIRONMENT = OpenApiParameter(
    "environment", OpenApiTypes.STR, description="Whose history proposes. Absent: production"
)


class WorkflowFilters(RangeFilters):
    """What `GET /api/v1/workflows/` understands."""

    environment = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "One environment. Absent: all environments", type="string"
    )


class WorkflowList(GenericAPIView[Workflow]):
    """All workflows of the team."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = WorkflowFilters
    queryset = Workflow.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_workflows", responses=WorkflowListSerializer)
    def get(self, request: Request) -> Response:
        """List workflows, worst first. Figures are of the range; without `from` and `to` of everything there is."""
        chosen = WorkflowFilters(request.query_params, queryset=self.queryset)
        told, now, team_id = chosen.told(), timezone.now(), team_of(request)
        with team_context(team_id):
            window = chosen.window(now, *known_range(team_id, now)).aligned()
            rows = listing(team_id, window, now, environment=told["environment"] or None)
        return Response({"results": [workflow_document(row) for row in rows]})


class ObjectiveField(s.FloatField):
    """A number inside the limits of an objective, or null to take it away. Texts and truth values are none."""

    def __init__(self, name: str, words: str, example: str) -> None:
        low, high = LIMITS[name]
        text = f"{words} from {low:,.15g} to {high:,.15g}, such as {example}"
        messages: dict[str, Any] = dict.fromkeys(
            ("invalid", "min_value", "max_value"), f"Give {text}, or null to take it away."
        )
        super().__init__(
            required=False, allow_null=True, min_value=low, max_value=high, help_text=text, error_messages=messages
        )

    def to_internal_value(self, data: Any) -> float:
        """The number. Raises `ValidationError`."""
        if isinstance(data, bool) or not isinstance(data, (int, float)) or not math.isfinite(data):
            self.fail("invalid")
        return super().to_internal_value(data)


class ObjectiveSerializer(s.Serializer[Any]):
    """The objectives and the schedule to change: those that are told; null takes one away, the others stay."""

    objective_success_rate = ObjectiveField("success_rate", "a share of 1", "0.97")
    objective_p95_ms = ObjectiveField("p95_ms", "milliseconds", "30000")
    objective_freshness_ms = ObjectiveField("freshness_ms", "milliseconds", "86400000")
    schedule = s.CharField(
        required=False, allow_blank=True, help_text="cron text of five fields or a preset such as @daily; empty: none"
    )
    schedule_zone = s.CharField(required=False, allow_blank=True, help_text="such as Europe/Berlin")
    schedule_grace_ms = s.FloatField(
        required=False, allow_null=True, help_text="how late a start may be; null: until the next one is due"
    )

    def to_internal_value(self, data: Any) -> Any:
        """The values by field. Raises `ValidationError`, also for a field that does not exist."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            known = ", ".join(self.fields)
            raise s.ValidationError({name: [f"Cannot be changed. What can: {known}."] for name in unknown[:20]})
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What was told, at least one. Raises `ValidationError`."""
        if not attrs:
            raise s.ValidationError(f"Tell at least one of {', '.join(self.fields)}.")
        return attrs


class WorkflowObjectiveSerializer(s.Serializer[Any]):
    """The objective and the schedule of a workflow, and what the history of the environment proposes."""

    id = s.UUIDField()
    name, slug, environment = s.CharField(), s.CharField(), s.CharField()
    objective_success_rate = s.FloatField(allow_null=True, help_text="share from 0 to 1; null: nobody has set it")
    objective_p95_ms = s.FloatField(allow_null=True)
    objective_freshness_ms = s.FloatField(allow_null=True, help_text="the age that the last success may have")
    schedule = s.CharField(help_text="when it should start, as somebody set it; empty: nobody did")
    schedule_zone = s.CharField()
    schedule_grace_ms = s.FloatField(allow_null=True)
    told_schedule = s.CharField(help_text="what executions tell; counts where nobody set one")
    told_schedule_zone = s.CharField()
    proposed_objectives = ProposalsSerializer()


class WorkflowDetail(ChangesTold):
    """The objective of one workflow."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

    def get_permissions(self) -> list[BasePermission]:
        """Reading takes the scope `read`, changing `classify`."""
        return [CanClassify() if self.request.method == "PATCH" else CanRead()]

    @extend_schema(
        operation_id="get_workflow", parameters=[WORKFLOW, ENVIRONMENT], responses=WorkflowObjectiveSerializer
    )
    def get(self, request: Request, workflow: str) -> Response:
        """Read the objective of a workflow and what its history proposes."""
        with team_context(team_of(request)):
            return Response(_document(request, _find(request, workflow)))

    @extend_schema(
        operation_id="set_objective",
        parameters=[WORKFLOW, ENVIRONMENT],
        request=ObjectiveSerializer,
        responses=WorkflowObjectiveSerializer,
    )
    def patch(self, request: Request, workflow: str) -> Response:
        """Change objective or schedule of a workflow: what is told is set, null takes it away, the rest stays."""
        told = ObjectiveSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        with team_context(team_of(request)):
            found = _find(request, workflow)
            values = dict(told.validated_data)
            schedule = {name: values.pop(name) for name in FIELDS if name in values}
            _set_schedule(found, schedule)
            set_objective(workflow=found, told={name.removeprefix("objective_"): one for name, one in values.items()})
            return Response(_document(request, _find(request, workflow)))


def _set_schedule(workflow: Workflow, told: Mapping[str, Any]) -> None:
    """Sets what is told of the schedule. Raises `ValidationError`."""
    if not told:
        return
    try:
        set_schedule(workflow=workflow, told=told)
    except ScheduleRefused as refused:
        reasons = {field: [f"{reason[0].upper()}{reason[1:]}."] for field, reason in refused.reasons.items()}
        raise s.ValidationError(reasons) from None


def _find(request: Request, text: str) -> Workflow:
    found = named(team_of(request), text.replace("\x00", "")[:MAX_LENGTH])
    if found is None:
        raise Http404
    return found


def _document(request: Request, workflow: Workflow) -> dict[str, Any]:
    environment = request.query_params.get("environment", "").replace("\x00", "")[:MAX_LENGTH] or PRODUCTION
    week = parse_window("now-7d", "now", timezone.now())
    usual = usual_by_workflow(team_of(request), week, environment=environment, workflow_id=workflow.id)
    proposals = usual.get(workflow.id, Usual()).proposals
    names = ("id", "name", "slug", *(f"objective_{name}" for name in LIMITS), *FIELDS)
    names += ("told_schedule", "told_schedule_zone")
    return {
        **{name: getattr(workflow, name) for name in names},
        "environment": environment,
        "proposed_objectives": proposals_document(proposals),
    }
