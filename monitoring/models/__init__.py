"""The nouns of monitoring, one file each."""

from monitoring.models.baseline import Baseline, BaselineDue, Basis
from monitoring.models.diagnosis import Classification, Diagnosis, DueDiagnosis, Examination, HealthyReference
from monitoring.models.execution import Execution
from monitoring.models.facet import Facet
from monitoring.models.failure_group import FailureGroup
from monitoring.models.finding import Finding, FindingDue, FindingKind, FindingStatus
from monitoring.models.improvement import ChangeKind, Improvement, ImprovementEvent, ImprovementStatus, Metric
from monitoring.models.label import Label
from monitoring.models.legal_hold import LegalHold
from monitoring.models.log import LogLine
from monitoring.models.payload import Payload
from monitoring.models.release import Release
from monitoring.models.retention_run import RetentionKind, RetentionRun
from monitoring.models.review import ReviewMail
from monitoring.models.rollup import Dimension, DirtyBucket, Grain, Rollup
from monitoring.models.saved_view import DefaultView, SavedView, ViewPage
from monitoring.models.sealed_day import SealedDay
from monitoring.models.step import Step
from monitoring.models.success_criterion import CriteriaCheck, SuccessCriterion
from monitoring.models.tracker import (
    DeliveryStatus,
    ImprovementDue,
    Tracker,
    TrackerDelivery,
    TrackerDue,
    TrackerEvent,
)
from monitoring.models.triage import GroupEvent, GroupTriage, TriageWatch
from monitoring.models.workflow import Workflow

__all__ = [
    "Baseline",
    "BaselineDue",
    "Basis",
    "ChangeKind",
    "Classification",
    "CriteriaCheck",
    "DefaultView",
    "DeliveryStatus",
    "Diagnosis",
    "Dimension",
    "DirtyBucket",
    "DueDiagnosis",
    "Examination",
    "Execution",
    "Facet",
    "FailureGroup",
    "Finding",
    "FindingDue",
    "FindingKind",
    "FindingStatus",
    "Grain",
    "GroupEvent",
    "GroupTriage",
    "HealthyReference",
    "Improvement",
    "ImprovementDue",
    "ImprovementEvent",
    "ImprovementStatus",
    "Label",
    "LegalHold",
    "LogLine",
    "Metric",
    "Payload",
    "Release",
    "RetentionKind",
    "RetentionRun",
    "ReviewMail",
    "Rollup",
    "SavedView",
    "SealedDay",
    "Step",
    "SuccessCriterion",
    "Tracker",
    "TrackerDelivery",
    "TrackerDue",
    "TrackerEvent",
    "TriageWatch",
    "ViewPage",
    "Workflow",
]
