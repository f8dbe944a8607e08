"""Application settings of `monitoring`."""

from django.apps import AppConfig
from django.urls import register_converter

from monitoring.converters import NameConverter


class MonitoringConfig(AppConfig):
    """Registers the app."""

    name = "monitoring"

    def ready(self) -> None:
        """Addresses of pages and API have names in them."""
        register_converter(NameConverter, "name")
