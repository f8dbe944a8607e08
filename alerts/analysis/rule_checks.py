"""What a rule may say: limits, and why one is refused, by field. Pure; what needs the database stands in
`alerts.services.rules`."""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from accounts import formats
from alerts.analysis.catalogue import METRICS, Family, Metric, Unit
from alerts.analysis.conditions import Comparison, NoData, Severity
from alerts.analysis.rule_words import threshold_words
from alerts.analysis.schedules import check_schedule, has_schedule
from alerts.analysis.wanted import OWN_THRESHOLDS, UNASKED, Wanted

MAX_NAME, MAX_TEXT, MAX_URL, MAX_TAGS, MAX_TAG, MAX_VALUE = 200, 2_000, 2_000, 20, 60, 500
MIN_WINDOW_S, MAX_WINDOW_S = 60, 30 * 86_400
DAY_S = 86_400
# A rule that waits longer than this to fire, to clear or for late data says nothing any more.
MAX_FOR_S, MAX_KEEP_S, MAX_DELAY_S = 86_400, 86_400, 3_600
MAX_SAMPLES = 1_000_000
MAX_NUMBER = 1e15
# Of a share of a limit or a budget: it may be exceeded.
MAX_SHARE_OF_LIMIT = 100.0
_OVER_ONE = frozenset({"memory_share", "storage_share", "budget_share", *OWN_THRESHOLDS})
# What these look at is no workflow.
_ONLY_SCOPE = {Family.SOURCE: "source", Family.COST_BUDGET: "budget"}
_USUAL = (Comparison.UNUSUAL, Comparison.UNUSUAL_EITHER)
Faults = dict[str, str]


def faults(wanted: Wanted) -> Faults:
    """Why it is refused, by field: reason and limit. Empty: nothing speaks against it."""
    metric = METRICS.get(wanted.metric)
    found = _text_faults(wanted)
    found |= _word_fault("comparison", wanted.comparison, Comparison) | _word_fault("no_data", wanted.no_data, NoData)
    found |= _word_fault("severity", wanted.severity, Severity)
    if metric is None:
        return found | {"metric": f"is not known. Known: {', '.join(METRICS)}"}
    found |= _scope_faults(wanted, metric)
    if "comparison" not in found:
        found |= _comparison_faults(wanted, metric)
    found |= _length_faults(wanted, metric)
    return found | _parameter_faults(wanted)


def _word_fault(field: str, told: Any, kind: type[StrEnum]) -> Faults:
    words = [one.value for one in kind]
    return {} if told in words else {field: f"must be one of: {', '.join(words)}"}


def _text_faults(wanted: Wanted) -> Faults:
    found: Faults = {}
    limits = {"name": MAX_NAME, "text": MAX_TEXT, "url": MAX_URL, "value": MAX_VALUE, "environment": MAX_NAME}
    for field, most in limits.items():
        told = getattr(wanted, field)
        if not isinstance(told, str) or len(told) > most or "\x00" in told:
            found[field] = f"must be a text of at most {formats.count(most)} characters, without NUL"
    if "name" not in found and not wanted.name.strip():
        found["name"] = "must be told"
    if "url" not in found and wanted.url and not _is_web_address(wanted.url):
        found["url"] = "must be an address with http or https"
    if len(wanted.tags) > MAX_TAGS or not all(_is_tag(tag) for tag in wanted.tags):
        found["tags"] = f"must be at most {MAX_TAGS} words of up to {MAX_TAG} characters"
    return found


def _is_tag(tag: Any) -> bool:
    return isinstance(tag, str) and 0 < len(tag.strip()) <= MAX_TAG and tag.isprintable()


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and text.isprintable() and " " not in text


def _scope_faults(wanted: Wanted, metric: Metric) -> Faults:
    if wanted.scope and wanted.scope not in metric.scopes:
        allowed = ", ".join(sorted(metric.scopes)) or "nothing but workflows"
        return {"scope": f"{metric.label} can be split by: {allowed}"}
    if (only := _ONLY_SCOPE.get(metric.family)) is not None:
        return {"scope": f"must be {only}"} if wanted.scope != only else {}
    if metric.family is Family.SCHEDULE and wanted.workflow_id is None and has_schedule(wanted.parameters):
        return {"workflow": "must be told: a schedule belongs to one workflow. Without one, each workflow's own counts"}
    is_together = wanted.workflow_id is None and not wanted.is_per_workflow
    if is_together and metric.family in (Family.RECENT, Family.SCHEDULE, Family.BURN):
        return {"is_per_workflow": f"{metric.label} is told of one workflow at a time, not of all together"}
    return {}


