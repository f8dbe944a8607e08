"""The course of the metric around an incident, with its threshold and when it began and ended."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from alerts.analysis.catalogue import METRICS, Family, Scope, Unit
from alerts.analysis.rule_words import value_words
from alerts.models import AlertRule, Incident
from alerts.services.evidence import SLOW
from alerts.wording import metric_label
from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension
from monitoring.presentation import Chart, ChartUnit, Marker, Series, Threshold
from monitoring.reads.figures import Totals
from monitoring.reads.trends import series
from monitoring.windows import Window, minute_floor

MAX_POINTS = 120
LEAST, MOST = timedelta(hours=2), timedelta(days=7)
_DIMENSIONS = {
    Scope.NODE: (Dimension.NODE, LabelKind.NODE),
    Scope.MODEL: (Dimension.MODEL, LabelKind.MODEL),
    Scope.PROVIDER: (Dimension.PROVIDER, LabelKind.PROVIDER),
    Scope.SYSTEM: (Dimension.SYSTEM, LabelKind.SYSTEM),
    Scope.TOOL: (Dimension.TOOL, LabelKind.TOOL),
    Scope.RELEASE: (Dimension.RELEASE, LabelKind.RELEASE),
    Scope.TRIGGER: (Dimension.TRIGGER, LabelKind.TRIGGER),
    Scope.ERROR: (Dimension.ERROR, LabelKind.ERROR),
    Scope.INPUT_TYPE: (Dimension.INPUT_TYPE, LabelKind.INPUT_TYPE),
}
_UNITS: dict[Unit, ChartUnit] = {Unit.SHARE: "percent", Unit.MS: "ms", Unit.USD: "usd"}


def _share(part: float | None, whole: float) -> float | None:
    return part / whole if part is not None and whole else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) or hasattr(value, "__float__") else None


_VALUES: dict[str, Callable[[Totals], float | None]] = {
    "error_rate": lambda t: t.failure.rate if t.failure else None,
    "failures": lambda t: float(t.failures),
    "runs": lambda t: float(t.runs),
    "duration_p50": lambda t: t.duration_ms.p50,
    "duration_p95": lambda t: t.duration_ms.p95,
    "duration_p99": lambda t: t.duration_ms.p99,
    "duration_avg": lambda t: t.duration_ms.avg,
    "retry_rate": lambda t: _share(t.retries, t.runs),
    "unmet_rate": lambda t: _share(t.unmet, t.checked),
    "tokens": lambda t: _number(t.tokens.total),
    "tokens_per_run": lambda t: _share(_number(t.tokens.total), t.runs),
    "cost_usd": lambda t: _number(t.cost_usd),
    "cost_per_run_usd": lambda t: _share(_number(t.cost_usd), t.runs),
    "api_calls": lambda t: _number(t.api_calls),
    "peak_memory_bytes": lambda t: _number(t.peak_memory_bytes),
    "storage_bytes": lambda t: _number(t.storage_bytes),
}
# What failing means where a rule's own metric has no course: the error rate of its workflow.
_INSTEAD = "error_rate"
_INSTEAD_OF_SLOW = "duration_avg"


def metric_chart(one: Incident, now: datetime) -> Chart | None:
    """The chart; None for what has no course, or none that is kept."""
    name = _metric_of(one)
    if name is None:
        return None
    rule = one.rule
    window = window_around(one, rule, now)
    dimension, value_id = _slice_of(one, rule)
    told = series(
        one.team_id,
        window,
        workflow_id=one.workflow_id,
        environment=one.environment or None,
        max_points=MAX_POINTS,
        dimension=dimension,
        value_id=value_id,
    )
    values = [_VALUES[name](point.totals) for point in told.points]
    if not any(value is not None for value in values):
        return None
    is_own = rule is not None and name == rule.metric
    limit = one.limit if is_own and one.rule and one.rule.window_s else None
    unit = _UNITS.get(METRICS[name].unit, "count")
    return Chart(
        id="incident-course",
        kind="line" if name == "error_rate" else "band",
        unit=unit,
        label=_("{metric} around the incident, {value} at worst").format(
            metric=metric_label(name), value=value_words(name, one.worst if is_own else None)
        ),
        starts=[point.start for point in told.points],
        bucket_ms=round(told.bucket.total_seconds() * 1000),
        series=[Series(metric_label(name), values, "fail" if name == "error_rate" else "c1")],
        window=(window.start, window.end),
        zone=timezone.get_current_timezone_name(),
        objective=_threshold(name, limit) if limit is not None else None,
        markers=_markers(one),
    )


def _threshold(metric: str, limit: float) -> Threshold:
    return Threshold(limit, _("Limit {value}").format(value=value_words(metric, limit)))


def _metric_of(one: Incident) -> str | None:
    if one.rule is None:
        instead = _INSTEAD_OF_SLOW if one.facts.get("dependency") == SLOW else _INSTEAD
        return instead if one.cause_kind in Scope.__members__.values() else None
    metric = METRICS.get(one.rule.metric)
    if metric is None:
        return None
    if metric.family is Family.ROLLUP:
        return metric.name if metric.name in _VALUES else None
    return _INSTEAD if one.workflow_id else None


def _slice_of(one: Incident, rule: AlertRule | None) -> tuple[Dimension, int]:
    scope, value = (rule.scope, one.value_text) if rule is not None else (one.cause_kind, one.cause_value)
    if not value or scope not in _DIMENSIONS:
        return Dimension.NONE, 0
    dimension, kind = _DIMENSIONS[Scope(scope)]
    return dimension, label_id(kind, value)


def window_around(one: Incident, rule: AlertRule | None, now: datetime) -> Window:
    """From well before it began until some time after its end, or until now; at most a week."""
    length = timedelta(seconds=12 * (rule.window_s if rule else 300))
    before = min(max(length, LEAST), MOST)
    end = min((one.resolved_at or now) + before / 2, now)
    start = max(one.since - before, end - MOST)
    return Window(start, max(end, start + timedelta(minutes=1)), minutes_from=minute_floor(now)).aligned()


def _markers(one: Incident) -> list[Marker]:
    found = [Marker(one.since, _("Began"))]
    return [*found, Marker(one.resolved_at, _("Resolved"))] if one.resolved_at else found
