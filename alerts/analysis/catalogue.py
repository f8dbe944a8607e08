"""The metrics that a rule may be about: one table, from which forms, the API, words and the evaluator are made.

A figure that pages show has its definition where pages have it (`monitoring.reads.figures`); this table only names it.
"""

from dataclasses import dataclass
from enum import StrEnum

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop


class Family(StrEnum):
    """Where the value of a metric comes from, and so which reader measures it."""

    ROLLUP = "rollup"  # a figure over a window, from rollups
    LIVE = "live"  # executions at work now
    RECENT = "recent"  # the latest executions of a workflow, one after the other
    SCHEDULE = "schedule"  # when a workflow should have run, and did not
    SOURCE = "source"  # when a source reported last
    GROUP = "group"  # failure groups that are new or back
    BURN = "burn"  # the error budget of an objective
    BUDGET = "budget"  # money spent since the first of the month (UTC)
    COST_BUDGET = "cost_budget"  # budgets of costs, each by itself


class Unit(StrEnum):
    """What a value is measured in; it says how it is written."""

    SHARE = "share"  # of 1, written in percent
    COUNT = "count"
    MS = "ms"
    USD = "usd"
    TOKENS = "tokens"
    BYTES = "bytes"
    FACTOR = "factor"  # times something


class Scope(StrEnum):
    """What a rule may look at one by one; the names that addresses and the API use."""

    WORKFLOW = "workflow"
    NODE = "step"
    MODEL = "model"
    PROVIDER = "provider"
    SYSTEM = "system"
    TOOL = "tool"
    RELEASE = "release"
    TRIGGER = "trigger"
    ERROR = "error"
    INPUT_TYPE = "input"
    SOURCE = "source"
    BUDGET = "budget"


STEPS = frozenset({Scope.NODE, Scope.MODEL, Scope.PROVIDER, Scope.SYSTEM, Scope.TOOL})
RUNS = frozenset({Scope.RELEASE, Scope.TRIGGER, Scope.ERROR, Scope.INPUT_TYPE})
_ANY = STEPS | RUNS
_COUNTED = STEPS | RUNS


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name on the wire, its label in English, and what a rule about it may say.

    `scopes` are what it may be split by beside the workflow. `has_window`: it is measured over a window. `has_usual`:
    "outside its usual range" can be asked of it. `worse` is the direction in which it gets worse: 1 up, -1 down.
    """

    name: str
    label: str
    family: Family
    unit: Unit
    scopes: frozenset[Scope] = frozenset()
    has_window: bool = True
    has_usual: bool = False
    worse: int = 1

    @property
    def title(self) -> str:
        """Its label as pages name it, in the language of the reader."""
        return _(self.label)


def _rollup(
    name: str, label: str, unit: Unit, scopes: frozenset[Scope] = _ANY, *, has_usual: bool = True, worse: int = 1
) -> Metric:
    return Metric(name, label, Family.ROLLUP, unit, scopes, has_usual=has_usual, worse=worse)


def _state(
    name: str,
    label: str,
    family: Family,
    unit: Unit,
    scopes: frozenset[Scope] = frozenset(),
    *,
    has_usual: bool = False,
) -> Metric:
    return Metric(name, label, family, unit, scopes, has_window=False, has_usual=has_usual)


_TABLE = (
    _rollup("error_rate", gettext_noop("Error rate"), Unit.SHARE),
    _rollup("failures", gettext_noop("Failures"), Unit.COUNT, _COUNTED),
    _rollup("runs", gettext_noop("Runs"), Unit.COUNT, _COUNTED, worse=-1),
    _rollup("duration_p50", gettext_noop("p50 latency"), Unit.MS),
    _rollup("duration_p95", gettext_noop("p95 latency"), Unit.MS),
    _rollup("duration_p99", gettext_noop("p99 latency"), Unit.MS),
    _rollup("duration_avg", gettext_noop("Average latency"), Unit.MS),
    _rollup("retry_rate", gettext_noop("Retries per run"), Unit.FACTOR),
    _rollup("unmet_rate", gettext_noop("Succeeded without meeting its criteria"), Unit.SHARE, RUNS),
    _rollup("tokens", gettext_noop("Tokens"), Unit.TOKENS),
    _rollup("tokens_per_run", gettext_noop("Tokens per run"), Unit.TOKENS),
    _rollup("cost_usd", gettext_noop("Cost"), Unit.USD),
    _rollup("cost_per_run_usd", gettext_noop("Cost per run"), Unit.USD),
    _rollup("api_calls", gettext_noop("API calls"), Unit.COUNT, RUNS),
    _rollup("peak_memory_bytes", gettext_noop("Peak memory"), Unit.BYTES, RUNS),
    _rollup("storage_bytes", gettext_noop("Storage written"), Unit.BYTES, RUNS),
    _rollup("memory_share", gettext_noop("Peak memory of its limit"), Unit.SHARE, frozenset(), has_usual=False),
    _rollup("storage_share", gettext_noop("Storage of its limit"), Unit.SHARE, frozenset(), has_usual=False),
    _state("running_over", gettext_noop("Running longer than expected"), Family.LIVE, Unit.FACTOR),
    _state("stuck", gettext_noop("No report while running"), Family.LIVE, Unit.MS),
    _state("queued", gettext_noop("Waiting in a queue"), Family.LIVE, Unit.MS),
    _state("last_run_failed", gettext_noop("Last run failed"), Family.RECENT, Unit.COUNT),
    _state("failed_in_a_row", gettext_noop("Failures in a row"), Family.RECENT, Unit.COUNT),
    _state("last_success", gettext_noop("Time since the last success"), Family.RECENT, Unit.MS, has_usual=True),
    _state("late", gettext_noop("Later than its usual interval"), Family.RECENT, Unit.FACTOR),
    _state("missed_schedule", gettext_noop("Missed or late schedule"), Family.SCHEDULE, Unit.COUNT),
    _state(
        "source_silent",
        gettext_noop("Source silent"),
        Family.SOURCE,
        Unit.MS,
        frozenset({Scope.SOURCE}),
        has_usual=True,
    ),
    _state("new_group", gettext_noop("New failure group"), Family.GROUP, Unit.COUNT),
    _state("returned_group", gettext_noop("Failure group is back"), Family.GROUP, Unit.COUNT),
    _state("burn_rate", gettext_noop("Error budget burns too fast"), Family.BURN, Unit.FACTOR),
    Metric("budget_share", gettext_noop("Spent of the month's budget"), Family.BUDGET, Unit.SHARE, has_window=False),
    _state("budget_actual", gettext_noop("Budget spent"), Family.COST_BUDGET, Unit.SHARE, frozenset({Scope.BUDGET})),
    _state(
        "budget_forecast",
        gettext_noop("Budget by its forecast"),
        Family.COST_BUDGET,
        Unit.SHARE,
        frozenset({Scope.BUDGET}),
    ),
)
METRICS: dict[str, Metric] = {one.name: one for one in _TABLE}
