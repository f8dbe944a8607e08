"""The alert rules of a team: what is watched, and where does each rule stand?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.analysis.catalogue import METRICS
from alerts.analysis.conditions import Severity, State, severity_in_text, severity_word
from alerts.models import AlertRule
from alerts.reads import rules as reads
from alerts.views.rule_signs import OFF_SIGN, SEVERITY_SIGNS, STATE_SIGNS, counts_words, rule_sign
from monitoring.presentation import FilterChip, FilterChoice
from monitoring.reads.workflows import names
from monitoring.templatetags.components import Sign, changed_query
from monitoring.views.csv import csv_response

HEAD = (
    *("rule", "looks_at", "metric", "workflow", "environment", "severity", "state"),
    *("firing", "pending", "no_data", "ok", "last_incident_at", "is_active", "id"),
)
PARAMS = ("metric", "workflow", "severity", "state", "q")
MAX_VALUE = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A rule as the table shows it."""

    rule: AlertRule
    words: str
    sign: Sign
    counts: str
    severity: Sign
    last: reads.RuleRow


@team_page(Permission.VIEW_FIGURES)
@require_safe
def rules(request: TeamRequest) -> HttpResponseBase:
    """The list, or with `format=csv` all its rows."""
    chosen = chosen_of(request.GET)
    if request.GET.get("format") == "csv":
        return csv_response("alert-rules.csv", HEAD, [_cells(one) for one in reads.listing(request.team.id, chosen)])
    page = reads.page(request.team.id, chosen, after=request.GET.get("after", ""))
    workflows = names(request.team.id)
    chips = _chips(request.GET, chosen, dict(workflows))
    context = {
        "rows": [_row(one) for one in page.rows],
        "next_href": changed_query(request.GET, after=page.next) if page.next else "",
        "previous_href": changed_query(request.GET, after=page.previous) if page.previous else "",
        "chips": chips,
        "clear_href": "?",
        "choices": _choices(workflows),
        "is_new": not page.rows and not chips and not reads.has_rules(request.team.id),
        "may_manage": request.membership.allows(Permission.MANAGE_ALERTS),
        "new_href": _new_href(request, chosen.workflow if chosen.workflow in dict(workflows) else ""),
    }
    return TemplateResponse(request, "alerts/rules/rules.html", context)


def _new_href(request: TeamRequest, workflow: str) -> str:
    return reverse("new_rule", args=[request.team.slug]) + (f"?{urlencode({'workflow': workflow})}" if workflow else "")


def chosen_of(query: QueryDict) -> reads.Chosen:
    """The filters of the address; what is no value of one finds nothing."""
    return reads.Chosen(**{name: query.get(name, "").replace("\x00", "")[:MAX_VALUE] for name in PARAMS})


def _row(one: reads.RuleRow) -> Row:
    severity = SEVERITY_SIGNS[one.rule.severity]
    return Row(one.rule, one.words, rule_sign(one), counts_words(one.counts), severity, one)


def _choices(workflows: Sequence[tuple[str, str]]) -> list[FilterChoice]:
    states = [*((state.value, STATE_SIGNS[state].word) for state in reads.ORDER), (reads.OFF, OFF_SIGN.word)]
    return [
        FilterChoice("state", _("State"), states),
        FilterChoice("workflow", _("Workflow"), workflows),
        FilterChoice("metric", _("Metric"), [(one.name, one.title) for one in METRICS.values()]),
        FilterChoice("severity", _("Severity"), [(one.value, severity_word(one)) for one in Severity]),
    ]


def _chips(query: QueryDict, chosen: reads.Chosen, workflows: dict[str, str]) -> list[FilterChip]:
    metric = METRICS.get(chosen.metric)
    states: dict[str, Sign] = {state.value: sign for state, sign in STATE_SIGNS.items()} | {reads.OFF: OFF_SIGN}
    told = {
        "state": (_("State"), states[chosen.state].word if chosen.state in states else chosen.state),
        "workflow": (_("Workflow"), workflows.get(chosen.workflow, chosen.workflow)),
        "metric": (_("Metric"), metric.title if metric else chosen.metric),
        "severity": (_("Severity"), severity_in_text(chosen.severity)),
        "q": (_("Search"), chosen.q),
    }
    return [
        FilterChip(title, value, changed_query(query, **{name: None, "after": None}) or "?")
        for name, (title, value) in told.items()
        if value
    ]


def _cells(one: reads.RuleRow) -> tuple[Any, ...]:
    rule = one.rule
    counts = (one.counts.get(state, 0) for state in (State.FIRING, State.PENDING, State.NO_DATA, State.OK))
    state = reads.OFF if not rule.is_active else one.state
    workflow = rule.workflow.name if rule.workflow_id else None
    return (
        *(rule.name, one.words, rule.metric, workflow, rule.environment or None),
        *(rule.severity, str(state) if state else None, *counts),
        *(one.last_incident_at.isoformat() if one.last_incident_at else None, rule.is_active, rule.id),
    )
