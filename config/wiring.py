"""Wires the ports: what lower apps, and strangers, use of what others know. Called once, when Django is ready."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alerts import ports as alert_ports
from ingestion.reads.silence import silences


def wire() -> None:
    """Gives each port its provider."""
    alert_ports.provide_source_states(_source_states)


def _source_states(team_id: UUID, now: datetime) -> Sequence[alert_ports.SourceState]:
    return [alert_ports.SourceState(one.id, one.name, one.last_report_at, one.usual) for one in silences(team_id, now)]
