"""Alert rules and rehearsals as JSON, and what may be sent about rules."""

from typing import Any

from rest_framework import serializers as s

from alerts.analysis.catalogue import METRICS, Scope
from alerts.analysis.conditions import Comparison, NoData, Severity, State
from alerts.analysis.rehearsing import Firing
from alerts.analysis.rule_checks import MAX_NAME, MAX_TAG, MAX_TAGS, MAX_TEXT, MAX_URL, MAX_VALUE
from alerts.models import AlertRule, AlertState
from alerts.reads.rules import Detail, RuleRow, words_of
from alerts.services.rehearsal import Rehearsal

MAX_FIRINGS = 1_000
_WINDOW = "Seconds: whole minutes, 60 to 30 days"
_THRESHOLD = "In the metric's unit: a share of 1, milliseconds, US dollars, bytes ..."


class RuleFieldsSerializer(s.Serializer[Any]):
    """What a rule may say."""

    name = s.CharField(max_length=MAX_NAME, required=False, help_text="Absent: as the rule reads")
    metric = s.ChoiceField([(one.name, one.label) for one in METRICS.values()])
    workflow = s.CharField(max_length=200, required=False, allow_null=True, help_text="Name or slug. Null: all")
    is_per_workflow = s.BooleanField(required=False, help_text="Without a workflow: each by itself, or all together")
    scope = s.ChoiceField([one.value for one in Scope], required=False, allow_blank=True, help_text="Split by what")
    value = s.CharField(max_length=MAX_VALUE, required=False, allow_blank=True, help_text="One of them. Empty: each")
    environment = s.CharField(max_length=MAX_NAME, required=False, allow_blank=True, help_text="Empty: all")
    comparison = s.ChoiceField([one.value for one in Comparison], required=False)
    threshold = s.FloatField(required=False, allow_null=True, help_text=_THRESHOLD)
    clear_threshold = s.FloatField(required=False, allow_null=True, help_text="Null: the threshold")
    window_s = s.IntegerField(required=False, help_text=_WINDOW)
    delay_s = s.IntegerField(required=False, help_text="How long after its end a window is evaluated")
    min_samples = s.IntegerField(required=False, help_text="Runs (visits) that a window needs")
    for_s = s.IntegerField(required=False, help_text="How long the condition must hold")
    keep_firing_s = s.IntegerField(required=False, help_text="How long it must be over")
    no_data = s.ChoiceField([one.value for one in NoData], required=False)
    parameters = s.DictField(required=False, help_text="cron, zone, period_s, grace_s; budget_usd")
    severity = s.ChoiceField([one.value for one in Severity], required=False)
    tags = s.ListField(child=s.CharField(max_length=MAX_TAG), max_length=MAX_TAGS, required=False)
    text = s.CharField(max_length=MAX_TEXT, required=False, allow_blank=True, help_text="What to do when it fires")
    url = s.CharField(max_length=MAX_URL, required=False, allow_blank=True)
    is_active = s.BooleanField(required=False)


class RuleChangeSerializer(RuleFieldsSerializer):
    """What `PATCH` takes: any of them."""


class RuleSerializer(RuleFieldsSerializer):
    """A rule, and where it stands."""

    id = s.UUIDField()
    words = s.CharField(help_text="The rule in one sentence")
    state = s.ChoiceField(
        [one.value for one in State], allow_null=True, help_text="Of its worst subject; null: off, or not evaluated yet"
    )
    counts = s.DictField(child=s.IntegerField(), help_text="How many subjects stand where")
    last_incident_at = s.DateTimeField(allow_null=True)
    default_key = s.CharField(help_text="Of a rule that is there from the start")
    revision = s.IntegerField(help_text="Grows with each change of the condition")
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()
    updated_by = s.EmailField(allow_null=True)


class RuleListSerializer(s.Serializer[Any]):
    """A page of rules, by name."""

    results = RuleSerializer(many=True)
    next = s.CharField(allow_null=True, help_text="Cursor of the next page, for `after`")
    previous = s.CharField(allow_null=True)


class RuleStateSerializer(s.Serializer[Any]):
    """Where a rule stands for one subject."""

    workflow = s.CharField(allow_null=True)
    value = s.CharField()
    state = s.ChoiceField([one.value for one in State])
    since = s.DateTimeField()
    at = s.DateTimeField(help_text="The end of the newest window that was evaluated")
    measured = s.FloatField(allow_null=True)
    samples = s.IntegerField()
    low = s.FloatField(allow_null=True)
    high = s.FloatField(allow_null=True)


