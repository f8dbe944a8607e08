"""What the API gives out about divergence, impact, retries and causes: shapes for the OpenAPI document, and values."""

from collections.abc import Iterable, Sequence
from typing import Any

from rest_framework import serializers as s

from monitoring.analysis.agreement import Agreement
from monitoring.analysis.impact import Impact
from monitoring.analysis.retries import Story, Turn, sum_up
from monitoring.analysis.signals import Cause
from monitoring.api.group_documents import HappenedSerializer, TriageSerializer
from monitoring.reads.attempts import StepStory
from monitoring.reads.classifications import Decision
from monitoring.reads.failure_group import Diagnosed, Group, InRelease
from monitoring.reads.replay_records import Replay, StepRecord
from monitoring.services.classification import MAX_NOTE
from monitoring.services.diagnosis import evidence_document
from monitoring.services.examination import Examined
from monitoring.services.suggestions import Suggested

MAX_STORIES = 1_000
_OF_ATTEMPT = (*("number", "status", "duration_ms", "error", "release", "cost_usd", "model", "tokens", "output_shape"),)
_GROUP_FIELDS = ("id", "title", "workflow_id", "node", "first_seen_at", "last_seen_at")


def _told(kind: type[s.Field[Any, Any, Any, Any]], help_text: str = "") -> Any:
    return kind(allow_null=True, help_text=help_text)


class EvidenceSerializer(s.Serializer[Any]):
    """One thing that sets a step apart from healthy executions: `same` of `runs` of them did the same."""

    kind, node = s.CharField(), s.CharField()
    step_id = _told(s.CharField, "null: the step is missing")
    observed, usual = s.CharField(), s.CharField()
    same, runs = s.IntegerField(), s.IntegerField()
    confidence = _told(s.CharField, "high, medium or low; null: nothing was compared")


class ReferenceSerializer(s.Serializer[Any]):
    """The healthy reference: how many executions, what they share with this one, and when it was made."""

    runs = s.IntegerField()
    same = s.ListField(child=s.CharField())
    built_at = s.DateTimeField()


class DivergenceSerializer(s.Serializer[Any]):
    """Where it first left the healthy path; the symptom is where the error shows."""

    verdict = s.CharField(help_text="diverged, as usual or cannot tell")
    because = s.CharField()
    reference = ReferenceSerializer(allow_null=True)
    first = EvidenceSerializer(many=True)
    symptom, cause = EvidenceSerializer(allow_null=True), EvidenceSerializer(allow_null=True)
    evidence = EvidenceSerializer(many=True)


class ImpactSerializer(s.Serializer[Any]):
    """What the divergence did. Step ids; `repeated` are side effects that a retry would repeat."""

    affected, skipped, not_reached, repeated = (s.ListField(child=s.CharField()) for _ in range(4))
    after_ms, busy_ms, after_usd = _told(s.FloatField), _told(s.FloatField), _told(s.FloatField)
    unpriced = s.IntegerField(help_text="steps after the divergence that told no cost")
    relatives = s.ListField(child=s.DictField(), help_text="parent, children and retries that did not succeed")


class RetriesSerializer(s.Serializer[Any]):
    """All attempts as one story."""

    outcome = s.CharField()
    succeeded_at = _told(s.IntegerField)
    spent_ms, paused_ms, spent_usd = s.FloatField(), s.FloatField(), s.FloatField()
    attempts = s.ListField(child=s.DictField())


class StepStorySerializer(RetriesSerializer):
    """All attempts at one step as one story; ids of steps in the order of the attempts."""

    node = s.CharField()
    step_ids = s.ListField(child=s.CharField())


class StepRetriesSerializer(s.Serializer[Any]):
    """Steps that were tried more than once: in how many a retry succeeded, at which attempt, and each one's story."""

    retried, saved, in_vain = s.IntegerField(), s.IntegerField(), s.IntegerField()
    succeeded_at_attempt = s.DictField(child=s.IntegerField(), help_text="first successes by number of the attempt")
    stories = StepStorySerializer(many=True)


class SuggestionSerializer(s.Serializer[Any]):
    """The suggested cause with the evidence for and against."""

    cause = s.ChoiceField(choices=[cause.value for cause in Cause])
    words = s.CharField()
    lead = s.FloatField()
    scores = s.DictField(child=s.FloatField())
    evidence = s.ListField(child=s.DictField())


class DecisionSerializer(s.Serializer[Any]):
    """What was decided; `execution_id` is null for a decision about the whole group."""

    cause, suggested = s.CharField(), s.CharField()
    note, by = s.CharField(), s.CharField()
    decided_at = s.DateTimeField()
    execution_id = _told(s.UUIDField)


class DiagnosisSerializer(s.Serializer[Any]):
    """What was found out about an execution."""

    execution_id = s.UUIDField()
    failure_group_id = _told(s.UUIDField)
    divergence = DivergenceSerializer()
    impact = ImpactSerializer(allow_null=True)
    retries = RetriesSerializer(allow_null=True)
    step_retries = StepRetriesSerializer()
    suggestion = SuggestionSerializer(allow_null=True)
    facts = _told(s.DictField)
    decisions = DecisionSerializer(many=True)


