"""The nouns of alerts."""

from alerts.models.channel import (
    AlertDelivery,
    AlertDeliveryDue,
    AlertDeliveryStatus,
    Channel,
    ChannelKind,
    ChannelMessage,
)
from alerts.models.default_rules import DefaultRules
from alerts.models.incident import Incident, IncidentDue, IncidentEvent, IncidentEventKind, IncidentStatus
from alerts.models.route import Route, RouteStep, Silence, SilenceDue, SilenceKind
from alerts.models.rule import AlertRule, AlertState, RuleDue

__all__ = [
    "AlertDelivery",
    "AlertDeliveryDue",
    "AlertDeliveryStatus",
    "AlertRule",
    "AlertState",
    "Channel",
    "ChannelKind",
    "ChannelMessage",
    "DefaultRules",
    "Incident",
    "IncidentDue",
    "IncidentEvent",
    "IncidentEventKind",
    "IncidentStatus",
    "Route",
    "RouteStep",
    "RuleDue",
    "Silence",
    "SilenceDue",
    "SilenceKind",
]