def _comparison_faults(wanted: Wanted, metric: Metric) -> Faults:
    comparison = Comparison(wanted.comparison)
    if comparison in _USUAL:
        return {} if metric.has_usual else {"comparison": f"{metric.label} has no usual range"}
    if comparison is Comparison.BELOW and not metric.has_window:
        return {"comparison": f"{metric.label} can only be above a threshold"}
    found = _number_fault("threshold", wanted, metric, comparison)
    if wanted.clear_threshold is None or found:
        return found
    found = _number_fault("clear_threshold", wanted, metric, comparison)
    if not found and (wanted.clear_threshold > (wanted.threshold or 0)) == (comparison is Comparison.ABOVE):
        side = "at or below" if comparison is Comparison.ABOVE else "at or above"
        is_same = wanted.clear_threshold == wanted.threshold
        return {} if is_same else {"clear_threshold": f"must be {side} the threshold, else it would never clear"}
    return found


def _number_fault(field: str, wanted: Wanted, metric: Metric, comparison: Comparison) -> Faults:
    """A threshold that can never be passed is refused: the rule would look as if all were well."""
    told = getattr(wanted, field)
    if wanted.metric in UNASKED:
        return {}
    if told is None:
        return {} if wanted.metric in OWN_THRESHOLDS else {field: "must be told"}
    if not _is_number(told):
        return {field: "must be a number"}
    most = _most(metric)
    if not 0 <= told <= most:
        return {field: f"must be between {threshold_words(metric.name, 0)} and {threshold_words(metric.name, most)}"}
    if field == "threshold" and comparison is Comparison.BELOW and told == 0:
        return {field: "must be above 0: nothing is ever below it"}
    if field == "threshold" and comparison is Comparison.ABOVE and metric.unit is Unit.SHARE and told == most == 1:
        return {field: "must be under 100%: nothing is ever above it"}
    return {}


def _most(metric: Metric) -> float:
    if metric.unit is not Unit.SHARE:
        return MAX_NUMBER
    return MAX_SHARE_OF_LIMIT if metric.name in _OVER_ONE else 1.0


def _is_number(told: Any) -> bool:
    if isinstance(told, float):
        return math.isfinite(told)
    return isinstance(told, int) and not isinstance(told, bool)


def _length_faults(wanted: Wanted, metric: Metric) -> Faults:
    limits = {
        "for_s": (MAX_FOR_S, "seconds"),
        "keep_firing_s": (MAX_KEEP_S, "seconds"),
        "delay_s": (MAX_DELAY_S, "seconds"),
        "min_samples": (MAX_SAMPLES, "runs"),
    }
    found: Faults = {}
    for field, (most, unit) in limits.items():
        told = getattr(wanted, field)
        if not isinstance(told, int) or isinstance(told, bool) or not 0 <= told <= most:
            found[field] = f"must be a whole number from 0 to {formats.count(most)} {unit}"
    if metric.has_window and (fault := _window_fault(wanted.window_s)):
        found["window_s"] = fault
    return found


def _window_fault(told: Any) -> str:
    if not isinstance(told, int) or isinstance(told, bool) or not MIN_WINDOW_S <= told <= MAX_WINDOW_S or told % 60:
        return f"must be whole minutes, from {MIN_WINDOW_S} to {formats.count(MAX_WINDOW_S)} seconds (30 days)"
    return "must be whole hours where it is longer than a day" if told > DAY_S and told % 3_600 else ""


def _parameter_faults(wanted: Wanted) -> Faults:
    check = _PARAMETERS.get(wanted.metric)
    return check(wanted.parameters) if check else {}


def _rate_faults(told: dict[str, Any]) -> Faults:
    limits = {name: told.get(name) for name in ("min_runs_per_hour", "max_runs_per_hour")}
    wrong = [name for name, value in limits.items() if value is not None and not (_is_number(value) and value >= 0)]
    return dict.fromkeys(wrong, "must be a number of runs an hour, 0 or more")


def _budget_faults(told: dict[str, Any]) -> Faults:
    budget = told.get("budget_usd")
    if budget is None or not _is_number(budget) or not 0 < budget <= MAX_NUMBER:
        return {"budget_usd": "must be an amount above 0"}
    return {}


def _expected_faults(told: dict[str, Any]) -> Faults:
    expected = told.get("expected_ms")
    if expected is not None and not (_is_number(expected) and 0 < expected <= MAX_NUMBER):
        return {"expected_ms": "must be a number of milliseconds above 0"}
    return {}


_PARAMETERS: dict[str, Callable[[dict[str, Any]], Faults]] = {
    "missed_schedule": check_schedule,
    "budget_share": _budget_faults,
    "running_over": _expected_faults,
    "failed_in_a_row": _rate_faults,
}
