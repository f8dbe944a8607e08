"""Incidents as JSON, and what may be sent about them."""

from typing import Any

from rest_framework import serializers as s

from alerts.analysis.conditions import Severity
from alerts.models import IncidentEvent, IncidentStatus
from alerts.reads.incidents import Detail, Listed
from alerts.services.incident_actions import MAX_NOTE


class IncidentTextSerializer(s.Serializer[Any]):
    """An optional note that goes along."""

    text = s.CharField(max_length=MAX_NOTE, required=False, allow_blank=True)


class NoteSerializer(s.Serializer[Any]):
    """A note."""

    text = s.CharField(max_length=MAX_NOTE)


class IncidentLinkSerializer(s.Serializer[Any]):
    """The improvement to link."""

    improvement_id = s.UUIDField(allow_null=True)


class IncidentSerializer(s.Serializer[Any]):
    """An incident. Values are in the unit of its metric: shares of 1, milliseconds, US dollars, bytes, counts."""

    id = s.UUIDField()
    title = s.CharField()
    status = s.ChoiceField(IncidentStatus.choices)
    severity = s.ChoiceField([one.value for one in Severity])
    rule_id = s.UUIDField(allow_null=True, help_text="null: it stands for incidents that share a dependency")
    rule = s.CharField(allow_null=True)
    metric = s.CharField(allow_null=True)
    workflow = s.CharField(allow_null=True)
    workflow_slug = s.CharField(allow_null=True)
    environment = s.CharField(help_text="empty: all environments")
    value_of_scope = s.CharField(help_text="The model, system ... that it is about; empty: none")
    since = s.DateTimeField(help_text="When the condition began to hold")
    opened_at = s.DateTimeField()
    acknowledged_at = s.DateTimeField(allow_null=True)
    acknowledged_by = s.EmailField(allow_null=True)
    resolved_at = s.DateTimeField(allow_null=True)
    is_resolved_by_hand = s.BooleanField()
    reopen_count = s.IntegerField()
    value = s.FloatField(allow_null=True)
    limit = s.FloatField(allow_null=True)
    worst = s.FloatField(allow_null=True)
    samples = s.IntegerField(help_text="Runs behind the value")
    how_bad = s.CharField()
    concentration = s.CharField(help_text="What its failures share; empty: not looked at, or too few")
    sample_ids = s.ListField(child=s.UUIDField(), help_text="Executions, latest first")
    muted_by = s.CharField(help_text="Why it sends no notice: parent, silence, ignored, sample; empty: it does")
    parent_id = s.UUIDField(allow_null=True)
    improvement_id = s.UUIDField(allow_null=True)


class IncidentPageSerializer(s.Serializer[Any]):
    """A page of incidents."""

    next = s.URLField(allow_null=True)
    results = IncidentSerializer(many=True)


class IncidentEventSerializer(s.Serializer[Any]):
    """One thing that happened."""

    id = s.UUIDField()
    at = s.DateTimeField()
    kind = s.CharField()
    text = s.CharField()
    by = s.CharField(help_text="E-mail of a member, name of an API key or channel, or Steadyrun")
    detail = s.JSONField()


class IncidentDetailSerializer(IncidentSerializer):
    """An incident with what counts to it and its history, oldest first."""

    children = IncidentSerializer(many=True)
    events = IncidentEventSerializer(many=True)


def incident_document(found: Listed) -> dict[str, Any]:
    """An incident as the list has it."""
    one, workflow, facts = found.incident, found.workflow, found.incident.facts
    plain = (
        *("id", "title", "status", "severity", "rule_id", "environment", "since", "opened_at", "acknowledged_at"),
        *("resolved_at", "is_resolved_by_hand", "reopen_count", "value", "limit", "worst", "samples", "muted_by"),
        *("parent_id", "improvement_id"),
    )
    return {
        **{name: getattr(one, name) for name in plain},
        "rule": one.rule.name if one.rule else None,
        "metric": one.rule.metric if one.rule else None,
        "workflow": workflow.name if workflow else None,
        "workflow_slug": workflow.slug if workflow else None,
        "value_of_scope": one.value_text,
        "acknowledged_by": one.acknowledged_by.email if one.acknowledged_by else None,
        "how_bad": facts.get("how_bad", ""),
        "concentration": facts.get("concentration", ""),
        "sample_ids": facts.get("sample_ids", []),
    }


def event_document(one: IncidentEvent) -> dict[str, Any]:
    """Something that happened, as JSON."""
    by = one.by.email if one.by else one.key_name or "Steadyrun"
    return {"id": one.id, "at": one.at, "kind": one.kind, "text": one.text, "by": by, "detail": one.detail}


def detail_document(found: Detail) -> dict[str, Any]:
    """An incident with what counts to it and its history."""
    return {
        **incident_document(Listed(found.incident, found.workflow)),
        "children": [incident_document(one) for one in found.children],
        "events": [event_document(one) for one in found.events],
    }
