"""The fields of a rule's form: read from a form or an address, written back into it, with the choices that fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.formats import typed
from alerts.analysis.catalogue import METRICS, Family, Metric
from alerts.analysis.conditions import Comparison, NoData, Severity, severity_word
from alerts.analysis.rule_words import each, length_words
from alerts.analysis.wanted import OWN_THRESHOLDS, PARAMETERS, TYPED, UNASKED, Wanted, usual
from alerts.models import AlertRule
from alerts.reads.measures_values import DIMENSIONS
from alerts.services.rules import RuleRefused, wanted_of
from alerts.views.rule_labels import GROUPS, comparison_words, no_data_words, unit_words
from billing.reads.budgets import budgets_of
from monitoring.identity import PRODUCTION, LabelKind
from monitoring.models import Workflow
from monitoring.reads.environments import environments_of
from monitoring.reads.labels import values_of
from monitoring.reads.workflows import names

FIELDS = (
    *("metric", "name", "workflow", "scope", "value", "environment", "comparison", "threshold", "clear_threshold"),
    *("window_s", "delay_s", "min_samples", "for_s", "keep_firing_s", "no_data", "severity", "tags", "text", "url"),
    *("cron", "zone", "period_s", "grace_s", "budget_usd", "min_runs_per_hour", "max_runs_per_hour"),
)
MAX_TOLD = 2_000
DEFAULT_METRIC = "error_rate"
# Instead of the slug of a workflow.
EACH, TOGETHER = "", "*"
_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1_440, 10_080, 43_200)
_NUMBERS = ("window_s", "delay_s", "min_samples", "for_s", "keep_firing_s")
_SECONDS = {"window_s": _MINUTES, "for_s": (0, *_MINUTES[:10]), "keep_firing_s": (0, *_MINUTES[:10])}
_SECONDS["delay_s"] = (0, 1, 2, 5, 10, 30)
_OF_ANY_METRIC = frozenset({"metric", "name", "workflow", "environment", "severity", "tags", "text", "url"})
_PARAMETERS = tuple(name for own in PARAMETERS.values() for name in own)
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form offers for a metric. `unit` is how a threshold is typed ("" for a plain number)."""

    metric: Metric
    metrics: Sequence[tuple[str, Pairs]]
    workflows: Pairs
    scopes: Pairs
    values: Sequence[str]
    environments: Pairs
    comparisons: Pairs
    lengths: Mapping[str, Pairs]
    no_data: Pairs
    severities: Pairs
    unit: str
    has_threshold: bool
    parameters: Sequence[str]
    is_of_workflows: bool
    has_own_thresholds: bool


def metric_of(told: Mapping[str, str]) -> Metric:
    """The metric that a form is about."""
    return METRICS.get(told.get("metric", ""), METRICS[DEFAULT_METRIC])


def told_of(query: QueryDict) -> dict[str, str]:
    """The fields that a form or an address told, bounded. `for_metric` is the one that a form was made for: where
    another is chosen now, what was typed for the old one is left out."""
    told = {
        name: str(query[name]).replace("\r\n", "\n").replace("\x00", "").strip()[: MAX_TOLD + 1]
        for name in FIELDS
        if name in query
    }
    if query.get("for_metric", told.get("metric")) == told.get("metric"):
        return told
    return {name: text for name, text in told.items() if name in _OF_ANY_METRIC}


def begun(told: Mapping[str, str]) -> dict[str, str]:
    """A form for its metric: what is told, on top of what is usual."""
    metric = metric_of(told)
    usually = usual(metric)
    blank = Wanted(name="", metric=metric.name, environment=told.get("environment", PRODUCTION))
    first = written(Wanted(**{**_as_told(blank), **usually}), workflow=told.get("workflow", EACH))
    return {**first, **told, "metric": metric.name}


def written(wanted: Wanted, *, workflow: str) -> dict[str, str]:
    """A rule as the texts of its form; `workflow` is the slug, or one of the words for several."""
    metric = METRICS.get(wanted.metric, METRICS[DEFAULT_METRIC])
    factor = TYPED[metric.unit][1]
    texts = {name: str(getattr(wanted, name)) for name in FIELDS if hasattr(wanted, name)}
    for name in ("threshold", "clear_threshold"):
        value = getattr(wanted, name)
        texts[name] = "" if value is None else f"{value / factor:.10g}"
    told = {name: wanted.parameters.get(name) for name in _PARAMETERS}
    for name, value in told.items():
        texts[name] = "" if value is None else f"{value:.10g}" if isinstance(value, int | float) else str(value)
    return {**texts, "tags": ", ".join(wanted.tags), "workflow": workflow}


def workflow_word(rule_workflow: Workflow | None, *, is_per_workflow: bool) -> str:
    """How the form names what a rule looks at."""
    return rule_workflow.slug if rule_workflow is not None else EACH if is_per_workflow else TOGETHER


