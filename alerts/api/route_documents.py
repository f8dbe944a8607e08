"""Routes as JSON, and what may be sent about them."""

from typing import Any

from rest_framework import serializers as s

from alerts.analysis.conditions import Severity
from alerts.api.matcher_documents import MatchersField
from alerts.models import RouteStep
from alerts.reads.matchers import Options, matcher_words
from alerts.reads.routes import ListedRoute
from alerts.services.routes import LONGEST_AFTER, MAX_NAME, MAX_STEPS

# What is out of its limits the service refuses in its own words; what is much longer no length can hold.
_MOST = 10**9
TRIED = ("taken", "not_reached", "no_match")
_NAME, _STEPS = f"1 to {MAX_NAME} characters", f"Who is told and when, 1 to {MAX_STEPS}"
_TIME = "By the clock of the zone, such as 22:00"


class _NewStepSerializer(s.Serializer[Any]):
    channel_id = s.UUIDField()
    after_s = s.IntegerField(
        required=False,
        min_value=-_MOST,
        max_value=_MOST,
        help_text=f"Whole minutes, up to {int(LONGEST_AFTER.total_seconds())}. Absent: at once",
    )


class _StepSerializer(s.Serializer[Any]):
    channel_id = s.UUIDField()
    channel = s.CharField(help_text="Name")
    is_active = s.BooleanField(help_text="Whether the channel is; one that is switched off is told nothing")
    after_s = s.IntegerField(help_text="0: at once; else while nobody acknowledged by then")


class QuietHoursSerializer(s.Serializer[Any]):
    """When notices wait."""

    to = s.CharField(max_length=16, help_text=_TIME)
    zone = s.CharField(max_length=64, default="UTC", help_text="IANA name. Absent: UTC")
    days = s.ListField(
        child=s.IntegerField(min_value=0, max_value=6),
        max_length=7,
        default=lambda: list(range(7)),
        help_text="On which they begin: 0 is Monday. Absent: each",
    )
    severities = s.ListField(
        child=s.ChoiceField([one.value for one in Severity]),
        max_length=3,
        default=list,
        help_text="Those that wait. Absent: all",
    )

    def get_fields(self) -> dict[str, s.Field[Any, Any, Any, Any]]:
        """The declared fields and `from`, which is a word of Python."""
        return {"from": s.CharField(max_length=16, help_text=_TIME), **super().get_fields()}


class _RouteParts(s.Serializer[Any]):
    matchers = MatchersField(required=False)
    quiet_hours = QuietHoursSerializer(required=False, allow_null=True)
    is_final = s.BooleanField(required=False, help_text="Ends the search: routes below it are not looked at")
    is_active = s.BooleanField(required=False)
    position = s.IntegerField(
        required=False,
        min_value=-_MOST,
        max_value=_MOST,
        help_text="Place in the order, 1 is the first. Absent in a new route: the last",
    )


class RouteFieldsSerializer(_RouteParts):
    """What `POST /api/v1/alert-routes/` takes."""

    name = s.CharField(allow_blank=True, help_text=_NAME)
    steps = _NewStepSerializer(many=True, help_text=_STEPS)


class RouteChangeSerializer(_RouteParts):
    """What `PATCH` takes: any of them. `matchers`, `steps` and `quiet_hours` replace all that was there.

    It is no partial serializer: what is told of steps and quiet hours must be whole.
    """

    name = s.CharField(required=False, allow_blank=True, help_text=_NAME)
    steps = _NewStepSerializer(many=True, required=False, help_text=_STEPS)


class RouteSerializer(_RouteParts):
    """A route."""

    id = s.UUIDField()
    name = s.CharField()
    steps = _StepSerializer(many=True, help_text="Those at once first")
    matches = s.CharField(help_text="The matchers in words")
    tried = s.ChoiceField(
        TRIED,
        allow_null=True,
        help_text="Of the incident that the parameters make up: it takes the route, would but for one above, or not",
    )
    created_at = s.DateTimeField()


class RoutePageSerializer(s.Serializer[Any]):
    """Routes in their order."""

    next = s.URLField(allow_null=True)
    is_lost = s.BooleanField(allow_null=True, help_text="Whether no route takes the incident of the parameters")
    results = RouteSerializer(many=True)


def route_document(one: ListedRoute, number: int, options: Options, tried: str | None = None) -> dict[str, Any]:
    """A route as JSON; `number` is its place in the order."""
    route = one.route
    names = ("id", "name", "matchers", "quiet_hours", "is_final", "is_active", "created_at")
    return {
        **{name: getattr(route, name) for name in names},
        "position": number,
        "steps": [_step_document(step) for step in one.steps],
        "matches": matcher_words(route.matchers, options),
        "tried": tried,
    }


def _step_document(step: RouteStep) -> dict[str, Any]:
    channel = step.channel
    return {
        "channel_id": step.channel_id,
        "channel": channel.name,
        "is_active": channel.is_active,
        "after_s": step.after_s,
    }
