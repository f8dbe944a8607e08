"""Improvements as JSON, and what may be sent about them."""

from typing import Any

from rest_framework import serializers

from monitoring.models import ChangeKind, Improvement, ImprovementEvent, ImprovementStatus, Metric
from monitoring.reads.improvements import Detail
from monitoring.reads.labels import label_values
from monitoring.services.improvements import (
    LEAST_CHANGE,
    MAX_EFFECT,
    MAX_LINKS,
    MAX_TEXT,
    MAX_TITLE,
    MOST_CHANGE,
)
from monitoring.services.links import MAX_LINK

_CHANGE_HELP = "Expected change as a share: -0.5 is halved. Absent: halved, as nobody said"


class _Fields(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=MAX_TITLE)
    kind = serializers.ChoiceField(ChangeKind.choices)
    metric = serializers.ChoiceField(Metric.choices, help_text="The figure that shall fall")
    text = serializers.CharField(max_length=MAX_TEXT, required=False, allow_blank=True)
    owner = serializers.EmailField(required=False, allow_null=True, help_text="A member of the team")
    environment = serializers.CharField(
        max_length=200, required=False, allow_null=True, help_text="Null: all environments"
    )
    expected_change = serializers.FloatField(
        required=False, allow_null=True, min_value=MOST_CHANGE, max_value=LEAST_CHANGE, help_text=_CHANGE_HELP
    )
    expected_effect = serializers.CharField(max_length=MAX_EFFECT, required=False, allow_blank=True)
    links = serializers.ListField(
        child=serializers.CharField(max_length=MAX_LINK), max_length=MAX_LINKS, required=False
    )
    tracker_url = serializers.CharField(max_length=MAX_LINK, required=False, allow_blank=True)


class NewImprovementSerializer(_Fields):
    """What `POST /api/v1/improvements/` takes."""

    workflow = serializers.CharField(max_length=200, help_text="Name or slug")
    finding_id = serializers.UUIDField(required=False, allow_null=True)
    failure_group_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="Needed for the metric group_rate"
    )


class ImprovementChangeSerializer(_Fields):
    """What `PATCH` takes: any of them."""

    release = serializers.CharField(
        max_length=200, required=False, help_text="The release that carries it; an unknown one is announced as live now"
    )
    status = serializers.ChoiceField(ImprovementStatus.choices, required=False)
    why = serializers.CharField(
        max_length=MAX_TEXT, required=False, allow_blank=True, help_text="Why the status changes"
    )


class CommentSerializer(serializers.Serializer[Any]):
    """A comment."""

    text = serializers.CharField(max_length=MAX_TEXT)


class ImprovementEventSerializer(serializers.Serializer[Any]):
    """One thing that happened."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    text = serializers.CharField()
    detail = serializers.JSONField()
    by = serializers.CharField(help_text="E-mail of a member, name of an API key, or Steadyrun")


class ImprovementSerializer(serializers.Serializer[Any]):
    """An improvement."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    text = serializers.CharField()
    kind = serializers.ChoiceField(ChangeKind.choices)
    status = serializers.ChoiceField(ImprovementStatus.choices)
    workflow = serializers.CharField()
    owner = serializers.EmailField(allow_null=True)
    metric = serializers.ChoiceField(Metric.choices)
    expected_change = serializers.FloatField(allow_null=True)
    expected_effect = serializers.CharField()
    finding_id = serializers.UUIDField(allow_null=True)
    failure_group_id = serializers.UUIDField(allow_null=True)
    release = serializers.CharField(allow_null=True)
    released_at = serializers.DateTimeField(allow_null=True)
    result = serializers.JSONField(allow_null=True, help_text="Before and after, as the page shows it")
    measured_at = serializers.DateTimeField(allow_null=True)
    reopened_by = serializers.CharField(allow_null=True, help_text="The release that brought the failure back")
    links = serializers.ListField(child=serializers.CharField())
    tracker_url = serializers.CharField()
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()


class ImprovementListSerializer(serializers.Serializer[Any]):
    """A list of improvements."""

    results = ImprovementSerializer(many=True)


class ImprovementDetailSerializer(ImprovementSerializer):
    """An improvement with its history."""

    environment = serializers.CharField(allow_null=True)
    failures_in_week = serializers.IntegerField(allow_null=True, help_text="Of its failure group, in the last 7 days")
    events = ImprovementEventSerializer(many=True)


def improvement_document(one: Improvement) -> dict[str, Any]:
    """An improvement as the list has it."""
    return {
        **{
            name: getattr(one, name)
            for name in (
                *("id", "title", "text", "kind", "metric", "expected_change", "expected_effect", "finding_id"),
                *("failure_group_id", "released_at", "result", "measured_at", "links", "tracker_url"),
                *("created_at", "changed_at"),
            )
        },
        "status": str(one.status),
        "workflow": one.workflow.name,
        "owner": one.owner.email if one.owner else None,
        "release": one.release.name if one.release else None,
        "reopened_by": one.reopened_by.name if one.reopened_by else None,
    }


def detail_document(found: Detail) -> dict[str, Any]:
    """An improvement with its history, newest first."""
    one = found.improvement
    names = label_values(one.team_id, [one.environment_id])
    return {
        **improvement_document(one),
        "environment": names.get(one.environment_id) if one.environment_id is not None else None,
        "failures_in_week": found.about.failures_in_week if found.about.group else None,
        "events": [event_document(event) for event in found.events],
    }


def event_document(event: ImprovementEvent) -> dict[str, Any]:
    """One thing that happened."""
    by = event.by.email if event.by else event.key_name or "Steadyrun"
    return {"id": event.id, "at": event.at, "kind": event.kind, "text": event.text, "detail": event.detail, "by": by}