class RuleDetailSerializer(RuleSerializer):
    """A rule with its subjects, worst first, at most 200."""

    states = RuleStateSerializer(many=True)


class FiringSerializer(s.Serializer[Any]):
    """One incident that there would have been."""

    workflow = s.CharField(allow_null=True)
    value = s.CharField()
    held_since = s.DateTimeField()
    opened_at = s.DateTimeField()
    resolved_at = s.DateTimeField(allow_null=True)
    worst = s.FloatField(allow_null=True)
    is_flapping = s.BooleanField()


class LookedSerializer(s.Serializer[Any]):
    """How finely a part of the past was looked at."""

    start = s.DateTimeField()
    end = s.DateTimeField()
    grain_s = s.IntegerField()
    window_s = s.IntegerField()
    step_s = s.IntegerField()


class RehearsalSerializer(s.Serializer[Any]):
    """What a rule would have done."""

    start = s.DateTimeField()
    end = s.DateTimeField()
    words = s.CharField()
    why_not = s.CharField(help_text="Why it cannot be rehearsed; else empty")
    firing_count = s.IntegerField()
    fired_s = s.IntegerField(help_text="All subjects added up")
    notices = s.IntegerField(help_text="To each channel")
    subjects = s.IntegerField(help_text="That were looked at")
    is_cut = s.BooleanField(help_text="It looks at more subjects: those with most runs were rehearsed")
    weekly_threshold = s.FloatField(allow_null=True, help_text="Gives about one incident a week; null: none does")
    looked = LookedSerializer(many=True)
    firings = FiringSerializer(many=True, help_text=f"In order of time, at most {MAX_FIRINGS:,}")


_PLAIN = (
    *("name", "metric", "is_per_workflow", "scope", "value", "environment", "comparison", "threshold"),
    *("clear_threshold", "window_s", "delay_s", "min_samples", "for_s", "keep_firing_s", "no_data", "parameters"),
    *("severity", "tags", "text", "url", "is_active", "id", "default_key", "revision", "created_at", "updated_at"),
)


def rule_document(row: RuleRow) -> dict[str, Any]:
    """A rule as the list has it."""
    rule = row.rule
    return {
        **{name: getattr(rule, name) for name in _PLAIN},
        "workflow": rule.workflow.slug if rule.workflow_id else None,
        "words": row.words,
        "state": row.state.value if row.state and rule.is_active else None,
        "counts": {state.value: number for state, number in row.counts.items()},
        "last_incident_at": row.last_incident_at,
        "updated_by": rule.updated_by.email if rule.updated_by else None,
    }


def detail_document(found: Detail) -> dict[str, Any]:
    """A rule with where it stands for each subject."""
    return {**rule_document(found.row), "states": [_state_document(found, state) for state in found.states]}


def _state_document(found: Detail, state: AlertState) -> dict[str, Any]:
    names = ("state", "since", "at", "samples", "low", "high")
    return {
        **{name: getattr(state, name) for name in names},
        "workflow": found.slugs.get(state.workflow_id) if state.workflow_id else None,
        "value": state.value_text,
        "measured": state.value,
    }


def rehearsal_document(rule: AlertRule, found: Rehearsal, slugs: dict[Any, str]) -> dict[str, Any]:
    """A rehearsal."""
    advised = found.advised
    return {
        "start": found.start,
        "end": found.end,
        "words": words_of(rule),
        "why_not": found.why_not,
        "firing_count": len(found.firings),
        "fired_s": int(found.fired.total_seconds()),
        "notices": found.notices,
        "subjects": len(found.tracks),
        "is_cut": found.is_cut,
        "weekly_threshold": advised.threshold if advised and advised.is_fitting else None,
        "looked": [
            {
                "start": one.start,
                "end": one.end,
                **{f"{name}_s": int(getattr(one, name).total_seconds()) for name in ("grain", "window", "step")},
            }
            for one in found.looked
        ],
        "firings": [_firing_document(one, slugs) for one in found.firings[:MAX_FIRINGS]],
    }


def _firing_document(one: Firing, slugs: dict[Any, str]) -> dict[str, Any]:
    return {
        "workflow": slugs.get(one.subject.workflow_id) if one.subject.workflow_id else None,
        "value": one.subject.value,
        "held_since": one.since,
        "opened_at": one.opened_at,
        "resolved_at": one.until,
        "worst": one.worst,
        "is_flapping": one.is_flapping,
    }
