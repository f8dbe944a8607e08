"""Silences and maintenance windows as JSON, and what may be sent about them."""

from typing import Any

from rest_framework import serializers as s

from alerts.analysis.quiet_times import SilenceState
from alerts.api.matcher_documents import MatchersField
from alerts.models import SilenceKind
from alerts.reads.matchers import Options, matcher_words
from alerts.reads.silences import SilenceRow
from alerts.services.silences import LONGEST, LONGEST_RECURRING, MAX_REASON

_ENDS = f"At most {LONGEST.days} days after its start, {LONGEST_RECURRING.days} if it comes again"
# What is longer the service refuses in its own words; what is much longer no length can hold.
_MOST_SECONDS = 10**9


class NewSilenceSerializer(s.Serializer[Any]):
    """What `POST /api/v1/silences/` takes."""

    kind = s.ChoiceField(
        SilenceKind.choices,
        required=False,
        help_text="silence: incidents open and send no notice. maintenance: none opens. Absent: silence",
        error_messages={"invalid_choice": f"must be one of: {', '.join(SilenceKind.values)}"},
    )
    reason = s.CharField(allow_blank=True, help_text=f"1 to {MAX_REASON} characters")
    matchers = MatchersField(required=False)
    starts_at = s.DateTimeField(required=False, help_text="Absent: now")
    ends_at = s.DateTimeField(help_text=_ENDS)
    cron = s.CharField(
        required=False, allow_blank=True, help_text="Five fields: it comes again at these times, until `ends_at`"
    )
    zone = s.CharField(required=False, max_length=64, help_text="Whose clock `cron` goes by. Absent: UTC")
    duration_s = s.IntegerField(
        required=False,
        allow_null=True,
        min_value=-_MOST_SECONDS,
        max_value=_MOST_SECONDS,
        help_text="With `cron`: for how long each time, 60 to 604800",
    )


class IncidentSilenceSerializer(s.Serializer[Any]):
    """How long an incident is to be silent, and why."""

    reason = s.CharField(allow_blank=True, help_text=f"1 to {MAX_REASON} characters")
    ends_at = s.DateTimeField(help_text=f"In at most {LONGEST.days} days")


class SilenceSerializer(s.Serializer[Any]):
    """A silence or a maintenance window."""

    id = s.UUIDField()
    kind = s.ChoiceField(SilenceKind.choices)
    state = s.ChoiceField(
        [one.value for one in SilenceState], help_text="active: in force. waiting: between two times. coming, past"
    )
    reason = s.CharField()
    matchers = MatchersField()
    matches = s.CharField(help_text="The matchers in words")
    starts_at = s.DateTimeField()
    ends_at = s.DateTimeField()
    cron = s.CharField(help_text="Empty: it does not come again")
    zone = s.CharField()
    duration_s = s.IntegerField(allow_null=True)
    created_at = s.DateTimeField()
    created_by = s.EmailField(allow_null=True, help_text="null: an API key")


class SilencePageSerializer(s.Serializer[Any]):
    """Silences, the latest end first."""

    next = s.URLField(allow_null=True)
    results = SilenceSerializer(many=True)


def silence_document(row: SilenceRow, options: Options) -> dict[str, Any]:
    """A silence as JSON."""
    one = row.silence
    names = ("id", "kind", "reason", "matchers", "starts_at", "ends_at", "cron", "zone", "duration_s", "created_at")
    return {
        **{name: getattr(one, name) for name in names},
        "state": row.state.value,
        "matches": matcher_words(one.matchers, options),
        "created_by": one.created_by.email if one.created_by else None,
    }
