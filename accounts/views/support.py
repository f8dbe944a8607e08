"""What the people who run the installation may see of a team, and when they saw it as one of its members."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.csv_file import MAX_ROWS, csv_response
from accounts.models import Impersonation, Team
from accounts.permissions import Permission

SHOWN = 100
HEAD = ("began_at", "ended_at", "administrator", "member", "reason", "pages")


@team_page(Permission.VIEW_AUDIT)
@require_safe
def support(request: TeamRequest) -> HttpResponseBase:
    """The setting, and who saw the team, newest first; with `format=csv` the latter."""
    found = Impersonation.objects.filter(team_id=request.team.id).select_related("staff", "member")
    found = found.order_by("-began_at", "id")
    if request.GET.get("format") == "csv":
        return csv_response("support-access.csv", HEAD, [_cells(one) for one in found[:MAX_ROWS]])
    context = {
        "shows": request.team.shows_payloads_to_staff,
        "may_manage": request.membership.allows(Permission.MANAGE_TEAM),
        "rows": [(one, _until(one)) for one in found[:SHOWN]],
    }
    return TemplateResponse(request, "settings/support.html", context)


@team_page(Permission.MANAGE_TEAM)
@require_POST
def set_support(request: TeamRequest) -> HttpResponseBase:
    """Says whether administrators who see a page as a member see payloads."""
    team = Team.objects.select_for_update().get(id=request.team.id)
    team.shows_payloads_to_staff = request.POST.get("shows_payloads") == "on"
    team.save(update_fields=["shows_payloads_to_staff"])
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("support", args=[request.team.slug]))


def _until(one: Impersonation) -> datetime:
    return one.ended_at or one.ends_at


def _cells(one: Impersonation) -> tuple[object, ...]:
    times = (at.astimezone(UTC).isoformat() for at in (one.began_at, _until(one)))
    return (*times, one.staff.email, one.member.email, one.reason, one.page_count)
