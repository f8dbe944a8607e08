"""What the API gives out about findings: the shapes as serializers, and the values to fill them."""

from typing import Any

from rest_framework import serializers as s

from monitoring.analysis.advice.answer import AdviceKind, Answer
from monitoring.models import FindingKind
from monitoring.reads.findings import FindingRow
from monitoring.services.finding_decisions import MAX_REASON

UNITS = "text, count, share (from 0 to 1), ms, usd, times, per week, usd per week"


class FigureSerializer(s.Serializer[Any]):
    """A figure and how it came about."""

    name = s.CharField()
    value = s.JSONField(help_text="a number, a text, or null where there is none")
    unit = s.CharField(help_text=UNITS)
    how = s.CharField()


class FigureColumnSerializer(s.Serializer[Any]):
    """A column of a table."""

    name = s.CharField()
    unit = s.CharField(help_text=UNITS)


class FigureTableSerializer(s.Serializer[Any]):
    """Rows of figures."""

    title = s.CharField()
    columns = FigureColumnSerializer(many=True)
    rows = s.ListField(child=s.ListField(child=s.JSONField()))


class FindingEvidenceSerializer(s.Serializer[Any]):
    """What a finding was made of."""

    lines = FigureSerializer(many=True)
    tables = FigureTableSerializer(many=True)
    points = s.ListField(child=s.IntegerField(), help_text="affected runs in equal parts of the window; may be empty")
    where = s.DictField(child=s.CharField(), help_text="what it is about: attribute to value")
    of = s.CharField(help_text="which runs: failed, slow, expensive, retried, missed, duplicate")
    began = s.CharField(help_text="what 'since' means: 'began', 'first seen' or 'or earlier'")


class AdviceSerializer(s.Serializer[Any]):
    """A piece of advice with its arithmetic."""

    kind = s.CharField(help_text=", ".join(AdviceKind))
    answer = s.CharField(help_text=", ".join(Answer))
    sentence = s.CharField()
    lines = FigureSerializer(many=True)
    tables = FigureTableSerializer(many=True)
    settings = s.DictField(help_text="what to set, such as timeout_ms or retries; empty where nothing is to be set")
    cautions = s.ListField(child=s.CharField())
    limits = s.CharField()
    published = s.CharField(help_text="where the method is published")


class FindingEventSerializer(s.Serializer[Any]):
    """Something that happened to a finding."""

    at = s.DateTimeField()
    what = s.CharField(help_text="found, gone, came back, dismissed, reopened")
    by = s.CharField(required=False)
    why = s.CharField(required=False)


class FindingSerializer(s.Serializer[Any]):
    """A finding. Null: not known."""

    id = s.UUIDField()
    kind = s.ChoiceField(choices=FindingKind.choices)
    title = s.CharField()
    status = s.CharField(help_text="open, gone or dismissed")
    workflow, workflow_slug, environment = s.CharField(), s.CharField(), s.CharField()
    since = s.DateTimeField(allow_null=True)
    found_at, confirmed_at = s.DateTimeField(), s.DateTimeField()
    gone_at = s.DateTimeField(allow_null=True)
    executions_per_week = s.FloatField(allow_null=True, help_text="affected")
    cost_per_week_usd = s.FloatField(allow_null=True)
    worth = s.FloatField(help_text="executions a week that fixing would save")
    failure_group_id = s.UUIDField(allow_null=True)
    dismissed_at = s.DateTimeField(allow_null=True)
    dismissed_by, dismissed_why = s.CharField(), s.CharField()
    evidence = FindingEvidenceSerializer()
    advice = AdviceSerializer(many=True)
    course = s.ListField(child=s.ListField(child=s.JSONField()), help_text="[day, worth], oldest first, up to 60")
    events = FindingEventSerializer(many=True)


class FindingListSerializer(s.Serializer[Any]):
    """Findings, those worth most first."""

    results = FindingSerializer(many=True)


class DismissalSerializer(s.Serializer[Any]):
    """Why a finding is left as it is."""

    why = s.CharField(max_length=MAX_REASON)


_FIELDS = (
    *("id", "title", "workflow", "workflow_slug", "environment", "since", "found_at", "confirmed_at", "gone_at"),
    *("executions_per_week", "cost_per_week_usd", "worth", "failure_group_id", "dismissed_at", "dismissed_by"),
    *("dismissed_why", "evidence", "advice", "course", "events"),
)


def finding_document(one: FindingRow) -> dict[str, Any]:
    """A finding."""
    document = {name: getattr(one, name) for name in _FIELDS}
    return {**document, "kind": one.kind.value, "status": one.status.value}
