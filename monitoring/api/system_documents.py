"""What the reading API says of external systems, models and tools: the shapes, and the values to fill them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework import serializers as s

from monitoring.analysis.dependence import Decision, Evidence, Side
from monitoring.api.documents import PointSerializer, TotalsSerializer, totals_document
from monitoring.reads.calls import CallingWorkflow
from monitoring.reads.figures import Totals
from monitoring.reads.system_page import SystemPage
from monitoring.reads.systems import SystemRow, Systems


class SeenSerializer(s.Serializer[Any]):
    """What one workflow saw in the time that a decision speaks of."""

    workflow = s.CharField(allow_null=True, help_text="null: not told")
    failures, calls = s.IntegerField(), s.IntegerField(help_text="finished ones")
    usual = s.FloatField(help_text="usual share of failures, from 0 to 1")


class DependenceSerializer(s.Serializer[Any]):
    """Is it us or them: whether it fails more than usual, in several workflows at once or in one alone."""

    side = s.ChoiceField(
        choices=[side.value for side in Side],
        help_text="them: in several workflows at once; us: in one, while others called it without; unclear: too few "
        "others called it; as usual; unknown: too few calls to say what is usual",
    )
    failing = SeenSerializer(many=True)
    others = SeenSerializer(many=True, help_text="called it at that time as well")
    chance = s.FloatField(help_text="how often chance alone would show as much")


class CalledSerializer(s.Serializer[Any]):
    """What steps call, with the figures of its calls: `runs` are calls, which count when their execution does."""

    name = s.CharField()
    decision = DependenceSerializer()
    failure_rate = s.FloatField(allow_null=True)
    failure_interval = s.ListField(child=s.FloatField(), allow_null=True, help_text="95 % Wilson interval [low, high]")
    last_call_at = s.DateTimeField(allow_null=True, help_text="to the minute; to the hour where it is older than 48 h")
    totals = TotalsSerializer()
    previous = TotalsSerializer(help_text="the period of equal length before")


class CalledRowSerializer(CalledSerializer):
    """A row of a list."""

    workflows = s.IntegerField(help_text="workflows that call it")


class CalledListSerializer(s.Serializer[Any]):
    """All of a kind, worst first; at most 500."""

    count = s.IntegerField(help_text="of all, given or not")
    results = CalledRowSerializer(many=True)


class DependentSerializer(s.Serializer[Any]):
    """A node of a workflow that calls it."""

    workflow = s.CharField(allow_null=True)
    node = s.CharField(allow_null=True, help_text="null: not told, or its records are gone")
    calls, failures = s.IntegerField(), s.IntegerField()
    rate, p95_ms = s.FloatField(allow_null=True), s.FloatField(allow_null=True)
    share = s.FloatField(help_text="of all calls")
    looked_at = s.IntegerField(allow_null=True, help_text="counted in so many latest executions; null: in all")


class CallErrorSerializer(s.Serializer[Any]):
    """An error that failed calls gave."""

    error = s.CharField(allow_null=True)
    failures, workflows = s.IntegerField(), s.IntegerField()
    latest = s.UUIDField(help_text="id of the latest execution with it")
    latest_at = s.DateTimeField(allow_null=True)


class MomentSerializer(s.Serializer[Any]):
    """A minute, or an hour, in which calls failed in several workflows."""

    start = s.DateTimeField()
    seconds = s.IntegerField()
    workflows = s.ListField(child=s.CharField())
    failures = s.IntegerField()


class NowSerializer(s.Serializer[Any]):
    """Workflows that called it in the last 15 minutes, and those in which it failed."""

    calling, failing = s.IntegerField(), s.IntegerField()


class CalledDetailSerializer(CalledSerializer):
    """One of them, with who depends on it."""

    now = NowSerializer()
    dependents = DependentSerializer(many=True)
    top_errors = CallErrorSerializer(many=True, help_text="of the latest executions, most frequent first")
    moments = MomentSerializer(many=True, help_text="the latest 20")
    series = PointSerializer(many=True)


Names = Mapping[UUID, CallingWorkflow]


def list_document(found: Systems) -> dict[str, Any]:
    """A list."""
    return {"count": found.count, "results": [_row(row, found.workflows) for row in found.rows]}


def page_document(page: SystemPage) -> dict[str, Any]:
    """One of them."""
    names = page.workflows
    fields = ("workflow", "node", "calls", "failures", "rate", "p95_ms", "share", "looked_at")
    told = ("error", "failures", "workflows", "latest", "latest_at")
    moments = [
        {
            "start": one.start,
            "seconds": int(one.length.total_seconds()),
            "workflows": sorted(names[workflow].name for workflow in one.workflows if workflow in names),
            "failures": one.failures,
        }
        for one in page.moments
    ]
    return {
        **_called(page.name, page.decision, page.totals, page.previous, names),
        "last_call_at": page.last_call_at,
        "now": page.now._asdict(),
        "dependents": [{name: getattr(one, name) for name in fields} for one in page.dependents],
        "top_errors": [{name: getattr(one, name) for name in told} for one in page.records.errors],
        "moments": moments,
        "series": [{"start": point.start, **totals_document(point.totals)} for point in page.series.points],
    }


def _row(row: SystemRow, names: Names) -> dict[str, Any]:
    called = _called(row.name, row.decision, row.totals, row.previous, names)
    return {**called, "last_call_at": row.last_call_at, "workflows": row.workflows}


def _called(name: str, decision: Decision, totals: Totals, previous: Totals, names: Names) -> dict[str, Any]:
    failure = totals.failure
    return {
        "name": name,
        "decision": {
            "side": decision.side.value,
            "failing": [_seen(one, names) for one in decision.failing],
            "others": [_seen(one, names) for one in decision.others],
            "chance": decision.chance,
        },
        "failure_rate": failure.rate if failure else None,
        "failure_interval": [failure.low, failure.high] if failure else None,
        "totals": totals_document(totals),
        "previous": totals_document(previous),
    }


def _seen(evidence: Evidence, names: Names) -> dict[str, Any]:
    found = names.get(UUID(evidence.name))
    counts = {"failures": evidence.failures, "calls": evidence.calls, "usual": evidence.usual}
    return {"workflow": found.name if found else None, **counts}
