"""Channels, incidents and notices for tests of what is told."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from accounts.models import Team
from alerts.analysis.conditions import Severity
from alerts.analysis.notices import Notice, NoticeKind
from alerts.models import AlertRule, Channel, Incident, IncidentEvent, IncidentEventKind

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)


def notice(kind: NoticeKind = NoticeKind.OPENED, **fields: Any) -> Notice:
    """A notice of a workflow that fails, unless told otherwise."""
    told: dict[str, Any] = {
        "key": "incident-1",
        "team": "Harbour",
        "severity": Severity.CRITICAL,
        "what": "Error rate 12.4% of checkout",
        "since": NOW,
        "how_bad": "31 of 250 runs in 5 minutes, limit 5.0%",
        "concentration": "90% of the failures at charge_card, with provider acme",
        "workflow": "checkout",
        "environment": "production",
        "rule": "Error rate",
        "url": "https://steadyrun.example/t/harbour/workflows/checkout/failures/",
        "incident_url": "https://steadyrun.example/t/harbour/incidents/1/",
    }
    return Notice(kind=kind, **{**told, **fields})


def channel(team: Team, name: str = "On call", **fields: Any) -> Channel:
    """A channel of the team, a webhook unless told otherwise. Needs the team's context."""
    return Channel.objects.create(**{"team": team, "kind": "webhook", "name": name, "created_at": NOW, **fields})


def incident(team: Team, **fields: Any) -> Incident:
    """An open incident of a rule of its own. Needs the team's context."""
    rule = AlertRule.objects.create(team=team, name="Error rate", metric="error_rate", threshold=0.05)
    told: Mapping[str, Any] = {
        "rule": rule,
        "subject_id": uuid4(),
        "title": "Error rate",
        "severity": Severity.CRITICAL.value,
        "since": NOW,
        "opened_at": NOW,
        "updated_at": NOW,
    }
    return Incident.objects.create(team=team, **{**told, **fields})


def event(one: Incident, kind: IncidentEventKind = IncidentEventKind.OPENED) -> IncidentEvent:
    """Something that happened to an incident. Needs the team's context."""
    return IncidentEvent.objects.create(team_id=one.team_id, incident=one, at=NOW, kind=kind)
