"""The shape of a verdict in the reading API, for the OpenAPI document; `monitoring.reads.verdict_document` fills it."""

from typing import Any

from rest_framework import serializers as s


def _told(kind: type[s.Field[Any, Any, Any, Any]], help_text: str = "") -> Any:
    return kind(allow_null=True, help_text=help_text)


class JudgementSerializer(s.Serializer[Any]):
    """What one subject says; the worst one makes the verdict."""

    subject = s.CharField(help_text="success_rate, p95, freshness, burn, usual_error_rate or usual_p95")
    kind = s.CharField(help_text="stable, watch or not_stable")
    objective = _told(s.FloatField, "share of 1, or ms")
    is_proposed = s.BooleanField(help_text="the objective comes from the workflow's own history; nobody set it")
    interval = s.ListField(child=s.FloatField(), allow_null=True, help_text="95 % interval [low, high]")


class PartSerializer(s.Serializer[Any]):
    """The value that failures are concentrated in."""

    kind, value = s.CharField(), s.CharField()
    failures = s.IntegerField()
    share = s.FloatField()
    lift = _told(s.FloatField, "null: never seen otherwise")


class ScopeSerializer(s.Serializer[Any]):
    """How far the failures reach."""

    kind = s.CharField(help_text="occasional, local or systemic")
    is_known = s.BooleanField(help_text="false: too few failures to see a pattern")
    words = s.CharField()
    steps = s.ListField(child=s.CharField(), help_text="unrelated steps that fail more than usual")
    concentrated_in = PartSerializer(allow_null=True)


class PlaceSerializer(s.Serializer[Any]):
    """A figure against its usual range, for as many runs as it has."""

    value, low, high = s.FloatField(), s.FloatField(), s.FloatField()
    side = s.CharField(help_text="below, inside or above")
    words = s.CharField()


class BurnSerializer(s.Serializer[Any]):
    """How fast the error budget burns; 1 uses it up exactly."""

    rate, hours = _told(s.FloatField), _told(s.FloatField)
    budget = s.FloatField()
    is_too_fast = s.BooleanField()
    words = s.CharField()


class FreshnessSerializer(s.Serializer[Any]):
    """The age of the last success against what it may be."""

    last_success_at = _told(s.DateTimeField)
    limit_ms = _told(s.FloatField)
    is_objective = s.BooleanField()
    is_stale = _told(s.BooleanField)
    words = s.CharField()


class StreakSerializer(s.Serializer[Any]):
    """Failures in a row."""

    last_at, last_success_at, began_at = (_told(s.DateTimeField) for _ in range(3))
    failures = s.IntegerField()
    words = s.CharField()


class RhythmSerializer(s.Serializer[Any]):
    """How regularly it runs, and when the next run is expected."""

    interval_ms = _told(s.FloatField)
    is_regular = s.BooleanField()
    expected_at, late_at = _told(s.DateTimeField), _told(s.DateTimeField)
    words = s.CharField()


class BeganSerializer(s.Serializer[Any]):
    """When it began."""

    at, earliest, latest = s.DateTimeField(), s.DateTimeField(), s.DateTimeField()
    ended_at = _told(s.DateTimeField)
    of = s.CharField(help_text="failures or latency")
    p_value = _told(s.FloatField)
    words = s.CharField()


class EventSerializer(s.Serializer[Any]):
    """Something near a beginning."""

    name = s.CharField()
    at = s.DateTimeField()


class CoincidenceSerializer(s.Serializer[Any]):
    """Events of one kind near a beginning, with the chance that so many would be so near anyway."""

    kind, words = s.CharField(), s.CharField()
    events = EventSerializer(many=True)
    chance = s.FloatField()
    is_unusual = s.BooleanField()


class VerdictSerializer(s.Serializer[Any]):
    """A verdict with all its facts. Null: not known."""

    kind = s.CharField(help_text="stable, watch, not_stable, not_enough_data, no_objective or failures_only")
    environment = s.CharField()
    sentence = s.CharField()
    facts = s.ListField(child=s.CharField())
    success_interval = s.ListField(child=s.FloatField(), allow_null=True)
    judgements = JudgementSerializer(many=True)
    scope = ScopeSerializer(allow_null=True)
    usual_error_rate = PlaceSerializer(allow_null=True)
    usual_p95_ms = PlaceSerializer(allow_null=True)
    burn = BurnSerializer(allow_null=True)
    freshness = FreshnessSerializer(allow_null=True)
    streak = StreakSerializer(allow_null=True)
    rhythm = RhythmSerializer(allow_null=True)
    began = BeganSerializer(allow_null=True)
    change = _told(s.CharField, "what the series of the range did, in words")
    coincidences = CoincidenceSerializer(many=True)


class ProposalSerializer(s.Serializer[Any]):
    """What history proposes, with its arithmetic; `value` null: why there is none."""

    value = _told(s.FloatField)
    words = s.CharField()


class ProposalsSerializer(s.Serializer[Any]):
    """Proposed objectives: a share of 1, and ms."""

    success_rate, p95_ms, freshness_ms = ProposalSerializer(), ProposalSerializer(), ProposalSerializer()
