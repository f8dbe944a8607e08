"""Sample data: loaded and removed by one click, with its progress; on the first run and in the settings."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from ingestion.models import SampleAction
from ingestion.services.sample import SampleRefused
from ingestion.services.sample_jobs import ask, progress_of


@team_page(Permission.VIEW_FIGURES)
@never_cache
@require_safe
def sample(request: TeamRequest) -> HttpResponseBase:
    """The page; `part=state` is how far it is, 204 while nothing is new, and all of the page again when it is done."""
    context = sample_context(request)
    if request.GET.get("part") != "state":
        return TemplateResponse(request, "settings/sample.html", context)
    progress = context["sample"]
    if not progress.is_working:
        return HttpResponse(headers={"HX-Refresh": "true"})
    if request.GET.get("seen", "") == progress.seen:
        return HttpResponse(status=204)
    return TemplateResponse(request, "start/_sample_state.html", context)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def load(request: TeamRequest) -> HttpResponseBase:
    """Asks for the sample to be loaded; what is loaded, or under way, stays as it is."""
    return _asked(request, SampleAction.LOAD)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def remove(request: TeamRequest) -> HttpResponseBase:
    """Asks for the sample to be removed, and nothing else."""
    return _asked(request, SampleAction.REMOVE)


def sample_context(request: TeamRequest) -> dict[str, Any]:
    """What the card of the sample shows."""
    return {
        "team": request.team,
        "sample": progress_of(request.team),
        "may_load": request.membership.allows(Permission.MANAGE_KEYS),
    }


def _asked(request: TeamRequest, action: SampleAction) -> HttpResponseBase:
    try:
        ask(request.team, action, timezone.now())
    except SampleRefused as refused:
        messages.error(request, str(refused))
    return HttpResponseRedirect(reverse("sample", args=[request.team.slug]))
