"""Wires the ports: what lower apps, and strangers, show or use of what others know. Called once, by Django."""

from alerts.reads import provided
from monitoring import ports


def wire() -> None:
    """Gives each port its provider."""
    ports.provide_alert_states(provided.alert_states)
    ports.provide_open_incidents(provided.open_incidents)
    ports.provide_incident_marks(provided.incident_marks)
