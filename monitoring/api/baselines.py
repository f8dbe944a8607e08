"""`GET /api/v1/baselines/`: the usual ranges of a workflow, its nodes and releases, or of a type of workflow."""

from typing import Any

import django_filters
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework import serializers as s
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import CanRead
from accounts.tenancy import team_context
from monitoring.analysis.ranges import Metric
from monitoring.api.executions import team_of
from monitoring.api.parameters import described, one_of
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.identity import PRODUCTION
from monitoring.models import Baseline, Basis
from monitoring.reads.baselines import BaselineRow, listing
from monitoring.reads.workflows import named
from monitoring.store.baselines import type_id

OF = {"workflow": Basis.WORKFLOW, "node": Basis.NODE, "release": Basis.RELEASE}


class RangeSerializer(s.Serializer[Any]):
    """A usual range: 95 of 100 figures that `typical` samples stand behind lie between `low` and `high`."""

    low, middle, high = s.FloatField(), s.FloatField(), s.FloatField()
    points = s.IntegerField(help_text="hours behind it")
    samples = s.IntegerField(help_text="runs (visits) behind it")
    typical = s.IntegerField(help_text="samples of a usual hour, which low and high hold for")
    pool = s.CharField(help_text="which hours it is made of")


class BaselineSerializer(s.Serializer[Any]):
    """The usual ranges of one figure by hour of the week: hour h, from Monday 00:00, has `ranges[hours[h]]`."""

    of = s.ChoiceField(choices=[*OF, "workflow_type"])
    value = s.CharField(help_text="name of the workflow, node, release or type")
    metric = s.ChoiceField(choices=[metric.value for metric in Metric])
    zone = s.CharField(help_text="zone of the hours of the week")
    since, until = s.DateTimeField(), s.DateTimeField()
    built_at = s.DateTimeField()
    points, samples = s.IntegerField(), s.IntegerField()
    ranges = RangeSerializer(many=True)
    hours = s.ListField(child=s.IntegerField(), help_text="168 places in ranges")


class BaselineListSerializer(s.Serializer[Any]):
    """The baselines of one environment."""

    environment = s.CharField()
    results = BaselineSerializer(many=True)


class BaselineFilters(django_filters.FilterSet):
    """What `GET /api/v1/baselines/` understands."""

    workflow = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "Name or slug of the workflow", type="string"
    )
    workflow_type = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "A type of workflow, instead of one workflow", type="string"
    )
    environment = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "One environment. Absent: production", type="string"
    )
    of = one_of(OF, "What the baselines are of. Absent: all of these")
    metric = one_of([metric.value for metric in Metric], "One figure. Absent: all")


class Baselines(GenericAPIView[Baseline]):
    """Usual ranges."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = BaselineFilters
    queryset = Baseline.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_baselines", responses=BaselineListSerializer)
    def get(self, request: Request) -> Response:
        """List usual ranges. Give `workflow` or `workflow_type`; what has no history yet has no rows."""
        chosen = BaselineFilters(request.query_params, queryset=self.queryset)
        if not chosen.is_valid():
            raise exceptions.ValidationError(chosen.errors)
        told, team_id = dict(chosen.form.cleaned_data), team_of(request)
        if bool(told["workflow"]) == bool(told["workflow_type"]):
            raise exceptions.ValidationError({"workflow": ["Give a workflow, or a workflow_type instead."]})
        environment = told["environment"] or PRODUCTION
        metrics = [Metric(told["metric"])] if told["metric"] else list(Metric)
        bases = [OF[told["of"]]] if told["of"] else [*OF.values()]
        with team_context(team_id):
            workflow = named(team_id, told["workflow"]) if told["workflow"] else None
            name = workflow.name if workflow else told["workflow_type"]
            whose = workflow.id if workflow else type_id(team_id, name or "")
            bases = bases if told["workflow"] else [Basis.WORKFLOW_TYPE]
            rows = listing(team_id, whose, environment, bases=bases, metrics=metrics, name=name)
        return Response({"environment": environment, "results": [_document(row) for row in rows]})


def _document(row: BaselineRow) -> dict[str, Any]:
    one = row.baseline
    return {
        "of": next((word for word, basis in OF.items() if basis == row.basis), "workflow_type"),
        "value": row.value,
        "metric": row.metric.value,
        "built_at": row.built_at,
        **{name: getattr(one, name) for name in ("zone", "since", "until", "points", "samples")},
        "ranges": [
            {
                **{name: getattr(part, name) for name in ("low", "middle", "high", "points", "samples", "typical")},
                "pool": part.pool.value,
            }
            for part in one.ranges
        ],
        "hours": list(one.places),
    }
