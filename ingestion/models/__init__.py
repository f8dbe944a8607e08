"""The nouns of ingestion, one file each."""

from ingestion.models.import_run import ImportRun

__all__ = ["ImportRun"]
