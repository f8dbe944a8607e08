"""A rule in one sentence, for lists, pages, the API and notices: "Error rate above 5% in 5 minutes with at least 20
runs, of each workflow in production". Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from accounts import formats
from alerts.analysis.catalogue import METRICS, STEPS, Family, Scope, Unit
from alerts.analysis.conditions import Comparison, Condition
from monitoring import wording

SCOPE_WORDS: dict[str, str] = {
    Scope.NODE: "step",
    Scope.MODEL: "model",
    Scope.PROVIDER: "provider",
    Scope.SYSTEM: "external system",
    Scope.TOOL: "tool",
    Scope.RELEASE: "release",
    Scope.TRIGGER: "trigger",
    Scope.ERROR: "error",
    Scope.INPUT_TYPE: "input type",
    Scope.SOURCE: "source",
    Scope.BUDGET: "budget",
}
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


@dataclass(frozen=True, slots=True)
class Target:
    """What a rule looks at, by names. `workflow` is empty for the whole team; empty `environment`: all of them."""

    workflow: str = ""
    is_per_workflow: bool = True
    scope: str = ""
    value: str = ""
    environment: str = ""


def rule_words(condition: Condition, target: Target) -> str:
    """The whole sentence, without a full stop."""
    return f"{condition_words(condition, target.scope)}, {target_words(target)}"


def length_words(seconds: float) -> str:
    """A length of time that somebody set: `5 minutes`, `1 hour`, `90 seconds`."""
    unit_s, unit = next((one for one in _UNITS if seconds % one[0] == 0), _UNITS[-1])
    number = seconds / unit_s
    return f"{wording.count(number)} {unit}{'' if number == 1 else 's'}"


def value_words(metric: str, value: float | None) -> str:
    """A value of a metric as it is measured: `12.4%`, `36.2 s`, `$0.019`; of one not known any more: a plain number."""
    told = METRICS.get(metric)
    if value is None:
        return wording.NOT_TOLD
    if told is None:
        return formats.number(f"{value:g}")
    if told.unit is Unit.FACTOR:
        return formats.number(f"{value:,.2f}") if metric == "retry_rate" else wording.times(value)
    write: dict[Unit, Callable[[float], str]] = {
        Unit.SHARE: wording.percent,
        Unit.MS: wording.duration_ms,
        Unit.TOKENS: wording.tokens,
        Unit.BYTES: wording.bytes_size,
    }
    if told.unit is Unit.USD:
        return wording.usd(Decimal(str(value)))
    return write.get(told.unit, _number)(value)


def threshold_words(metric: str, value: float | None) -> str:
    """A threshold, with only the digits that somebody set: `5%`, `30 s`."""
    told = METRICS.get(metric)
    if value is None or told is None:
        return wording.NOT_TOLD
    if told.unit is Unit.SHARE:
        return wording.plain_percent(value)
    if told.unit is Unit.MS:
        return wording.plain_duration_ms(value)
    if told.unit is Unit.FACTOR:
        number = formats.number(f"{value:g}")
        return number if metric == "retry_rate" else f"{number}\N{MULTIPLICATION SIGN}"
    return value_words(metric, value)


def _number(value: float) -> str:
    return wording.count(value) if float(value).is_integer() else formats.number(f"{value:,g}")


def condition_words(condition: Condition, scope: str = "") -> str:
    """What must hold: `Error rate above 5% in 5 minutes with at least 20 runs, for 10 minutes`."""
    metric = METRICS.get(condition.metric)
    if metric is None:
        return f"Unknown metric {condition.metric}"
    if (own := _OWN.get(condition.metric)) is not None:
        words = own(condition)
    else:
        words = f"{metric.label} {_comparison_words(condition)}"
    if metric.has_window and condition.window_s:
        words += f" in {length_words(condition.window_s)}"
    if condition.min_samples > 0:
        visits = "visits" if scope in STEPS else "runs"
        words += f" with at least {wording.count(condition.min_samples)} {visits}"
    return f"{words}, for {length_words(condition.for_s)}" if condition.for_s else words


def _comparison_words(condition: Condition) -> str:
    metric = METRICS[condition.metric]
    if condition.comparison is Comparison.UNUSUAL:
        return f"{'above' if metric.worse > 0 else 'below'} its usual range"
    if condition.comparison is Comparison.UNUSUAL_EITHER:
        return "outside its usual range"
    return f"{condition.comparison.value} {threshold_words(condition.metric, condition.threshold)}"


def _schedule_words(condition: Condition) -> str:
    told = condition.parameters
    if told.get("cron"):
        when = f": {told['cron']} ({told.get('zone') or 'UTC'})"
    elif told.get("period_s"):
        when = f": every {length_words(told['period_s'])}"
    else:
        when = ""
    grace = f", {length_words(told['grace_s'])} of grace" if told.get("grace_s") else ""
    return f"Missed or late schedule{when}{grace}"


def _limit(condition: Condition) -> str:
    return threshold_words(condition.metric, condition.threshold)


def _in_a_row(condition: Condition) -> str:
    number = int(condition.threshold or 0) + 1
    return f"At least {number} {'failure' if number == 1 else 'failures'} in a row"


def _burn_words(condition: Condition) -> str:
    """Alarms of slower burns than the threshold are left out; 1 is the slowest that any alarm is about."""
    is_any = (condition.threshold or 1) <= 1
    return "Error budget burns too fast" + ("" if is_any else f", at {_limit(condition)} or more")


def _budget_words(what: str) -> Callable[[Condition], str]:
    def words(condition: Condition) -> str:
        return f"{what} {'its own threshold' if condition.threshold is None else _limit(condition)}"

    return words


_OWN: dict[str, Callable[[Condition], str]] = {
    "last_run_failed": lambda condition: "Last run failed",
    "new_group": lambda condition: "New failure group",
    "returned_group": lambda condition: "Failure group is back",
    "failed_in_a_row": _in_a_row,
    "missed_schedule": _schedule_words,
    "running_over": lambda told: f"Running longer than {_limit(told)} its expected duration",
    "stuck": lambda told: f"No report for {_limit(told)} while running",
    "queued": lambda told: f"Waiting in a queue for over {_limit(told)}",
    "last_success": lambda told: f"No success for {'longer than usual' if told.threshold is None else _limit(told)}",
    "late": lambda told: f"Later than {_limit(told)} its usual interval",
    "source_silent": lambda told: f"Silent for {'longer than usual' if told.threshold is None else _limit(told)}",
    "burn_rate": _burn_words,
    "budget_actual": _budget_words("Budget spent over"),
    "budget_forecast": _budget_words("Forecast of a budget over"),
    "budget_share": lambda told: (
        f"Over {_limit(told)} of {wording.usd(Decimal(str(told.parameters.get('budget_usd') or 0)))} spent in the month"
    ),
}


def target_words(target: Target) -> str:
    """What it looks at: `of each model of checkout in production`."""
    where = f" in {target.environment}" if target.environment else " in all environments"
    if target.scope in (Scope.SOURCE, Scope.BUDGET):
        return f"of {_scope_words(target)}"
    whose = target.workflow or ("each workflow" if target.is_per_workflow else "all workflows together")
    return f"of {_scope_words(target)} of {whose}{where}" if target.scope else f"of {whose}{where}"


def _scope_words(target: Target) -> str:
    kind = SCOPE_WORDS.get(target.scope, target.scope)
    return f"{kind} {target.value}" if target.value else f"each {kind}"


def family_of(metric: str) -> Family | None:
    """Which reader measures a metric; None for a word that is none."""
    told = METRICS.get(metric)
    return told.family if told else None
