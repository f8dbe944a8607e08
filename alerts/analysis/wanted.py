"""A rule as plain values, before it is saved: what a form, the API and a rehearsal hand around. Pure."""

from dataclasses import dataclass, field, fields, replace
from typing import Any, Self
from uuid import UUID

from accounts.phrases import gettext_noop
from alerts.analysis.catalogue import METRICS, Family, Metric, Unit
from alerts.analysis.conditions import Comparison, Condition, NoData, Severity
from monitoring.analysis.schedule import in_cron_words
from monitoring.identity import PRODUCTION

# Of these it is enough that there is one: the threshold is 0 and nobody is asked for it.
UNASKED = frozenset({"last_run_failed", "missed_schedule", "new_group", "returned_group"})
# Without a threshold these go by the thresholds of what they look at.
OWN_THRESHOLDS = frozenset({"budget_actual", "budget_forecast"})
PARAMETERS = {
    "missed_schedule": ("cron", "zone", "period_s", "grace_s"),
    "budget_share": ("budget_usd",),
    "running_over": ("expected_ms",),
    "failed_in_a_row": ("min_runs_per_hour", "max_runs_per_hour"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for. Names, units and meanings are those of `alerts.models.AlertRule`."""

    name: str
    metric: str
    workflow_id: UUID | None = None
    is_per_workflow: bool = True
    scope: str = ""
    value: str = ""
    environment: str = PRODUCTION
    comparison: str = Comparison.ABOVE.value
    threshold: float | None = None
    clear_threshold: float | None = None
    window_s: int = 300
    delay_s: int = 0
    min_samples: int = 0
    for_s: int = 0
    keep_firing_s: int = 0
    no_data: str = NoData.UNKNOWN.value
    parameters: dict[str, Any] = field(default_factory=dict)
    severity: str = Severity.WARNING.value
    tags: tuple[str, ...] = ()
    text: str = ""
    url: str = ""
    is_active: bool = True

    @property
    def condition(self) -> Condition:
        """What it asks. Raises `ValueError` for words that are none of a condition."""
        told = {one.name: getattr(self, one.name) for one in fields(Condition)}
        return Condition(**{**told, "comparison": Comparison(self.comparison), "no_data": NoData(self.no_data)})

    def fitted(self) -> Self:
        """The same without what does not belong to the metric: windows of metrics without one, thresholds of rules
        that compare with usual ranges, parameters of other metrics."""
        metric = METRICS.get(self.metric)
        if metric is None:
            return self
        told: dict[str, Any] = {"parameters": _parameters(self)}
        if not metric.has_window:
            told |= {"window_s": 0, "delay_s": 0, "min_samples": 0}
        if self.comparison in (Comparison.UNUSUAL, Comparison.UNUSUAL_EITHER):
            told |= {"threshold": None, "clear_threshold": None}
        if self.metric in UNASKED:
            told |= {"threshold": 0.0, "clear_threshold": None, "comparison": Comparison.ABOVE.value}
        if metric.family is Family.SOURCE:
            told |= {"workflow_id": None, "is_per_workflow": False, "scope": "source", "environment": ""}
        if metric.family is Family.COST_BUDGET:
            told |= {"workflow_id": None, "is_per_workflow": False, "scope": "budget", "environment": ""}
        if self.workflow_id is not None:
            told["is_per_workflow"] = True
        if not (self.scope or told.get("scope")):
            told["value"] = ""
        return replace(self, **told)


def _parameters(wanted: Wanted) -> dict[str, Any]:
    known = PARAMETERS.get(wanted.metric, ())
    kept = {name: told for name in known if (told := wanted.parameters.get(name)) not in (None, "")}
    if isinstance(kept.get("cron"), str):
        kept["cron"] = in_cron_words(kept["cron"])
    return kept


# What a form begins with, by family and metric: a rule that is right more often than not.
_USUAL: dict[str, dict[str, Any]] = {
    "error_rate": {"threshold": 0.05, "min_samples": 20},
    "failures": {"threshold": 5, "window_s": 900},
    "runs": {"comparison": Comparison.BELOW.value, "threshold": 1, "window_s": 3600, "no_data": NoData.FIRE.value},
    "duration_p50": {"threshold": 10_000, "window_s": 900, "min_samples": 20},
    "duration_p95": {"threshold": 30_000, "window_s": 900, "min_samples": 20},
    "duration_p99": {"threshold": 60_000, "window_s": 3600, "min_samples": 100},
    "duration_avg": {"threshold": 30_000, "window_s": 900, "min_samples": 20},
    "retry_rate": {"threshold": 0.5, "window_s": 3600, "min_samples": 20},
    "unmet_rate": {"threshold": 0.1, "window_s": 3600, "min_samples": 20},
    "tokens": {"threshold": 1_000_000, "window_s": 3600},
    "tokens_per_run": {"threshold": 20_000, "window_s": 3600, "min_samples": 10},
    "cost_usd": {"threshold": 10, "window_s": 3600},
    "cost_per_run_usd": {"threshold": 0.5, "window_s": 3600, "min_samples": 10},
    "api_calls": {"threshold": 10_000, "window_s": 3600},
    "peak_memory_bytes": {"threshold": 2e9, "window_s": 900},
    "storage_bytes": {"threshold": 10e9, "window_s": 86_400},
    "memory_share": {"threshold": 0.9, "window_s": 900},
    "storage_share": {"threshold": 0.9, "window_s": 900},
    "running_over": {"threshold": 2},
    "stuck": {"threshold": 600_000},
    "queued": {"threshold": 600_000},
    "failed_in_a_row": {"threshold": 1},
    "last_success": {"threshold": 86_400_000},
    "late": {"threshold": 2},
    "source_silent": {"threshold": 3_600_000},
    "burn_rate": {"threshold": 1},
    "budget_share": {"threshold": 0.8, "parameters": {"budget_usd": 100}},
    "budget_actual": {"threshold": None},
    "budget_forecast": {"threshold": None},
}


def usual(metric: Metric) -> dict[str, Any]:
    """Fields of a `Wanted` that a rule about this metric begins with."""
    begun = {"threshold": 0.0, "window_s": 300 if metric.has_window else 0}
    return {**begun, **_USUAL.get(metric.name, {})}


# How a number is typed: "5" percent, "30" seconds. What is kept is the metric's unit.
TYPED: dict[Unit, tuple[str, float]] = {
    Unit.SHARE: ("%", 0.01),
    Unit.COUNT: ("", 1),
    Unit.MS: ("s", 1000),
    Unit.USD: (gettext_noop("US dollars"), 1),
    Unit.TOKENS: (gettext_noop("tokens"), 1),
    Unit.BYTES: ("MB", 1_000_000),
    Unit.FACTOR: (gettext_noop("times"), 1),
}
