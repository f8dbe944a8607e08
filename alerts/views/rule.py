"""One rule: what it says, where it stands for each subject, its incidents; switched on and off, and removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.analysis.catalogue import METRICS
from alerts.analysis.conditions import State
from alerts.analysis.rule_words import length_words, threshold_words, value_words
from alerts.models import AlertRule, AlertState, Incident, IncidentStatus
from alerts.reads import rules as reads
from alerts.services.rules import remove_rule, set_active
from alerts.views.rule_fields import form_address
from alerts.views.rule_signs import SEVERITY_SIGNS, counts_words, rule_sign, state_sign
from alerts.views.subjects import subject_words
from monitoring.templatetags.components import Sign
from monitoring.views.csv import csv_response

HEAD = ("workflow", "value_of", "value", "state", "since", "evaluated_until", "measured", "samples", "low", "high")
_NO_DATA = {
    "unknown": gettext_noop("is said to be missing"),
    "ok": gettext_noop("is taken as fine"),
    "fire": gettext_noop("is taken as the fault"),
}
_SIGNS = {
    IncidentStatus.OPEN: Sign("fail", gettext_noop("Open"), "fail"),
    IncidentStatus.ACKNOWLEDGED: Sign("fail", gettext_noop("Acknowledged"), "fail"),
    IncidentStatus.RESOLVED: Sign("ok", gettext_noop("Resolved"), "ok"),
}


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """Where a rule stands for one subject. `measured` is its value in words, `usual` its usual range."""

    name: str
    href: str
    sign: Sign
    state: AlertState
    measured: str
    usual: str


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident of the rule."""

    incident: Incident
    sign: Sign
    about: str
    worst: str


@team_page(Permission.VIEW_FIGURES)
@require_safe
def rule(request: TeamRequest, rule: UUID) -> HttpResponseBase:
    """Its page, or with `format=csv` its subjects."""
    found = reads.detail(request.team.id, rule)
    if found is None:
        raise Http404("No such rule.")
    if request.GET.get("format") == "csv":
        return csv_response(f"alert-rule-{rule}.csv", HEAD, [_cells(found, one) for one in found.states])
    one = found.row.rule
    context = {
        "rule": one,
        "row": found.row,
        "sign": rule_sign(found.row),
        "severity": SEVERITY_SIGNS[one.severity],
        "counts": counts_words(found.row.counts),
        "facts": _facts(one),
        "states": [_subject(request, found, state) for state in found.states],
        "is_cut": len(found.states) == reads.MAX_STATES,
        "incidents": [_incident(found, incident) for incident in found.incidents],
        "may_manage": request.membership.allows(Permission.MANAGE_ALERTS),
        "rehearsal_href": reverse("rehearse_rule", args=[request.team.slug]) + form_address(one),
        "metric": METRICS[one.metric].title if one.metric in METRICS else one.metric,
    }
    return TemplateResponse(request, "alerts/rules/rule.html", context)


def _facts(one: AlertRule) -> Sequence[tuple[str, str]]:
    """What the sentence leaves out."""
    metric = METRICS.get(one.metric)
    found = [(_("No data"), _(_NO_DATA.get(one.no_data, one.no_data)))]
    if one.clear_threshold is not None:
        found.append((_("Clears at"), threshold_words(one.metric, one.clear_threshold)))
    if one.keep_firing_s:
        length = length_words(one.keep_firing_s)
        found.append((_("Clears after"), _("{length} in which it does not hold").format(length=length)))
    if one.delay_s and metric and metric.has_window:
        length = length_words(one.delay_s)
        found.append((_("Late data"), _("waited for, {length} after each window").format(length=length)))
    if one.tags:
        found.append((_("Tags"), ", ".join(one.tags)))
    return found


def _about(found: reads.Detail, workflow_id: UUID | None, value: str) -> str:
    return subject_words(workflow_id, value, found.row.rule.scope, found.names)


def _subject(request: TeamRequest, found: reads.Detail, state: AlertState) -> SubjectRow:
    slug = found.slugs.get(state.workflow_id) if state.workflow_id else None
    metric = found.row.rule.metric
    usual = ""
    if state.low is not None and state.high is not None:
        low, high = value_words(metric, state.low), value_words(metric, state.high)
        usual = _("{low} to {high}").format(low=low, high=high)
    return SubjectRow(
        _about(found, state.workflow_id, state.value_text),
        reverse("trends", args=[request.team.slug, slug]) if slug else "",
        state_sign(state),
        state,
        value_words(metric, state.value) if state.value is not None else "",
        usual,
    )


def _incident(found: reads.Detail, one: Incident) -> IncidentRow:
    sign = _SIGNS[IncidentStatus.RESOLVED if one.resolved_at else IncidentStatus(one.status)]
    about = _about(found, one.workflow_id, one.value_text)
    return IncidentRow(one, sign, about, value_words(found.row.rule.metric, one.worst) if one.worst is not None else "")


def _cells(found: reads.Detail, state: AlertState) -> tuple[Any, ...]:
    return (
        found.names.get(state.workflow_id) if state.workflow_id else None,
        *(found.row.rule.scope or None, state.value_text or None, State(state.state).value),
        *(state.since.isoformat(), state.at.isoformat(), state.value, state.samples, state.low, state.high),
    )


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def switch_rule(request: TeamRequest, rule: UUID) -> HttpResponseBase:
    """Switches it on (`on=1`) or off."""
    is_active = request.POST.get("on") == "1"
    try:
        set_active(team_id=request.team.id, rule_id=rule, is_active=is_active, by=request.user, now=timezone.now())
    except AlertRule.DoesNotExist:
        raise Http404("No such rule.") from None
    off = _("Switched off. Its open incidents are resolved.")
    messages.success(request, _("Switched on.") if is_active else off)
    return HttpResponseRedirect(reverse("rule", args=[request.team.slug, rule]))


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def remove(request: TeamRequest, rule: UUID) -> HttpResponseBase:
    """Removes it."""
    try:
        gone = remove_rule(team_id=request.team.id, rule_id=rule, by=request.user, now=timezone.now())
    except AlertRule.DoesNotExist:
        raise Http404("No such rule.") from None
    messages.success(request, _("Removed {name}. Its incidents stay.").format(name=gone.name))
    return HttpResponseRedirect(reverse("rules", args=[request.team.slug]))
