"""Groups of members: who owns workflows together, and is told together."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.csv_file import csv_response
from accounts.models import MemberGroup, Membership
from accounts.permissions import Permission
from accounts.services.groups import GroupRefused, listing, remove_group, save_group


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def groups(request: TeamRequest) -> HttpResponseBase:
    """The groups with the form of a new one, or with `format=csv` their members; a POST makes or changes one."""
    reasons: dict[str, str] = {}
    if request.method == "POST":
        if not request.membership.allows(Permission.MANAGE_MEMBERS):
            raise Http404("No such page.")
        try:
            _save(request)
        except GroupRefused as refused:
            reasons = refused.reasons
        except MemberGroup.DoesNotExist:
            raise Http404("No such group.") from None
        else:
            messages.success(request, _("Group saved."))
            return HttpResponseRedirect(reverse("groups", args=[request.team.slug]))
    found = listing(request.team.id)
    if request.GET.get("format") == "csv":
        return csv_response(
            "groups.csv", ("Group", "Member"), [(one.group.name, email) for one in found for email in one.members]
        )
    people = Membership.objects.filter(team_id=request.team.id).select_related("user").order_by("user__email")
    context: dict[str, Any] = {
        "groups": [(one, [(m.user, m.user_id in one.member_ids) for m in people]) for one in found],
        "people": [(one.user, False) for one in people],
        "reasons": reasons,
        "told_name": request.POST.get("name", "") if reasons and not request.POST.get("group") else "",
        "may_manage": request.membership.allows(Permission.MANAGE_MEMBERS),
    }
    return TemplateResponse(request, "settings/groups.html", context, status=422 if reasons else 200)


@team_page(Permission.MANAGE_MEMBERS)
@require_POST
def remove(request: TeamRequest, group: UUID) -> HttpResponseBase:
    """Removes a group."""
    if not remove_group(team_id=request.team.id, group_id=group):
        raise Http404("No such group.")
    messages.success(request, _("Group removed."))
    return HttpResponseRedirect(reverse("groups", args=[request.team.slug]))


def _save(request: TeamRequest) -> None:
    told = request.POST.get("group", "")
    try:
        group_id = UUID(told) if told else None
        users = [UUID(text) for text in request.POST.getlist("member")[:1000]]
    except ValueError:
        raise GroupRefused({"members": _("must be members of the team")}) from None
    name = request.POST.get("name", "").replace("\x00", "")
    save_group(team_id=request.team.id, name=name, user_ids=users, now=timezone.now(), group_id=group_id)
