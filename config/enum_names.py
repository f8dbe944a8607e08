"""Names of choices in the API's schema: fields of one name with different choices, by the noun they belong to."""

from typing import Any

from alerts.analysis.catalogue import METRICS
from alerts.analysis.catalogue import Scope as RuleScope
from alerts.analysis.conditions import Severity
from alerts.analysis.conditions import State as AlertState
from alerts.analysis.quiet_times import SilenceState
from billing.analysis.budget_course import BudgetState
from billing.analysis.reconciliation import Cause, Tone
from monitoring.analysis.signals import Cause as RunCause
from monitoring.statuses import Status

ENUM_NAMES: dict[str, Any] = {
    "StatusEnum": [status.word for status in Status],
    "ImprovementStatusEnum": "monitoring.models.improvement.ImprovementStatus",
    "ImprovementMetricEnum": "monitoring.models.improvement.Metric",
    "ChangeKindEnum": "monitoring.models.improvement.ChangeKind",
    "ChannelKindEnum": "alerts.models.channel.ChannelKind",
    "SilenceKindEnum": "alerts.models.route.SilenceKind",
    "SilenceStateEnum": [state.value for state in SilenceState],
    "AlertDeliveryStatusEnum": "alerts.models.channel.AlertDeliveryStatus",
    "IncidentStatusEnum": "alerts.models.incident.IncidentStatus",
    "AlertStateEnum": [state.value for state in AlertState],
    "ScopeEnum": [scope.value for scope in RuleScope],
    "BudgetScopeEnum": "billing.models.budget.BudgetScope",
    "BudgetStateEnum": [one.value for one in BudgetState],
    "FormatEnum": ["csv", "csv-machine", "xlsx", "parquet"],
    "AuditStreamFormatEnum": "accounts.models.audit_stream.StreamFormat",
    "MaskingRuleKindEnum": ["field", "pattern"],
    "ResourceKindEnum": ["compute", "storage", "api", "subscription", "backup", "other"],
    "CostKindEnum": ["tokens", "compute", "storage", "api", "subscription", "backup", "other"],
    "CostMonthStateEnum": ["open", "closed", "reopening"],
    "CauseEnum": [one.value for one in RunCause],
    "ReconciledStateEnum": [one.value for one in Tone],
    "DifferenceCauseEnum": [one.value for one in Cause],
    "SeverityEnum": [one.value for one in Severity],
    "AlertMetricEnum": [(metric.name, metric.label) for metric in METRICS.values()],
}
