"""The nouns of ingestion, one file each."""

from ingestion.models.capture_policy import CapturePolicy
from ingestion.models.delivery import Delivery, DeliveryOutcome
from ingestion.models.destination import Destination, DestinationKind
from ingestion.models.import_run import ImportRun
from ingestion.models.ledger import SourceAttribute, SourceHour, SourceReceipt, SourceRejection
from ingestion.models.loose import SourceLine, SourceMetric
from ingestion.models.outbox import OutboxEntry, OutboxItem, OutboxSchedule
from ingestion.models.personal_data import DataAction, DataState, PersonalDataDue, PersonalDataJob
from ingestion.models.redaction_rule import RedactionRule
from ingestion.models.sample_job import SampleAction, SampleJob, SampleState
from ingestion.models.sampling import SourceSampling
from ingestion.models.source import Source, SourceAddress
from ingestion.models.team_storage import TeamStorage

__all__ = [
    "CapturePolicy",
    "DataAction",
    "DataState",
    "Delivery",
    "DeliveryOutcome",
    "Destination",
    "DestinationKind",
    "ImportRun",
    "OutboxEntry",
    "OutboxItem",
    "OutboxSchedule",
    "PersonalDataDue",
    "PersonalDataJob",
    "RedactionRule",
    "SampleAction",
    "SampleJob",
    "SampleState",
    "Source",
    "SourceAddress",
    "SourceAttribute",
    "SourceHour",
    "SourceLine",
    "SourceMetric",
    "SourceReceipt",
    "SourceRejection",
    "SourceSampling",
    "TeamStorage",
]
