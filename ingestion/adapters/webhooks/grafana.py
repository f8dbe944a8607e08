"""Grafana alerting: the webhook contact point. Its notices have Alertmanager's shape and tell more of each alert."""

from typing import Any

from ingestion.adapters.webhooks.alertmanager import read_alerts
from ingestion.adapters.webhooks.told import About, Item

_KEPT = ("panelURL", "dashboardURL", "generatorURL", "silenceURL", "values", "valueString", "imageURL")


def read(event: Any, about: About) -> list[Item]:
    """One notice. Raises `Refused`."""
    return read_alerts(event, about, _KEPT)