def read(team_id: UUID, told: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a rule as `services.rules` takes them. Raises `RuleRefused` for what cannot be read."""
    metric, reasons = metric_of(told), dict[str, str]()
    found: dict[str, Any] = {name: told[name] for name in told if name in _TEXTS}
    found |= _workflow(team_id, told.get("workflow", EACH), reasons)
    factor = TYPED[metric.unit][1]
    for name in ("threshold", "clear_threshold"):
        value = _number(told.get(name, ""), name, reasons)
        found[name] = None if value is None else round(value * factor, 12)
    for name in _NUMBERS:
        if told.get(name):
            found[name] = _whole(told[name], name, reasons)
    found["tags"] = [tag.strip() for tag in told.get("tags", "").split(",") if tag.strip()]
    found["parameters"] = _parameters(metric, told, reasons)
    if reasons:
        raise RuleRefused(reasons)
    return found


_TEXTS = {
    *("metric", "name", "scope", "value", "environment", "comparison", "no_data", "severity", "text", "url"),
}


def _as_told(wanted: Wanted) -> dict[str, Any]:
    return {"name": wanted.name, "metric": wanted.metric, "environment": wanted.environment}


def _workflow(team_id: UUID, word: str, reasons: dict[str, str]) -> dict[str, Any]:
    if word in (EACH, TOGETHER):
        return {"workflow_id": None, "is_per_workflow": word == EACH}
    found = Workflow.objects.filter(team_id=team_id, slug=word).first()
    if found is None:
        reasons["workflow"] = _("is not known")
    return {"workflow_id": found.id if found else None, "is_per_workflow": True}


def _number(text: str, name: str, reasons: dict[str, str]) -> float | None:
    try:
        return float(typed(text).rstrip("% ").replace(",", "")) if text else None
    except ValueError:
        reasons[name] = _("must be a number")
        return None


def _whole(text: str, name: str, reasons: dict[str, str]) -> int:
    try:
        return int(text.replace(",", ""))
    except ValueError:
        reasons[name] = _("must be a whole number")
        return 0


def _parameters(metric: Metric, told: Mapping[str, str], reasons: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in PARAMETERS.get(metric.name, ()):
        text = told.get(name, "")
        found[name] = text if name in ("cron", "zone") else _number(text, name, reasons)
    return {name: value for name, value in found.items() if value not in (None, "")}


def address(told: Mapping[str, str], **more: str) -> str:
    """The fields as the query of an address; those that are empty are kept, they may be meant."""
    return "?" + urlencode({**{name: told[name] for name in FIELDS if name in told}, **more})


def choices(team_id: UUID, told: Mapping[str, str]) -> Choices:
    """What the form offers."""
    metric = metric_of(told)
    scope = told.get("scope", "")
    known = DIMENSIONS.get(scope) if scope in metric.scopes else None
    is_usual = told.get("comparison") in (Comparison.UNUSUAL, Comparison.UNUSUAL_EITHER)
    compared = [one for one in Comparison if _fits(metric, one)]
    return Choices(
        metric=metric,
        metrics=metric_groups(),
        workflows=_workflows(team_id, metric),
        scopes=[("", _("nothing further")), *((one, each(one)) for one in sorted(metric.scopes))],
        values=_values(team_id, metric, known),
        environments=[*((name, name) for name in _environments(team_id, told)), ("", _("all environments"))],
        comparisons=[(one.value, comparison_words(one)) for one in compared] if metric.name not in UNASKED else [],
        lengths={name: _lengths(name, told.get(name, "")) for name in _SECONDS},
        no_data=[(one.value, no_data_words(one)) for one in NoData],
        severities=[(one.value, severity_word(one)) for one in Severity],
        unit=unit_words(metric),
        has_threshold=metric.name not in UNASKED and not is_usual,
        parameters=PARAMETERS.get(metric.name, ()),
        is_of_workflows=metric.family not in (Family.SOURCE, Family.COST_BUDGET),
        has_own_thresholds=metric.name in OWN_THRESHOLDS,
    )


def _values(team_id: UUID, metric: Metric, known: tuple[object, LabelKind] | None) -> Sequence[str]:
    """What the form offers to look at alone."""
    if metric.family is Family.COST_BUDGET:
        return list(budgets_of(team_id).values_list("name", flat=True))
    return values_of(team_id, known[1]) if known is not None else ()


def metric_groups() -> list[tuple[str, Pairs]]:
    """All metrics, under the headings of the form."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in METRICS.values():
        groups.setdefault(GROUPS[one.family], []).append((one.name, one.title))
    return [(_(heading), metrics) for heading, metrics in groups.items()]


def _fits(metric: Metric, comparison: Comparison) -> bool:
    if comparison is Comparison.ABOVE:
        return True
    return metric.has_window if comparison is Comparison.BELOW else metric.has_usual


def _workflows(team_id: UUID, metric: Metric) -> Pairs:
    together = [] if metric.family in (Family.RECENT, Family.SCHEDULE, Family.BURN) else [(TOGETHER, _("all together"))]
    return [(EACH, _("each workflow")), *together, *names(team_id)]


def _environments(team_id: UUID, told: Mapping[str, str]) -> list[str]:
    found = environments_of(team_id)
    first = [name for name in (PRODUCTION, told.get("environment", "")) if name and name not in found]
    return [*first, *found]


def _lengths(name: str, chosen: str) -> Pairs:
    """Lengths to choose from, and the one that is chosen where it is another."""
    seconds = [minutes * 60 for minutes in _SECONDS[name]]
    if chosen.isdecimal() and int(chosen) not in seconds and int(chosen) < 10**9:
        seconds = sorted([*seconds, int(chosen)])
    return [(str(one), length_words(one) if one else _("at once")) for one in seconds]


def form_address(rule: AlertRule) -> str:
    """A kept rule as the query of an address."""
    workflow = rule.workflow if rule.workflow_id else None
    word = workflow_word(workflow, is_per_workflow=rule.is_per_workflow)
    return address(written(wanted_of(rule), workflow=word))
