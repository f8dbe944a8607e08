"""`GET /api/v1/releases/compare`: two releases of a workflow side by side."""

from datetime import datetime
from typing import Any
from uuid import UUID

import django_filters
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework import serializers as s
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import CanRead
from accounts.tenancy import team_context
from monitoring.api.executions import team_of
from monitoring.api.parameters import INSTANT_WORDS, InstantFilter, described
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.identity import PRODUCTION
from monitoring.models import Release, Workflow
from monitoring.reads.release_comparison import Comparison, compare_releases, window_told
from monitoring.reads.release_document import comparison_document
from monitoring.reads.releases import KnownRelease, release_named
from monitoring.reads.rollup_rows import pending
from monitoring.reads.workflows import named
from monitoring.windows import Window


def _told(kind: type[s.Field[Any, Any, Any, Any]], help_text: str = "") -> Any:
    return kind(allow_null=True, help_text=help_text)


class MetricSerializer(s.Serializer[Any]):
    """One figure of both. Null: not told, or too few runs."""

    metric = s.CharField(
        help_text="success_rate, p50_ms, p95_ms, p99_ms, mean_ms, cost_usd, tokens, retries, unmet_rate"
    )
    unit = s.CharField(help_text="rate (share of 1), ms, usd, tokens or count; all a run")
    before, after = _told(s.FloatField), _told(s.FloatField)
    change = _told(s.FloatField, "after - before")
    interval = s.ListField(child=s.FloatField(), allow_null=True, help_text="95 % interval of the change [low, high]")
    ratio = _told(s.FloatField, "after / before")
    ratio_interval = s.ListField(child=s.FloatField(), allow_null=True, help_text="95 % interval of the ratio")
    runs_before, runs_after = s.IntegerField(), s.IntegerField()
    reading = s.CharField(help_text="better, worse, no difference shown or cannot tell")
    more_runs = _told(s.IntegerField, "how many more runs of the later one would tell; null: no number of them would")


class ShareSerializer(s.Serializer[Any]):
    """How many runs of each release, and the corrected p-value of the difference."""

    before, after = s.IntegerField(), s.IntegerField()
    p_value = s.FloatField()


class GroupChangeSerializer(ShareSerializer):
    """A failure group in both."""

    id = s.UUIDField()
    title = s.CharField()
    node = _told(s.CharField)
    change = s.CharField(help_text="new, came back, more often, less often, gone, not seen ..., no difference shown")


class PathSerializer(ShareSerializer):
    """A node, or a transition from it to the `next` one."""

    node = s.CharField()
    next = _told(s.CharField)


class SideSerializer(s.Serializer[Any]):
    """A release in its window."""

    release = s.CharField()
    from_, to = s.DateTimeField(), s.DateTimeField()
    runs = s.IntegerField()
    rated = s.IntegerField(help_text="finished runs that count in the success rate")
    records = s.IntegerField(help_text="executions read for cost, tokens and retries")
    sampled_one_in = s.IntegerField()
    paths = s.IntegerField(help_text="executions read for nodes and transitions")

    def get_fields(self) -> dict[str, s.Field[Any, Any, Any, Any]]:
        """The declared fields; `from` is a word of Python."""
        return {name.rstrip("_"): field for name, field in super().get_fields().items()}


class ComparisonSerializer(s.Serializer[Any]):
    """Two releases side by side."""

    workflow = s.CharField()
    environment = _told(s.CharField, "null: all")
    before, after = SideSerializer(), SideSerializer()
    metrics = MetricSerializer(many=True)
    nodes, transitions = PathSerializer(many=True), PathSerializer(many=True)
    groups = GroupChangeSerializer(many=True)


def _name(text: str) -> django_filters.Filter:
    return described(django_filters.CharFilter(max_length=MAX_LENGTH, required=True), text, type="string")


def _instant(text: str) -> django_filters.Filter:
    return described(InstantFilter(), f"{text}: {INSTANT_WORDS}. Absent: while it was live", type="string")


class ComparisonFilters(django_filters.FilterSet):
    """What `GET /api/v1/releases/compare` understands."""

    workflow, a, b = _name("Name or slug of the workflow"), _name("The earlier release"), _name("The later release")
    environment = described(
        django_filters.CharFilter(max_length=MAX_LENGTH),
        "One environment, * for all. Absent: production",
        type="string",
    )
    a_from, a_to = _instant("Start of the earlier one's window"), _instant("Its end")
    b_from, b_to = _instant("Start of the later one's window"), _instant("Its end")

    def told(self) -> dict[str, Any]:
        """The cleaned values. Raises REST framework's `ValidationError`, by field."""
        if not self.is_valid():
            raise exceptions.ValidationError(self.errors)
        return dict(self.form.cleaned_data)


class ReleaseComparison(GenericAPIView[Release]):
    """Two releases of a workflow."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = ComparisonFilters
    queryset = Release.objects.none()
    pagination_class = None

    @extend_schema(operation_id="compare_releases", responses=ComparisonSerializer)
    def get(self, request: Request) -> Response:
        """Compare two releases. Each with its window, in one environment."""
        told = ComparisonFilters(request.query_params, queryset=self.queryset).told()
        team_id, now = team_of(request), timezone.now()
        with team_context(team_id):
            workflow = workflow_named(team_id, told["workflow"])
            found = _compare(team_id, workflow, told, now)
        return Response(comparison_document(found, workflow.slug))


def workflow_named(team_id: UUID, text: str) -> Workflow:
    """The workflow that a parameter names. Raises `ValidationError`."""
    found = named(team_id, text)
    if found is None:
        raise exceptions.ValidationError({"workflow": ["No workflow has this name or slug."]})
    return found


def release_of(team_id: UUID, workflow: Workflow, name: str, field: str) -> KnownRelease:
    """The release that a parameter names. Raises `ValidationError`."""
    found = release_named(team_id, workflow.id, name)
    if found is None:
        raise exceptions.ValidationError({field: [f"{workflow.name} has no release of this name."]})
    return found


def _compare(team_id: UUID, workflow: Workflow, told: dict[str, Any], now: datetime) -> Comparison:
    sides = []
    for field in ("a", "b"):
        release = release_of(team_id, workflow, told[field], field)
        sides.append((release, _window(team_id, release, told, field, now)))
    environment = told["environment"] or PRODUCTION
    return compare_releases(
        team_id, *sides, environment=None if environment == "*" else environment, marked=pending(team_id)
    )


def _window(team_id: UUID, release: KnownRelease, told: dict[str, Any], field: str, now: datetime) -> Window:
    """The window that is told. Raises `ValidationError`."""
    found = window_told(team_id, release, told[f"{field}_from"], told[f"{field}_to"], now)
    if found is None:
        raise exceptions.ValidationError({f"{field}_from": ["Must be before the end of the window."]})
    return found
