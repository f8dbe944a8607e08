"""The nouns of ingestion, one file each."""

from ingestion.models.delivery import Delivery, DeliveryOutcome
from ingestion.models.import_run import ImportRun
from ingestion.models.ledger import SourceAttribute, SourceHour, SourceReceipt, SourceRejection
from ingestion.models.loose import SourceLine, SourceMetric
from ingestion.models.source import Source, SourceAddress

__all__ = [
    "Delivery",
    "DeliveryOutcome",
    "ImportRun",
    "Source",
    "SourceAddress",
    "SourceAttribute",
    "SourceHour",
    "SourceLine",
    "SourceMetric",
    "SourceReceipt",
    "SourceRejection",
]
