"""Exports of the whole team: asked for, shown with their progress, downloaded, removed. For owners alone."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.models import Team, TeamExport
from accounts.permissions import Permission
from accounts.services import team_exports


def export_context(team: Team) -> dict[str, Any]:
    """What the card of exports shows."""
    found = team_exports.listed(team.id)
    return {"exports": found, "is_at_work": any(one.state in team_exports.AT_WORK for one in found)}


@team_page(Permission.MANAGE_TEAM)
@require_POST
def ask_export(request: TeamRequest) -> HttpResponseBase:
    """Asks for an export; it is written in the background."""
    try:
        team_exports.ask(team_id=request.team.id, by=request.user, now=timezone.now())
    except team_exports.ExportRefused as refused:
        messages.error(request, str(refused))
    return _back(request)


@team_page(Permission.MANAGE_TEAM)
@require_safe
def export_file(request: TeamRequest, export: UUID) -> HttpResponseBase:
    """The file of an export that is ready."""
    one = TeamExport.objects.filter(team_id=request.team.id, id=export).first()
    path = team_exports.path_of(one) if one else None
    if one is None or path is None:
        raise Http404("The file is not there: the export is not ready yet, or its days are over.")
    name = team_exports.file_name(one, request.team)
    record("export.downloaded", ("team export", one.id, name))
    return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")


@team_page(Permission.MANAGE_TEAM)
@require_POST
def remove_export(request: TeamRequest, export: UUID) -> HttpResponseBase:
    """Removes an export with its file."""
    if not team_exports.remove(team_id=request.team.id, export_id=export):
        raise Http404("No such export. They are kept for seven days.")
    messages.success(request, _("The export is removed."))
    return _back(request)


def _back(request: TeamRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("team_settings", args=[request.team.slug]) + "#export")
