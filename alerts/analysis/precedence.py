"""Which incident of a workflow stands for which other one, so that one thing is told once. Pure, a table."""

from alerts.analysis.catalogue import METRICS, Family
from alerts.analysis.conditions import Severity

# What says that many runs fail stands for what says that one did.
LEADING = frozenset({"error_rate", "failures", "burn_rate"})
LED = frozenset({"last_run_failed", "failed_in_a_row", "last_success", "new_group", "returned_group"})
# What a failing dependency explains: failures, and runs that wait for it.
EXPLAINED = LEADING | LED | {"retry_rate", "running_over", "stuck"}
EXPLAINED |= {name for name in METRICS if name.startswith("duration_")}
# What a slow one explains.
SLOWED = frozenset({name for name in METRICS if name.startswith("duration_")} | {"running_over"})
_RANK = {one: place for place, one in enumerate(Severity)}


def stands_for(metric: str, severity: str, other: str, other_severity: str) -> bool:
    """Whether an incident of `metric` stands for another one of the same workflow and environment."""
    is_led = metric in LEADING and other in LED
    return is_led and _RANK[Severity(severity)] >= _RANK[Severity(other_severity)]


def is_about_runs(metric: str) -> bool:
    """Whether failed runs are samples of what the metric says."""
    found = METRICS.get(metric)
    families = (Family.ROLLUP, Family.RECENT, Family.GROUP, Family.BURN)
    return found is not None and found.family in families and metric in EXPLAINED
