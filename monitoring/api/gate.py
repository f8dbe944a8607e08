"""`GET /api/v1/gate`: may a release go on? For pipelines: the status says it, so that curl alone can tell.

200 is pass, 409 fail, and 503 undecided: of these curl's `--retry` asks again only at 503, after `Retry-After`.
"""

from typing import Any

import django_filters
from django import forms
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework import serializers as s
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import CanRead
from accounts.tenancy import team_context
from monitoring.analysis.gate import Limits, Outcome
from monitoring.api.executions import team_of
from monitoring.api.parameters import WholeNumberFilter, described
from monitoring.api.release_comparison import workflow_named
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.identity import PRODUCTION
from monitoring.models import Release
from monitoring.reads.gate import Asked, ask_gate
from monitoring.reads.gate_document import gate_document, gate_text

STATUSES = {Outcome.PASS: 200, Outcome.FAIL: 409, Outcome.UNDECIDED: 503}
MAX_RUNS, MAX_HOURS, MAX_INCREASE = 1_000_000, 720, 100


class TextRenderer(BaseRenderer):
    """Lines for the log of a pipeline; problems as their sentences."""

    media_type = "text/plain"
    format = "text"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The text of the answer, or of the problem."""
        return str(data if isinstance(data, str) else problem_text(data)).encode()


def problem_text(data: Any) -> str:
    """A problem document in lines."""
    told = data if isinstance(data, dict) else {}
    reasons = [f"  {one['field']}: {one['reason']}" for one in told.get("errors", ())]
    return "\n".join([f"error: {told.get('detail', '')}", *reasons]) + "\n"


def _text(help_text: str, *, required: bool = False) -> django_filters.Filter:
    kind = django_filters.CharFilter(max_length=MAX_LENGTH, required=required)
    return described(kind, help_text, type="string")


class _RealFilter(django_filters.Filter):
    field_class = forms.FloatField


def _real(help_text: str, most: float, least: float = 0.0) -> django_filters.Filter:
    kind = _RealFilter(min_value=least, max_value=most)
    return described(kind, help_text, type="number", minimum=least, maximum=most)


class GateFilters(django_filters.FilterSet):
    """What `GET /api/v1/gate` understands."""

    workflow = _text("Name or slug of the workflow", required=True)
    release = _text("The release that may go on or not", required=True)
    baseline = _text("The release it is compared with. Absent: the one that was live before")
    environment = _text("One environment, * for all. Absent: production")
    hours = _real("Only so many hours after it went live. Absent: as long as it is", MAX_HOURS, 0.01)
    min_runs = described(
        WholeNumberFilter(min_value=1, max_value=MAX_RUNS),
        "Runs of the release that are enough. Absent: as many as show a doubled failure rate four times in five",
        type="integer",
        minimum=1,
        maximum=MAX_RUNS,
    )
    max_failure_rate = _real("The greatest failure rate, a share of 1", 1)
    max_p95_increase = _real("The greatest growth of the p95 latency: 0.2 is a fifth", MAX_INCREASE)

    def asked(self) -> Asked:
        """What is asked. Raises REST framework's `ValidationError`, by field."""
        if not self.is_valid():
            raise exceptions.ValidationError(self.errors)
        told = self.form.cleaned_data
        environment = told["environment"] or PRODUCTION
        return Asked(
            told["release"],
            told["baseline"] or None,
            None if environment == "*" else environment,
            told["hours"],
            Limits(told["min_runs"], told["max_failure_rate"], told["max_p95_increase"]),
        )


class CheckSerializer(s.Serializer[Any]):
    """One check. Null: not known."""

    check = s.CharField(help_text="failure_rate (against the baseline), max_failure_rate or p95_increase")
    outcome = s.CharField(help_text="pass, fail or undecided")
    reason = s.CharField()
    value = s.FloatField(allow_null=True, help_text="of the release: a share of 1, or ms")
    baseline = s.FloatField(allow_null=True)
    limit = s.FloatField(allow_null=True, help_text="the rate or the ratio of p95s that must not be exceeded")
    interval = s.ListField(
        child=s.FloatField(), allow_null=True, help_text="of the change of the rate, of the rate, or of the ratio"
    )
    runs_needed = s.IntegerField(allow_null=True, help_text="runs of the release that decide it")
    more_runs = s.IntegerField(allow_null=True, help_text="how many of them are missing")


class GateRunsSerializer(s.Serializer[Any]):
    """Runs of one side."""

    to = s.DateTimeField(allow_null=True)
    failures, rated = s.IntegerField(), s.IntegerField()
    failure_rate = s.FloatField(allow_null=True)

    def get_fields(self) -> dict[str, s.Field[Any, Any, Any, Any]]:
        """The declared fields and `from`, which is a word of Python."""
        return {"from": s.DateTimeField(allow_null=True), **super().get_fields()}


class GateSerializer(s.Serializer[Any]):
    """The answer of the gate."""

    outcome = s.CharField(help_text="pass, fail or undecided")
    workflow, release = s.CharField(), s.CharField()
    baseline = s.CharField(allow_null=True)
    environment = s.CharField(allow_null=True)
    against = s.CharField(help_text="side by side, same hours of the week before, its last seven days, or nothing")
    reason = s.CharField(
        allow_blank=True, help_text="why there is nothing to check; an environment without runs is named"
    )
    retry_after = s.IntegerField(allow_null=True, help_text="seconds; null: asking again changes nothing")
    release_runs, baseline_runs = GateRunsSerializer(), GateRunsSerializer()
    checks = CheckSerializer(many=True)


class Gate(GenericAPIView[Release]):
    """May a release go on?"""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer, TextRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = GateFilters
    queryset = Release.objects.none()
    pagination_class = None

    @extend_schema(operation_id="ask_gate", responses={200: GateSerializer, 409: GateSerializer, 503: GateSerializer})
    def get(self, request: Request) -> Response:
        """Ask whether a release may go on: 200 pass, 409 fail, 503 undecided."""
        asked = GateFilters(request.query_params, queryset=self.queryset).asked()
        team_id = team_of(request)
        with team_context(team_id):
            workflow = workflow_named(team_id, request.query_params["workflow"])
            try:
                answer = ask_gate(team_id, workflow, asked, timezone.now())
            except LookupError:
                raise exceptions.ValidationError(
                    {"baseline": [f"{workflow.name} has no release of this name."]}
                ) from None
        is_text = getattr(request.accepted_renderer, "format", "") == TextRenderer.format
        headers = {"Cache-Control": "no-store"}
        if answer.retry_after is not None:
            headers["Retry-After"] = str(answer.retry_after)
        body = gate_text(answer) if is_text else gate_document(answer)
        return Response(body, status=STATUSES[answer.outcome], headers=headers)
