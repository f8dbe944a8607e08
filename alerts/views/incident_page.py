"""One incident: what, since when, how bad, where; its course, samples and history; and each thing done to it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.analysis.precedence import is_about_runs
from alerts.models import Incident, IncidentStatus
from alerts.reads import incidents as reads
from alerts.reads.incident_samples import as_uuid
from alerts.reads.routes import paths_of
from alerts.reads.tellings import told_of
from alerts.services.incident_actions import (
    IncidentRefused,
    acknowledge,
    add_note,
    link_improvement,
    resolve_by_hand,
)
from alerts.services.silences import SilenceRefused, silence_incident
from alerts.views.incident_chart import metric_chart
from alerts.views.incident_words import (
    SEVERITY_SIGNS,
    STATUS_SIGNS,
    answer_words,
    event_words,
    length_of,
    muted_words,
    who,
)
from alerts.views.incidents import rows_of
from alerts.wording import metric_label
from monitoring.presentation import Action
from monitoring.statuses import Status
from monitoring.templatetags.display import when_text
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope, open_scope

HISTORY_HEAD = ("at", "who", "what", "text")
SILENCE_HOURS = (1, 4, 24, 72)
# What can be refused, as a sentence names it.
_FIELDS = {
    "text": gettext_noop("text"),
    "improvement": gettext_noop("improvement"),
    "hours": gettext_noop("hours"),
    "reason": gettext_noop("reason"),
    "end": gettext_noop("end"),
    "incident": gettext_noop("incident"),
    "rule": gettext_noop("rule"),
    "workflow": gettext_noop("workflow"),
}


@team_page(Permission.VIEW_FIGURES)
@require_safe
def incident(request: TeamRequest, incident: UUID) -> HttpResponseBase:
    """The page, or with `format=csv` its history."""
    found = reads.detail(request.team.id, incident)
    if found is None:
        raise Http404("No such incident.")
    if request.GET.get("format") == "csv":
        cells = [[event.at.isoformat(), who(event), event_words(event), event.text] for event in found.events]
        return csv_response(f"incident-{incident}.csv", HISTORY_HEAD, cells)
    return TemplateResponse(request, "incidents/incident.html", _context(request, found))


def _context(request: TeamRequest, found: reads.Detail) -> dict[str, Any]:
    one, may_manage = found.incident, request.membership.allows(Permission.MANAGE_ALERTS)
    scope = open_scope(request)
    chart = metric_chart(one, scope.now)
    answer, tone = answer_words(one, len(found.children))
    return {
        "scope": scope,
        "one": one,
        "subject": found.workflow,
        "sign": STATUS_SIGNS[one.status],
        "severity": SEVERITY_SIGNS[one.severity],
        "panel": {
            "question": _("What broke, since when, how bad?"),
            "answer": answer,
            "tone": tone,
            "word": STATUS_SIGNS[one.status].word,
            "paragraphs": _paragraphs(one, scope),
            "actions": _actions(request, found),
        },
        "charts": [chart] if chart else [],
        "chart_title": metric_label(one.rule.metric) if one.rule and chart and is_own(one) else _("Error rate"),
        "samples": [(sample, Status(sample.status)) for sample in found.samples],
        "children": rows_of(found.children, scope),
        "events": [(event, who(event), event_words(event)) for event in reversed(found.events)],
        "deliveries": found.deliveries,
        "telling": _telling(request, one),
        "may_manage": may_manage,
        "may_acknowledge": may_manage and one.status == IncidentStatus.OPEN,
        "is_standing": one.resolved_at is None,
        "improvements": reads.improvements_for(one.team_id, one.workflow_id) if may_manage else [],
        "plan_href": _plan_href(request, found),
        "silence_hours": SILENCE_HOURS,
    }


def is_own(one: Incident) -> bool:
    """Whether its rule measures something over a window, which the chart then shows."""
    return one.rule is not None and bool(one.rule.window_s) and one.limit is not None


def _paragraphs(one: Incident, scope: Scope) -> list[SafeString]:
    facts, now = one.facts, scope.now
    since = _("Since <b>{moment}</b>, for <b>{length}</b>.")
    said = [format_html(since, moment=when_text(one.since), length=length_of(one, now))]
    if how_bad := facts.get("how_bad"):
        said.append(format_html("<b>{}</b>.", str(how_bad).rstrip(".")))
    if concentration := facts.get("concentration"):
        said.append(format_html("{}.", str(concentration)))
    if one.muted_by and one.resolved_at is None:
        said.append(format_html(_("No notice is sent. {reason}"), reason=muted_words(one.muted_by)))
    return said


def _actions(request: TeamRequest, found: reads.Detail) -> list[Action]:
    one = found.incident
    actions = []
    if href := one.facts.get("href"):
        actions.append(Action(_leads_to(one), str(href), "flow", True))
    if found.samples:
        replay = reverse("replay", args=[request.team.slug, found.samples[0].id])
        actions.append(Action(_("Replay the latest sample"), replay, "redo"))
    return actions


def _leads_to(one: Incident) -> str:
    if one.rule is None:
        return _("See {cause}").format(cause=one.cause_value)[:60]
    is_shared = is_about_runs(one.rule.metric) and one.workflow_id
    return _("See what the failures share") if is_shared else _("See where it is")


def _telling(request: TeamRequest, one: Incident) -> str:
    """Who knows of it, in one sentence; empty where the list of deliveries says it."""
    if told_of(one.team_id, [one])[one.id].channels or one.muted_by or one.resolved_at:
        return ""
    if not any(path.steps for path in paths_of(one.team_id)):
        return _("Nobody was told: no route names a channel.")
    return _("Nobody was told so far: no route matches it, or its time has not come.")


def _plan_href(request: TeamRequest, found: reads.Detail) -> str:
    if found.workflow is None or not request.membership.allows(Permission.MANAGE_WORKFLOWS):
        return ""
    return reverse("plan_improvement", args=[request.team.slug]) + f"?workflow={found.workflow.slug}"


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def acknowledge_one(request: TeamRequest, incident: UUID) -> HttpResponseBase:
    """Says that the member looks after it."""

    def act(told: dict[str, Any]) -> str:
        text = request.POST.get("text", "").strip()
        done = acknowledge(**told, incident_ids=[incident], text=text)
        return _("Acknowledged. Nobody else is told of it.") if done else _("It was acknowledged or over already.")

    return _done(request, incident, act)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def write_note(request: TeamRequest, incident: UUID) -> HttpResponseBase:
    """Adds a note."""
    text = request.POST.get("text", "").replace("\r\n", "\n")

    def act(told: dict[str, Any]) -> str:
        add_note(**told, incident_id=incident, text=text)
        return _("Note added.")

    return _done(request, incident, act)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def resolve_one(request: TeamRequest, incident: UUID) -> HttpResponseBase:
    """Resolves it by hand."""

    def act(told: dict[str, Any]) -> str:
        done = resolve_by_hand(**told, incident_ids=[incident], text=request.POST.get("text", "").strip())
        resolved = _("Resolved. While its condition goes on, it does not open again.")
        return resolved if done else _("It was over already.")

    return _done(request, incident, act)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def link(request: TeamRequest, incident: UUID) -> HttpResponseBase:
    """Says which improvement is to end it for good."""
    told_id = request.POST.get("improvement", "")

    def act(told: dict[str, Any]) -> str:
        improvement = as_uuid(told_id)
        if told_id and improvement is None:
            raise IncidentRefused({"improvement": _("is not known")})
        link_improvement(**told, incident_id=incident, improvement_id=improvement)
        return _("Improvement linked.") if improvement else _("The link was taken away.")

    return _done(request, incident, act)


@team_page(Permission.MANAGE_ALERTS)
@require_POST
def silence(request: TeamRequest, incident: UUID) -> HttpResponseBase:
    """Holds back notices of the same rule and workflow for some hours, with a reason."""

    def act(told: dict[str, Any]) -> str:
        hours = request.POST.get("hours", "")
        if not hours.isascii() or not hours.isdigit() or int(hours) not in SILENCE_HOURS:
            allowed = ", ".join(map(str, SILENCE_HOURS))
            raise IncidentRefused({"hours": _("must be one of: {words}").format(words=allowed)})
        length = timedelta(hours=int(hours))
        made = silence_incident(**told, incident_id=incident, reason=request.POST.get("reason", ""), length=length)
        return _("Silenced until {moment}.").format(moment=when_text(made.ends_at))

    return _done(request, incident, act)


def _done(request: TeamRequest, incident_id: UUID, act: Callable[[dict[str, Any]], str]) -> HttpResponseBase:
    """Does it and leads back; what cannot be done is said there."""
    if not Incident.objects.filter(team_id=request.team.id, id=incident_id).exists():
        raise Http404("No such incident.")
    told = {"team_id": request.team.id, "by": request.user, "now": timezone.now()}
    try:
        messages.success(request, act(told))
    except (IncidentRefused, SilenceRefused) as refused:
        why = "; ".join(_refusal(field, reason) for field, reason in refused.reasons.items())
        messages.error(request, _("Not saved: {reasons}.").format(reasons=why))
    return HttpResponseRedirect(reverse("incident", args=[request.team.slug, incident_id]))


def _refusal(field: str, reason: str) -> str:
    named = _(_FIELDS[field]) if field in _FIELDS else field
    return _("the {field} {reason}").format(field=named, reason=reason)