class GroupSerializer(s.Serializer[Any]):
    """A failure group."""

    id = s.UUIDField()
    title = s.CharField()
    workflow_id = _told(s.UUIDField)
    node = _told(s.CharField)
    first_seen_at, last_seen_at = s.DateTimeField(), s.DateTimeField()


class GroupDetailSerializer(GroupSerializer):
    """A failure group with its suggestion, releases, decisions and how often these agree, its triage and history."""

    merged = s.ListField(child=s.UUIDField(), help_text="other groups that count as this one")
    triage = TriageSerializer()
    history = HappenedSerializer(many=True)

    suggestion = SuggestionSerializer()
    facts = s.DictField()
    diagnosed = s.IntegerField()
    releases = s.ListField(child=s.DictField())
    decisions = DecisionSerializer(many=True)
    agreement = s.ListField(child=s.DictField())


class ClassificationSerializer(s.Serializer[Any]):
    """A decision to save."""

    cause = s.ChoiceField(choices=[cause.value for cause in Cause])
    note = s.CharField(required=False, allow_blank=True, max_length=MAX_NOTE, default="")


def divergence_document(found: Examined, replay: Replay) -> dict[str, Any]:
    """Where an execution first left the healthy path."""
    told, compared = found.divergence, found.compared if found.is_compared else None
    return {
        "verdict": told.verdict.value,
        "because": told.because,
        "reference": {"runs": compared.runs, "same": list(compared.same), "built_at": compared.built_at}
        if compared
        else None,
        "first": [evidence_document(item, replay) for item in told.first],
        "symptom": evidence_document(told.symptom, replay) if told.symptom else None,
        "cause": evidence_document(told.cause, replay) if told.cause else None,
        "evidence": [evidence_document(item, replay) for item in told.evidence],
    }


def impact_document(impact: Impact | None) -> dict[str, Any] | None:
    """The impact; step ids are texts, since they do not fit into the numbers of JSON."""
    if impact is None:
        return None
    return {
        **{name: [str(id) for id in getattr(impact, name)] for name in ("affected", "skipped", "repeated")},
        "not_reached": list(impact.not_reached),
        **{name: getattr(impact, name) for name in ("after_ms", "busy_ms", "after_usd", "unpriced")},
        "relatives": [{"id": one.id, "role": one.role, "status": one.status} for one in impact.relatives],
    }


def story_document(story: Story | None) -> dict[str, Any] | None:
    """The attempts side by side, with what changed from the one before."""
    if story is None:
        return None
    turns: Sequence[Turn | None] = [None, *story.turns]
    return {
        **{name: getattr(story, name) for name in ("succeeded_at", "spent_ms", "paused_ms", "spent_usd")},
        "outcome": story.outcome.value,
        "attempts": [
            {**{name: getattr(attempt, name) for name in _OF_ATTEMPT}, **_turn_document(turn)}
            for attempt, turn in zip(story.attempts, turns, strict=True)
        ],
    }


def _turn_document(turn: Turn | None) -> dict[str, Any]:
    """What was before an attempt, and what is different from the one before; only that something changed of inputs."""
    if turn is None:
        return {"pause_ms": None, "changes": {}, "times_longer": None, "times_tokens": None}
    return {
        "pause_ms": turn.pause_ms,
        "changes": {change.value: list(pair) for change, pair in turn.changes.items()},
        "times_longer": turn.times_longer,
        "times_tokens": turn.times_tokens,
    }


def step_retries_document(stories: Sequence[StepStory], steps: Sequence[StepRecord]) -> dict[str, Any]:
    """The steps that were tried again, and what came of it."""
    benefit = sum_up(one.story for one in stories)
    return {
        **{name: getattr(benefit, name) for name in ("retried", "saved", "in_vain")},
        "succeeded_at_attempt": {str(number): times for number, times in benefit.at_attempt.items()},
        "stories": [
            {"node": one.name, "step_ids": [str(steps[i].id) for i in one.places], **(story_document(one.story) or {})}
            for one in stories[:MAX_STORIES]
        ],
    }


def decision_documents(decisions: Iterable[Decision]) -> list[dict[str, Any]]:
    """Decisions, newest first."""
    names = ("note", "by", "decided_at", "execution_id")
    return [
        {"cause": one.cause.value, "suggested": one.suggested.value, **{name: getattr(one, name) for name in names}}
        for one in decisions
    ]


def group_detail_document(
    group: Group,
    suggested: Suggested,
    diagnoses: Sequence[Diagnosed],
    releases: Sequence[InRelease],
    decisions: Sequence[Decision],
    agreed: Sequence[Agreement],
) -> dict[str, Any]:
    """A failure group with everything that is known of it."""
    return {
        **{name: getattr(group, name) for name in _GROUP_FIELDS},
        "merged": [part.id for part in group.merged],
        "suggestion": suggested.suggestion,
        "facts": suggested.facts,
        "diagnosed": len(diagnoses),
        "releases": [
            {name: getattr(row, name) for name in ("release", "failures", "first_at", "last_at")} for row in releases
        ],
        "decisions": decision_documents(decisions),
        "agreement": [_agreement(row) for row in agreed],
    }


def _agreement(row: Agreement) -> dict[str, Any]:
    share = row.share
    return {
        "suggested": row.cause.value if row.cause else None,
        "decided": row.decided,
        "agreed": row.agreed,
        "share": share.rate if share else None,
        "interval": [share.low, share.high] if share else None,
    }
