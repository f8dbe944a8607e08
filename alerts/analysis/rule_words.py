"""A rule in one sentence, for lists, pages, the API and notices: "Error rate above 5% in 5 minutes with at least 20
runs, of each workflow in production". Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from accounts import formats
from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop, ngettext
from alerts.analysis.catalogue import METRICS, STEPS, Family, Metric, Scope, Unit
from alerts.analysis.conditions import Comparison, Condition
from monitoring import wording

SCOPE_WORDS: dict[str, str] = {
    Scope.NODE: gettext_noop("step"),
    Scope.MODEL: gettext_noop("model"),
    Scope.PROVIDER: gettext_noop("provider"),
    Scope.SYSTEM: gettext_noop("external system"),
    Scope.TOOL: gettext_noop("tool"),
    Scope.RELEASE: gettext_noop("release"),
    Scope.TRIGGER: gettext_noop("trigger"),
    Scope.ERROR: gettext_noop("error"),
    Scope.INPUT_TYPE: gettext_noop("input type"),
    Scope.SOURCE: gettext_noop("source"),
    Scope.BUDGET: gettext_noop("budget"),
}
_EACH: dict[str, str] = {
    Scope.NODE: gettext_noop("each step"),
    Scope.MODEL: gettext_noop("each model"),
    Scope.PROVIDER: gettext_noop("each provider"),
    Scope.SYSTEM: gettext_noop("each external system"),
    Scope.TOOL: gettext_noop("each tool"),
    Scope.RELEASE: gettext_noop("each release"),
    Scope.TRIGGER: gettext_noop("each trigger"),
    Scope.ERROR: gettext_noop("each error"),
    Scope.INPUT_TYPE: gettext_noop("each input type"),
    Scope.SOURCE: gettext_noop("each source"),
    Scope.BUDGET: gettext_noop("each budget"),
}


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
    told, whose = condition_words(condition, target.scope), target_words(target)
    return _("{condition}, {target}").format(condition=told, target=whose)


def length_words(seconds: float) -> str:
    """A length of time that somebody set: `5 minutes`, `1 hour`, `90 seconds`."""
    unit_s = next((one for one in (86_400, 3_600, 60) if seconds % one == 0), 1)
    number = seconds / unit_s
    return _length(unit_s, round(number)).format(count=wording.count(number))


def _length(unit_s: int, number: int) -> str:
    if unit_s == 86_400:
        return ngettext("{count} day", "{count} days", number)
    if unit_s == 3_600:
        return ngettext("{count} hour", "{count} hours", number)
    if unit_s == 60:
        return ngettext("{count} minute", "{count} minutes", number)
    return ngettext("{count} second", "{count} seconds", number)


def value_words(metric: str, value: float | None) -> str:
    """A value of a metric as it is measured: `12.4%`, `36.2 s`, `$0.019`; of one not known any more: a plain number."""
    told = METRICS.get(metric)
    if value is None:
        return wording.not_told()
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
        return wording.not_told()
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
        return _("Unknown metric {name}").format(name=condition.metric)
    own = _OWN.get(condition.metric)
    words = own(condition) if own is not None else _compared(condition, metric)
    if metric.has_window and condition.window_s:
        words = _("{condition} in {length}").format(condition=words, length=length_words(condition.window_s))
    if condition.min_samples > 0:
        visits, runs = _("{condition} with at least {count} visits"), _("{condition} with at least {count} runs")
        least = wording.count(condition.min_samples)
        words = (visits if scope in STEPS else runs).format(condition=words, count=least)
    if condition.for_s:
        words = _("{condition}, for {length}").format(condition=words, length=length_words(condition.for_s))
    return words


def _compared(condition: Condition, metric: Metric) -> str:
    if condition.comparison is Comparison.UNUSUAL:
        above, below = _("{metric} above its usual range"), _("{metric} below its usual range")
        return (above if metric.worse > 0 else below).format(metric=metric.title)
    if condition.comparison is Comparison.UNUSUAL_EITHER:
        return _("{metric} outside its usual range").format(metric=metric.title)
    above, below = _("{metric} above {threshold}"), _("{metric} below {threshold}")
    told = above if condition.comparison is Comparison.ABOVE else below
    return told.format(metric=metric.title, threshold=_limit(condition))


def limit_words(comparison: str, metric: str, threshold: float) -> str:
    """A threshold with the side that is bad: `above 5%`."""
    told = _("below {threshold}") if comparison == Comparison.BELOW else _("above {threshold}")
    return told.format(threshold=threshold_words(metric, threshold))


def _schedule_words(condition: Condition) -> str:
    told = condition.parameters
    words = _("Missed or late schedule")
    if told.get("cron"):
        schedule = f"{told['cron']} ({told.get('zone') or 'UTC'})"
        words = _("Missed or late schedule: {schedule}").format(schedule=schedule)
    elif told.get("period_s"):
        length = length_words(told["period_s"])
        words = _("Missed or late schedule: every {length}").format(length=length)
    if told.get("grace_s"):
        words = _("{condition}, {length} of grace").format(condition=words, length=length_words(told["grace_s"]))
    return words


def _limit(condition: Condition) -> str:
    return threshold_words(condition.metric, condition.threshold)


def _in_a_row(condition: Condition) -> str:
    number = int(condition.threshold or 0) + 1
    told = ngettext("At least {count} failure in a row", "At least {count} failures in a row", number)
    return told.format(count=number)


def _burn_words(condition: Condition) -> str:
    """Alarms of slower burns than the threshold are left out; 1 is the slowest that any alarm is about."""
    is_any = (condition.threshold or 1) <= 1
    if is_any:
        return _("Error budget burns too fast")
    return _("Error budget burns too fast, at {threshold} or more").format(threshold=_limit(condition))


def _limited(condition: Condition, limited: str, usually: str = "") -> str:
    """The sentence with the threshold; the other one where there is none."""
    return usually if usually and condition.threshold is None else limited.format(threshold=_limit(condition))


def _of_month(condition: Condition) -> str:
    budget = wording.usd(Decimal(str(condition.parameters.get("budget_usd") or 0)))
    return _("Over {threshold} of {budget} spent in the month").format(threshold=_limit(condition), budget=budget)


_OWN: dict[str, Callable[[Condition], str]] = {
    "last_run_failed": lambda told: _("Last run failed"),
    "new_group": lambda told: _("New failure group"),
    "returned_group": lambda told: _("Failure group is back"),
    "failed_in_a_row": _in_a_row,
    "missed_schedule": _schedule_words,
    "running_over": lambda told: _limited(told, _("Running longer than {threshold} its expected duration")),
    "stuck": lambda told: _limited(told, _("No report for {threshold} while running")),
    "queued": lambda told: _limited(told, _("Waiting in a queue for over {threshold}")),
    "last_success": lambda told: _limited(told, _("No success for {threshold}"), _("No success for longer than usual")),
    "late": lambda told: _limited(told, _("Later than {threshold} its usual interval")),
    "source_silent": lambda told: _limited(told, _("Silent for {threshold}"), _("Silent for longer than usual")),
    "burn_rate": _burn_words,
    "budget_actual": lambda told: _limited(
        told, _("Budget spent over {threshold}"), _("Budget spent over its own threshold")
    ),
    "budget_forecast": lambda told: _limited(
        told, _("Forecast of a budget over {threshold}"), _("Forecast of a budget over its own threshold")
    ),
    "budget_share": _of_month,
}


def target_words(target: Target) -> str:
    """What it looks at: `of each model of checkout in production`."""
    if target.scope in (Scope.SOURCE, Scope.BUDGET):
        return _("of {subject}").format(subject=_scope_words(target))
    subject = target.workflow or (_("each workflow") if target.is_per_workflow else _("all workflows together"))
    if target.scope:
        subject = _("{part} of {whole}").format(part=_scope_words(target), whole=subject)
    if target.environment:
        return _("of {subject} in {environment}").format(subject=subject, environment=target.environment)
    return _("of {subject} in all environments").format(subject=subject)


def _scope_words(target: Target) -> str:
    return named(target.scope, target.value) if target.value else each(target.scope)


def each(scope: str) -> str:
    """All values of a scope, one by one: `each model`."""
    return _(_EACH[scope]) if scope in _EACH else _("each {kind}").format(kind=scope)


def named(scope: str, value: str) -> str:
    """One value of a scope: `model gpt-5`; without a scope the value alone."""
    kind = _(SCOPE_WORDS[scope]) if scope in SCOPE_WORDS else scope
    return _("{kind} {value}").format(kind=kind, value=value) if kind else value


def family_of(metric: str) -> Family | None:
    """Which reader measures a metric; None for a word that is none."""
    told = METRICS.get(metric)
    return told.family if told else None
