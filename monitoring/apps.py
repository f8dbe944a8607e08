"""Application settings of `monitoring`."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Registers the app."""

    name = "monitoring"
