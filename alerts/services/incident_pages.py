"""The page that answers an incident: its metric decides which step of the flow that is. Paths, without a host."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse

from alerts.analysis.catalogue import METRICS, Family, Metric, Scope
from alerts.models import AlertRule, Incident
from alerts.reads.incident_samples import as_uuid
from monitoring.filters import ANY
from monitoring.identity import PRODUCTION

# The window of the page begins at least so long before the incident did.
BEFORE = timedelta(minutes=30)
# Figures that failures explain; what else is measured over a window is answered by its course.
_BY_FAILURES = frozenset({"error_rate", "failures", "unmet_rate", "retry_rate", "burn_rate", "failed_in_a_row"})
_SCOPED_PAGES = {Scope.SYSTEM: "system", Scope.MODEL: "model", Scope.TOOL: "tool"}
_FILTERED = frozenset(Scope) - {Scope.WORKFLOW, Scope.SOURCE, Scope.BUDGET}


def page_of(team: str, one: Incident, rule: AlertRule, workflow: str) -> str:
    """The path of the page. `team` and `workflow` are slugs, the latter empty for the whole team."""
    metric = METRICS.get(rule.metric)
    sample = next((id for text in one.facts.get("sample_ids", ()) if (id := as_uuid(text))), None)
    group = as_uuid(one.value_text)
    if metric is None:
        return reverse("workflows", args=[team])
    if metric.family is Family.GROUP and group:
        return reverse("failure_group", args=[team, group])
    if metric.family is Family.SOURCE:
        return reverse("source", args=[team, group]) if group else reverse("sources", args=[team])
    if metric.family is Family.COST_BUDGET:
        return reverse("budgets", args=[team])
    if sample and (metric.family is Family.LIVE or metric.name == "last_run_failed"):
        return reverse("replay", args=[team, sample])
    query = {**window_of(one, rule), **_environment(one.environment)}
    if workflow:
        return _of_workflow(team, workflow, metric, query | _filter(rule, one.value_text))
    page = _SCOPED_PAGES.get(Scope(rule.scope)) if rule.scope and one.value_text else None
    if page:
        return reverse(page, args=[team, one.value_text]) + f"?{urlencode(query)}"
    return reverse("workflows", args=[team]) + f"?{urlencode(query)}"


def dependency_page(team: str, kind: str, value: str, what: str) -> str:
    """The page of something that steps call; of a provider the executions that call it, failed ones where it fails."""
    if kind in ("system", "model", "tool"):
        return reverse(kind, args=[team, value])
    query = {kind: value, "status": "failed"} if what == "failing" else {kind: value}
    return reverse("executions", args=[team]) + f"?{urlencode(query)}"


def _of_workflow(team: str, workflow: str, metric: Metric, query: Mapping[str, str]) -> str:
    is_failing = metric.name in _BY_FAILURES or metric.family is Family.RECENT
    told = query if is_failing else {name: query[name] for name in query if name in ("from", "to", "env")}
    page = "failures" if is_failing and metric.name not in ("late", "last_success") else "trends"
    return reverse(page, args=[team, workflow]) + f"?{urlencode(told)}"


def window_of(one: Incident, rule: AlertRule | None) -> dict[str, str]:
    """The range of addresses: from before the incident began until just after it opened; whole minutes in UTC."""
    length = max(BEFORE, 2 * timedelta(seconds=rule.window_s if rule else 0))
    return {"from": _minute(one.since - length), "to": _minute(one.opened_at + timedelta(minutes=2))}


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _environment(name: str) -> dict[str, str]:
    return {} if name == PRODUCTION else {"env": name or ANY}


def _filter(rule: AlertRule, value: str) -> dict[str, str]:
    return {rule.scope: value} if value and rule.scope in _FILTERED else {}
