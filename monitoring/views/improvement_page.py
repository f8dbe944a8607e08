"""One improvement: what and why, the release that carries it, before and after, history; and each thing done to it."""

from collections.abc import Callable
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
from monitoring.analysis.improvement import BY_MEMBER, Standing
from monitoring.models import Improvement
from monitoring.reads import improvements as reads
from monitoring.reads.labels import label_values
from monitoring.services.improvements import (
    ImprovementRefused,
    comment,
    move_improvement,
    release_improvement,
)
from monitoring.views.csv import csv_response
from monitoring.views.improvement_chart import metric_chart
from monitoring.views.improvement_words import (
    STATUS_SIGNS,
    event_words,
    expected_words,
    proof_card,
    refused_words,
    status_name,
    who,
)
from monitoring.views.shell import open_scope, step_rail

HISTORY_HEAD = ("at", "who", "what", "text")
# What a button says that sets a status by hand.
LABELS = {
    Standing.PLANNED: gettext_noop("Back to planned"),
    Standing.HELPED: gettext_noop("It helped"),
    Standing.NO_HELP: gettext_noop("It did not help"),
    Standing.REOPENED: gettext_noop("Reopen"),
}


@team_page(Permission.VIEW_FIGURES)
@require_safe
def improvement(request: TeamRequest, improvement: UUID) -> HttpResponseBase:
    """The page, or with `format=csv` its history."""
    now = timezone.now()
    found = reads.detail(request.team.id, improvement, now)
    if found is None:
        raise Http404("No such improvement.")
    one = found.improvement
    if request.GET.get("format") == "csv":
        cells = [[event.at.isoformat(), who(event), event_words(event), event.text] for event in found.events]
        return csv_response(f"improvement-{one.id}.csv", HISTORY_HEAD, cells)
    return TemplateResponse(request, "improvements/improvement.html", _context(request, found))


def _context(request: TeamRequest, found: reads.Detail) -> dict[str, Any]:
    one = found.improvement
    scope = open_scope(request, one.workflow.slug)
    may_manage = request.membership.allows(Permission.MANAGE_WORKFLOWS)
    steps = BY_MEMBER[Standing(one.status)]
    chart = metric_chart(one, scope.now)
    environment = label_values(one.team_id, [one.environment_id]).get(one.environment_id or 0, _("all environments"))
    return {
        "scope": scope,
        "workflow": one.workflow,
        "one": one,
        "sign": STATUS_SIGNS[one.status],
        "about": found.about,
        "proof": proof_card(one.metric, one.result, one.measured_at),
        "expected": expected_words(one.expected_change),
        "environment": environment,
        "charts": [chart] if chart else [],
        "events": [(event, who(event), event_words(event)) for event in found.events],
        "deliveries": found.deliveries,
        "may_manage": may_manage,
        "may_release": may_manage and Standing.RELEASED in steps,
        "moves": [(status.value, _(words)) for status, words in LABELS.items() if may_manage and status in steps],
        "releases": reads.releases(one.team_id, one.workflow_id) if may_manage else [],
        "failures_href": scope.href("failures", one.workflow.slug),
        "rail": step_rail(scope, None, current=5),
    }


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def set_released(request: TeamRequest, improvement: UUID) -> HttpResponseBase:
    """Says which release carries it: a known one, else one that is announced as live now."""
    name = request.POST.get("release", "").strip()

    def act(told: dict[str, Any]) -> str:
        made = release_improvement(**told, release=name)
        text = _("Released in {release}. It is measured from now on.")
        return text.format(release=made.release.name if made.release else name)

    return _done(request, improvement, act)


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def move(request: TeamRequest, improvement: UUID) -> HttpResponseBase:
    """Sets another status by hand."""
    status, text = request.POST.get("status", ""), request.POST.get("text", "").strip()

    def act(told: dict[str, Any]) -> str:
        made = move_improvement(**told, status=status, text=text)
        return _("Set to {status}.").format(status=status_name(made.status))

    return _done(request, improvement, act)


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def add_comment(request: TeamRequest, improvement: UUID) -> HttpResponseBase:
    """Adds a comment."""
    text = request.POST.get("text", "").replace("\r\n", "\n")

    def act(told: dict[str, Any]) -> str:
        comment(**told, text=text)
        return _("Comment added.")

    return _done(request, improvement, act)


def _done(request: TeamRequest, improvement_id: UUID, act: Callable[[dict[str, Any]], str]) -> HttpResponseBase:
    """Does it and leads back; what cannot be done is said there."""
    told = {"team_id": request.team.id, "improvement_id": improvement_id, "by": request.user, "now": timezone.now()}
    try:
        messages.success(request, act(told))
    except Improvement.DoesNotExist:
        raise Http404("No such improvement.") from None
    except ImprovementRefused as refused:
        messages.error(request, _("Not saved: {why}.").format(why=refused_words(refused.reasons)))
    return HttpResponseRedirect(reverse("improvement", args=[request.team.slug, improvement_id]))
