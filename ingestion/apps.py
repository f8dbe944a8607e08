"""Application settings of `ingestion`."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    """Registers the app."""

    name = "ingestion"
