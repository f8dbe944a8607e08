"""Alerts in words: what broke, and how bad it is in figures. Nothing here holds anything of a payload."""

from collections.abc import Sequence
from functools import reduce

from django.utils.translation import gettext as _

from alerts.analysis.catalogue import METRICS, Family, Metric, Unit
from alerts.analysis.conditions import Comparison
from alerts.analysis.rule_words import value_words
from alerts.models import AlertRule
from monitoring import wording

MAX_TITLE = 300
# Values of these say less than their name does.
_OF_BUDGET = {
    "budget_actual": "Budget {1}: {0} of it spent",
    "budget_forecast": "Budget {1}: {0} of it by the forecast",
}
_NAMED = frozenset({Family.LIVE, Family.RECENT, Family.SCHEDULE, Family.SOURCE, Family.GROUP})


def metric_label(metric: str) -> str:
    """A metric as pages name it."""
    found = METRICS.get(metric)
    return found.title if found else metric


def either(words: Sequence[str]) -> str:
    """`critical or warning`."""
    told = _("{first} or {last}")
    return reduce(lambda first, last: told.format(first=first, last=last), words)


def both(words: Sequence[str]) -> str:
    """`info and warning`."""
    told = _("{first} and {last}")
    return reduce(lambda first, last: told.format(first=first, last=last), words)


def title_words(metric: str, value: float | None, workflow: str, scoped: str) -> str:
    """What broke: `Error rate 12.4% of checkout`, `Last run failed: checkout`. `scoped` is a value of the scope.

    It is kept with the incident, so it is English.
    """
    found = METRICS.get(metric)
    subject = " in ".join(part for part in (scoped, workflow) if part) or "all workflows"
    if found is not None and value is not None and (told := _OF_BUDGET.get(metric)):
        return told.format(value_words(metric, value), scoped)[:MAX_TITLE]
    if value is None or found is None or found.family in _NAMED:
        return f"{found.label if found else metric}: {subject}"[:MAX_TITLE]
    return f"{found.label} {value_words(metric, value)} of {subject}"[:MAX_TITLE]


def how_bad_words(
    rule: AlertRule, value: float | None, limit: float | None, samples: int, usual: tuple[float | None, float | None]
) -> str:
    """How bad it is: `31 of 250 runs in 5 min, limit 5.0%`; with its usual range where the rule asks for that. It is
    kept with the incident, so it is English."""
    metric = METRICS.get(rule.metric)
    if metric is None or value is None:
        return ""
    parts = [_measured(metric, value, samples), _window(rule, metric)]
    return ", ".join([" in ".join(one for one in parts if one), *_limit(rule, limit, usual)])


def _measured(metric: Metric, value: float, samples: int) -> str:
    shown = value_words(metric.name, value)
    if metric.unit is Unit.SHARE and metric.name in ("error_rate", "unmet_rate") and samples:
        return f"{wording.count(value * samples)} of {wording.count(samples)} runs"
    return f"{shown} over {wording.count(samples)} runs" if samples and metric.unit is not Unit.COUNT else shown


def _window(rule: AlertRule, metric: Metric) -> str:
    return wording.plain_duration_ms(rule.window_s * 1000) if metric.has_window and rule.window_s else ""


def _limit(rule: AlertRule, limit: float | None, usual: tuple[float | None, float | None]) -> list[str]:
    low, high = usual
    if rule.comparison in (Comparison.UNUSUAL, Comparison.UNUSUAL_EITHER) and low is not None and high is not None:
        return [f"usually {value_words(rule.metric, low)} to {value_words(rule.metric, high)}"]
    if limit is None:
        return []
    word = "least" if rule.comparison == Comparison.BELOW else "limit"
    return [f"{word} {value_words(rule.metric, limit)}"]


def many(count: int, word: str) -> str:
    """`1 workflow`, `5 workflows`."""
    return f"{wording.count(count)} {word}{'' if count == 1 else 's'}"
