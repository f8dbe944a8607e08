"""Channels and deliveries as JSON, and what may be sent about them. Secrets are never among what is told."""

from typing import Any

from rest_framework import serializers

from alerts.channels import CHANNELS
from alerts.models import AlertDelivery, AlertDeliveryStatus, ChannelKind
from alerts.reads.channels import ChannelRow, State
from alerts.services.channels import MAX_NAME, kept_names

_SETTINGS_HELP = "By the names that docs/alerts/channels.md lists for the kind"


class _Fields(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=MAX_NAME)
    settings = serializers.DictField(required=False, help_text=_SETTINGS_HELP)
    secrets = serializers.DictField(
        child=serializers.CharField(allow_blank=True, allow_null=True, max_length=2_000),
        required=False,
        write_only=True,
        help_text="Those that are set or replaced; null takes one away. They are never told again",
    )
    is_active = serializers.BooleanField(required=False)


class NewChannelSerializer(_Fields):
    """What `POST /api/v1/channels/` takes."""

    kind = serializers.ChoiceField(ChannelKind.choices)


class ChannelChangeSerializer(_Fields):
    """What `PATCH` takes: any of them. `settings` replaces all of them."""


class ChannelSerializer(serializers.Serializer[Any]):
    """A channel."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ChannelKind.choices)
    name = serializers.CharField()
    place = serializers.CharField(help_text="Where it leads, without what is secret")
    settings = serializers.DictField()
    secrets_set = serializers.ListField(child=serializers.CharField(), help_text="Names of the secrets that are set")
    is_active = serializers.BooleanField()
    state = serializers.ChoiceField([one.value for one in State])
    waiting = serializers.IntegerField()
    given_up = serializers.IntegerField()
    last_success_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    last_error_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class ChannelListSerializer(serializers.Serializer[Any]):
    """All channels."""

    results = ChannelSerializer(many=True)


class TestResultSerializer(serializers.Serializer[Any]):
    """What became of a test."""

    arrived = serializers.BooleanField()
    answer_status = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()


class AlertDeliverySerializer(serializers.Serializer[Any]):
    """A delivery of a notice to a channel."""

    id = serializers.UUIDField()
    channel_id = serializers.UUIDField()
    channel = serializers.CharField(help_text="Name")
    incident_id = serializers.UUIDField(allow_null=True)
    kind = serializers.CharField()
    status = serializers.ChoiceField(AlertDeliveryStatus.choices)
    created_at = serializers.DateTimeField()
    tries = serializers.IntegerField()
    tried_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    answer_status = serializers.IntegerField(allow_null=True)
    last_error = serializers.CharField()
    notice = serializers.DictField(help_text="What is told, before a channel writes it in its own way")


class AlertDeliveryPageSerializer(serializers.Serializer[Any]):
    """Deliveries, newest first."""

    next = serializers.URLField(allow_null=True)
    results = AlertDeliverySerializer(many=True)


def channel_document(row: ChannelRow) -> dict[str, Any]:
    """A channel without its secrets."""
    one = row.channel
    names = ("id", "kind", "name", "settings", "is_active", "last_success_at", "last_error", "last_error_at")
    return {
        **{name: getattr(one, name) for name in (*names, "created_at")},
        "place": CHANNELS[one.kind].place(one.settings, {}),
        "secrets_set": kept_names(one),
        "state": row.state.value,
        "waiting": row.waiting,
        "given_up": row.given_up,
    }


def delivery_document(one: AlertDelivery) -> dict[str, Any]:
    """A delivery. The link that acknowledges is left out: it is for who was sent it, not for who may read."""
    names = (
        *("id", "channel_id", "incident_id", "kind", "status", "created_at", "tries", "tried_at", "sent_at"),
        *("answer_status", "last_error"),
    )
    notice = {name: value for name, value in one.notice.items() if name != "acknowledge_url"}
    return {**{name: getattr(one, name) for name in names}, "notice": notice, "channel": one.channel.name}
