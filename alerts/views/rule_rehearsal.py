"""What a rule would have done in the last 30 days: as a part of the form or of the rule's page, as a page, as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.analysis.catalogue import Unit
from alerts.analysis.rehearsing import Firing
from alerts.analysis.rule_words import value_words
from alerts.analysis.wanted import TYPED
from alerts.models import AlertRule
from alerts.reads import rules as reads
from alerts.services.rehearsal import Rehearsal, rehearse_rules
from alerts.services.rules import RuleRefused, as_rule, checked
from alerts.views import rule_fields as form
from alerts.views.rehearsal_chart import rehearsal_chart
from alerts.views.rehearsal_words import advice_words, answer, length_ms_words, looked_words
from alerts.views.rule_form import named
from alerts.views.rule_labels import label_of
from alerts.views.subjects import Names, names_of, subject_words
from monitoring.models import Workflow
from monitoring.views.csv import csv_response

HEAD = ("workflow", "value", "held_since", "opened_at", "resolved_at", "seconds", "worst", "is_flapping")
MAX_ROWS = 100


@dataclass(frozen=True, slots=True)
class FiringRow:
    """One time that it would have fired."""

    about: str
    firing: Firing
    lasted: str
    worst: str


@dataclass(frozen=True, slots=True)
class Side:
    """What a rule would have done, in words; the rule as it is, or as it would be."""

    title: str
    words: str
    firings: int
    fired: str
    longest: str
    notices: int


@team_page(Permission.VIEW_FIGURES)
@require_safe
def rehearse(request: TeamRequest) -> HttpResponseBase:
    """The rehearsal of the rule that the address tells; with `rule` beside that rule as it is kept."""
    team_id, told = request.team.id, form.begun(form.told_of(request.GET))
    kept = _kept(request)
    try:
        rule = _rule(team_id, told, kept)
    except RuleRefused as refused:
        refusals = [(label_of(name), why) for name, why in refused.reasons.items()]
        return _page(request, {"refusals": refusals, "words": ""}, status=422)
    found = rehearse_rules(team_id, [rule, *([kept] if kept else [])], timezone.now())
    names = names_of(team_id, found)
    if request.GET.get("format") == "csv":
        return csv_response("rehearsal.csv", HEAD, [_cells(one, names, found[0]) for one in found[0].firings])
    return _page(request, _context(request, told, rule, kept, found, names))


def _kept(request: TeamRequest) -> AlertRule | None:
    if not (text := request.GET.get("rule", "")):
        return None
    try:
        found = reads.find(request.team.id, UUID(text))
    except ValueError:
        found = None
    if found is None:
        raise Http404("No such rule.")
    return found


def _rule(team_id: UUID, told: dict[str, str], kept: AlertRule | None) -> AlertRule:
    fields = named(team_id, form.read(team_id, told), told)
    rule = as_rule(team_id, checked(team_id, fields, kept))
    if rule.workflow_id is not None:
        rule.workflow = Workflow.objects.filter(team_id=team_id, id=rule.workflow_id).first()
    return rule


def _page(request: TeamRequest, context: dict[str, Any], status: int = 200) -> HttpResponseBase:
    name = "_rehearsal" if request.headers.get("HX-Request") else "rehearsal"
    return TemplateResponse(request, f"alerts/rules/{name}.html", context, status=status)


def _context(
    request: TeamRequest,
    told: dict[str, str],
    rule: AlertRule,
    kept: AlertRule | None,
    found: Sequence[Rehearsal],
    names: Names,
) -> dict[str, Any]:
    after = found[0]
    chart = rehearsal_chart(rule, after, names)
    sides = [_side(_("As it would be") if kept else "", reads.words_of(rule), after)]
    if kept is not None:
        sides.insert(0, _side(_("As it is"), reads.words_of(kept), found[1]))
    return {
        "words": reads.words_of(rule),
        "why_not": after.why_not,
        "sides": sides,
        "answer": answer(after),
        "charts": [chart.chart] if chart else [],
        "legend": chart.legend if chart else [],
        "chart_title": chart.title if chart else "",
        "rows": [_row(one, names, rule, after) for one in after.firings[:MAX_ROWS]],
        "is_long": len(after.firings) > MAX_ROWS,
        "advice": advice_words(rule, after),
        "advice_href": _advice_href(request, told, rule, kept, after),
        "looked": looked_words(after),
        "csv_href": reverse("rehearse_rule", args=[request.team.slug]) + form.address(told, format="csv"),
        "form_href": _form_href(request, kept) + form.address(told, rehearse="1"),
        "may_manage": request.membership.allows(Permission.MANAGE_ALERTS),
    }


def _side(title: str, words: str, found: Rehearsal) -> Side:
    longest = max((one.length(found.end) for one in found.firings), default=timedelta())
    return Side(title, words, len(found.firings), length_ms_words(found.fired), length_ms_words(longest), found.notices)


def _row(one: Firing, names: Names, rule: AlertRule, found: Rehearsal) -> FiringRow:
    lasted = length_ms_words(one.length(found.end))
    about = subject_words(one.subject.workflow_id, one.subject.value, rule.scope, names)
    worst = value_words(rule.metric, one.worst) if one.worst is not None else _("no data")
    return FiringRow(about, one, lasted if one.until else _("{length}, and goes on").format(length=lasted), worst)


def _cells(one: Firing, names: Names, found: Rehearsal) -> tuple[Any, ...]:
    return (
        *(names.get(one.subject.workflow_id) if one.subject.workflow_id else None, one.subject.value or None),
        *(one.since.isoformat(), one.opened_at.isoformat(), one.until.isoformat() if one.until else None),
        *(int(one.length(found.end).total_seconds()), one.worst, one.is_flapping),
    )


def _advice_href(
    request: TeamRequest, told: dict[str, str], rule: AlertRule, kept: AlertRule | None, found: Rehearsal
) -> str:
    if found.advised is None or not found.advised.is_fitting or found.advised.threshold == rule.threshold:
        return ""
    typed = found.advised.threshold / TYPED[_unit(rule)][1]
    changed = {**told, "threshold": f"{typed:.10g}", "clear_threshold": ""}
    return _form_href(request, kept) + form.address(changed, rehearse="1")


def _unit(rule: AlertRule) -> Unit:
    return form.metric_of({"metric": rule.metric}).unit


def _form_href(request: TeamRequest, kept: AlertRule | None) -> str:
    slug = request.team.slug
    return reverse("edit_rule", args=[slug, kept.id]) if kept else reverse("new_rule", args=[slug])
