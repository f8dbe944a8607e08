"""How the form of a rule names its fields and their choices, in the language of the reader."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from alerts.analysis.catalogue import Family, Metric
from alerts.analysis.conditions import Comparison, NoData
from alerts.analysis.wanted import TYPED

_FIELDS = {
    "name": gettext_noop("Name"),
    "metric": gettext_noop("Metric"),
    "workflow": gettext_noop("Workflow"),
    "scope": gettext_noop("One by one"),
    "value": gettext_noop("Which one"),
    "environment": gettext_noop("Environment"),
    "comparison": gettext_noop("Comparison"),
    "threshold": gettext_noop("Threshold"),
    "clear_threshold": gettext_noop("Clears at"),
    "window_s": gettext_noop("Window"),
    "delay_s": gettext_noop("Wait for late data"),
    "min_samples": gettext_noop("Least runs"),
    "for_s": gettext_noop("For"),
    "keep_firing_s": gettext_noop("Keep firing"),
    "no_data": gettext_noop("Without data"),
    "severity": gettext_noop("Severity"),
    "tags": gettext_noop("Tags"),
    "text": gettext_noop("What to do"),
    "url": gettext_noop("Link"),
    "cron": gettext_noop("Cron expression"),
    "zone": gettext_noop("Time zone"),
    "period_s": gettext_noop("Period"),
    "grace_s": gettext_noop("Grace"),
    "budget_usd": gettext_noop("Budget"),
    "is_per_workflow": gettext_noop("Workflow"),
    "min_runs_per_hour": gettext_noop("Least runs an hour"),
    "max_runs_per_hour": gettext_noop("Most runs an hour"),
}
_BUDGETS, _ONE_AFTER_OTHER = gettext_noop("Objectives and budgets"), gettext_noop("One run after the other")
# The headings under which metrics stand, by family, as they are marked.
GROUPS = {
    Family.ROLLUP: gettext_noop("Figures over a window"),
    Family.BURN: _BUDGETS,
    Family.BUDGET: _BUDGETS,
    Family.COST_BUDGET: _BUDGETS,
    Family.LIVE: gettext_noop("While it runs"),
    Family.RECENT: _ONE_AFTER_OTHER,
    Family.SCHEDULE: _ONE_AFTER_OTHER,
    Family.SOURCE: gettext_noop("Sources"),
    Family.GROUP: gettext_noop("Failure groups"),
}
_COMPARISONS = {
    Comparison.ABOVE: gettext_noop("above"),
    Comparison.BELOW: gettext_noop("below"),
    Comparison.UNUSUAL: gettext_noop("outside its usual range, where it gets worse"),
    Comparison.UNUSUAL_EITHER: gettext_noop("outside its usual range, on either side"),
}
_NO_DATA = {
    NoData.UNKNOWN: gettext_noop("Say so: nothing opens, nothing resolves"),
    NoData.OK: gettext_noop("Take it as fine"),
    NoData.FIRE: gettext_noop("Take it as the fault"),
}


def label_of(field: str) -> str:
    """A field as the form names it; one that it does not have as programs do."""
    return _(_FIELDS[field]) if field in _FIELDS else field


def comparison_words(comparison: Comparison) -> str:
    """When the condition holds, as a choice."""
    return _(_COMPARISONS[comparison])


def no_data_words(no_data: NoData) -> str:
    """What a window without enough samples means, as a choice."""
    return _(_NO_DATA[no_data])


def unit_words(metric: Metric) -> str:
    """How a threshold is typed; empty for a plain number."""
    unit = TYPED[metric.unit][0]
    return _(unit) if unit else ""
