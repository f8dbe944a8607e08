"""The rules that each team has from the start, as plain values. Pure.

They are chosen so that silence can be trusted and nobody is woken twice for one thing. Which of those about failures
look at a workflow depends on how often it runs: under one run an hour the last runs, up to 240 an hour a streak, above
that (20 runs in 5 minutes) the rate. docs/alerts/metrics.md says what each is for.
"""

from dataclasses import dataclass, field
from typing import Any

from alerts.analysis.catalogue import Scope
from alerts.analysis.conditions import Comparison, Severity

# Grows when rules are added: teams that have an older one get those.
VERSION = 2
_HOUR_S, _DAY_S = 3_600, 86_400
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """A rule by its key, which never changes; `fields` are those of a rule that differ from an empty one."""

    key: str
    name: str
    metric: str
    severity: Severity
    threshold: float | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    text: str = ""

    def as_fields(self) -> dict[str, Any]:
        """All fields of the rule, by name."""
        told = {"default_key": self.key, "name": self.name, "metric": self.metric, "severity": self.severity.value}
        return {**told, "threshold": self.threshold, "text": self.text, "window_s": 0, **self.fields}


_UNUSUAL = {"comparison": Comparison.UNUSUAL.value}
_OF_BUDGETS = {"scope": Scope.BUDGET.value, "is_per_workflow": False, "environment": ""}

DEFAULT_RULES = (
    DefaultRule(
        "error-rate",
        "Error rate over 5%",
        "error_rate",
        Severity.WARNING,
        0.05,
        {"window_s": 300, "min_samples": 20, "clear_threshold": 0.03, "keep_firing_s": 300},
        "The page shows where failures gather. Begin with the first failed step of a sample.",
    ),
    DefaultRule(
        "last-run-failed",
        "Last run failed",
        "last_run_failed",
        Severity.INFO,
        0.0,
        text="Workflows with under one run an hour. Replay shows which step left the healthy path.",
    ),
    DefaultRule(
        "two-in-a-row",
        "Two failures in a row",
        "failed_in_a_row",
        Severity.WARNING,
        1.0,
        {"parameters": {"max_runs_per_hour": 1}},
        "Workflows with under one run an hour: it does not heal by itself.",
    ),
    DefaultRule(
        "five-in-a-row",
        "Five failures in a row",
        "failed_in_a_row",
        Severity.CRITICAL,
        4.0,
        {"parameters": {"min_runs_per_hour": 1, "max_runs_per_hour": 240}},
        "Workflows with 1 to 240 runs an hour: nothing gets through any more.",
    ),
    DefaultRule(
        "late",
        "Later than usual",
        "late",
        Severity.WARNING,
        1.5,
        text="Look at what starts it: the schedule, the webhook, the queue. A schedule makes it exact to the minute.",
    ),
    DefaultRule(
        "missed-schedule",
        "Missed its schedule",
        "missed_schedule",
        Severity.WARNING,
        0.0,
        text="Only workflows whose schedule is known: set on their page, or told by what runs them.",
    ),
    DefaultRule(
        "running-over",
        "Running longer than usual",
        "running_over",
        Severity.INFO,
        2.0,
        {"keep_firing_s": 600},
        "Twice the time that 95 of 100 runs take.",
    ),
    DefaultRule(
        "stuck",
        "No report for an hour",
        "stuck",
        Severity.WARNING,
        float(_HOUR_MS),
        text="The run says that it is at work, and reports nothing: its worker may be gone.",
    ),
    DefaultRule(
        "burn-rate",
        "Error budget burns too fast",
        "burn_rate",
        Severity.CRITICAL,
        1.0,
        {"keep_firing_s": 900},
        "Only workflows with an objective for their success rate.",
    ),
    DefaultRule(
        "unusual-cost",
        "Cost of a day outside its usual range",
        "cost_usd",
        Severity.INFO,
        None,
        {**_UNUSUAL, "window_s": _DAY_S, "min_samples": 20, "for_s": _HOUR_S},
        "Trends shows which model and step it went to.",
    ),
    DefaultRule(
        "memory",
        "Near its limit of memory",
        "memory_share",
        Severity.WARNING,
        0.9,
        {"window_s": 900, "clear_threshold": 0.85, "keep_firing_s": 1_800},
        "The next larger input may end it.",
    ),
    DefaultRule(
        "storage",
        "Near its limit of storage",
        "storage_share",
        Severity.WARNING,
        0.9,
        {"window_s": 900, "clear_threshold": 0.85, "keep_firing_s": 1_800},
        "The next larger output may end it.",
    ),
    DefaultRule(
        "source-silent",
        "Source silent",
        "source_silent",
        Severity.WARNING,
        None,
        {**_UNUSUAL, "scope": Scope.SOURCE.value, "is_per_workflow": False, "environment": ""},
        "Nothing is known of its workflows until it reports again: no other rule can tell.",
    ),
    DefaultRule(
        "new-group",
        "New failure group",
        "new_group",
        Severity.INFO,
        0.0,
        text="A failure that this workflow did not have before.",
    ),
    DefaultRule(
        "returned-group",
        "Failure group is back",
        "returned_group",
        Severity.WARNING,
        0.0,
        text="It was resolved. The page says in which release, and which one brought it back.",
    ),
    DefaultRule(
        "budget-forecast",
        "Budget will be passed",
        "budget_forecast",
        Severity.WARNING,
        1.0,
        {**_OF_BUDGETS, "clear_threshold": 0.95, "for_s": _HOUR_S},
        "Only teams with a budget. The page of the budget shows by when, and what the lines are.",
    ),
    DefaultRule(
        "budget-passed",
        "Budget is passed",
        "budget_actual",
        Severity.CRITICAL,
        1.0,
        _OF_BUDGETS,
        "Only teams with a budget. It is over until the next month begins, or the amount is raised.",
    ),
)
