"""The team itself: its name and address, its owner, leaving it, its end; and making another one."""

from datetime import UTC
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import SignedInRequest, TeamRequest, team_page
from accounts.acting import set_user
from accounts.models import Membership
from accounts.permissions import Permission
from accounts.services.members import MemberRefused, leave_team, transfer_ownership
from accounts.services.team_life import GRACE, TeamRefused, create_team, delete_team, rename_team, restore_team
from accounts.start_pages import START_PAGES, start_page_of
from accounts.views.team_export import export_context


@team_page(Permission.VIEW_FIGURES)
@require_safe
def team_settings(request: TeamRequest) -> HttpResponseBase:
    """What the team is called, who owns it, what can be done to it; `part=export` is how far its export is."""
    if request.GET.get("part") == "export" and request.membership.allows(Permission.MANAGE_TEAM):
        return TemplateResponse(request, "settings/_team_export.html", export_context(request.team))
    return _page(request)


@team_page(Permission.MANAGE_TEAM)
@require_POST
def rename(request: TeamRequest) -> HttpResponseBase:
    """Changes name and address; the old address leads to the new one."""
    try:
        team = rename_team(
            team_id=request.team.id, name=request.POST.get("name", ""), slug=request.POST.get("slug", "")
        )
    except TeamRefused as refused:
        return _page(request, refused.reasons)
    messages.success(request, _("Saved. Links with an old address still lead here."))
    return _to(team.slug)


@team_page(Permission.MANAGE_TEAM)
@require_POST
def transfer(request: TeamRequest) -> HttpResponseBase:
    """Makes another member the owner in one's own place."""
    heir = next((str(one.id) for one in _others(request) if str(one.id) == request.POST.get("member")), None)
    try:
        if heir is None:
            raise MemberRefused({"member": _("must be another member of the team")})
        found = Membership.objects.get(team_id=request.team.id, id=heir)
        transfer_ownership(team_id=request.team.id, owner_id=request.membership.id, heir_id=found.id)
    except MemberRefused as refused:
        return _page(request, refused.reasons)
    messages.success(request, _("{email} owns the team now; you are an admin.").format(email=found.user.email))
    return _to(request.team.slug)


@team_page(Permission.VIEW_FIGURES)
@require_POST
def leave(request: TeamRequest) -> HttpResponseBase:
    """Ends one's own membership."""
    try:
        leave_team(team_id=request.team.id, member_id=request.membership.id, now=timezone.now())
    except MemberRefused as refused:
        return _page(request, refused.reasons)
    messages.success(request, _("You left the team and see nothing of it any more."))
    return HttpResponseRedirect(reverse("home"))


@team_page(Permission.MANAGE_TEAM)
@require_POST
def delete(request: TeamRequest) -> HttpResponseBase:
    """Lets the team wait for its end."""
    try:
        delete_team(team_id=request.team.id, name=request.POST.get("confirm", ""), now=timezone.now())
    except TeamRefused as refused:
        return _page(request, {"confirm": refused.reasons["name"]})
    messages.success(
        request, _("The team is closed: keys and sources are refused. It can be restored until the day below.")
    )
    return _to(request.team.slug)


@team_page(Permission.MANAGE_TEAM)
@require_POST
def restore(request: TeamRequest) -> HttpResponseBase:
    """Takes the deletion back."""
    try:
        restore_team(team_id=request.team.id, now=timezone.now())
    except TeamRefused as refused:
        return _page(request, refused.reasons)
    messages.success(request, _("The team is restored: keys and sources work again."))
    return _to(request.team.slug)


@team_page(Permission.VIEW_FIGURES)
@require_POST
def set_start_page(request: TeamRequest) -> HttpResponseBase:
    """Keeps the page that the team opens with for this member; none is that of the role."""
    chosen = request.POST.get("page", "")
    request.membership.start_page = chosen if chosen in START_PAGES else ""
    request.membership.save(update_fields=["start_page"])
    messages.success(request, _("Saved."))
    return _to(request.team.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_team(request: SignedInRequest) -> HttpResponse:
    """Makes one more team, owned by whoever asks."""
    reasons: dict[str, str] = {}
    if request.method == "POST":
        set_user(request.user)
        try:
            team = create_team(name=request.POST.get("name", ""), by=request.user)
        except TeamRefused as refused:
            reasons = refused.reasons
        else:
            return HttpResponseRedirect(reverse("team_home", args=[team.slug]))
    context = {"reasons": reasons, "told_name": request.POST.get("name", "")}
    return render(request, "accounts/new_team.html", context, status=422 if reasons else 200)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def team_home(request: TeamRequest) -> HttpResponseBase:
    """Leads to the page that the team opens with for this member."""
    return HttpResponseRedirect(reverse(start_page_of(request.membership), args=[request.team.slug]))


def _others(request: TeamRequest) -> list[Membership]:
    rows = Membership.objects.filter(team_id=request.team.id).exclude(id=request.membership.id)
    return list(rows.select_related("user").order_by("user__email"))


def _page(request: TeamRequest, reasons: dict[str, str] | None = None) -> HttpResponseBase:
    team = request.team
    context: dict[str, Any] = {
        "reasons": reasons,
        "told_name": request.POST.get("name", team.name) if reasons else team.name,
        "told_slug": request.POST.get("slug", team.slug) if reasons else team.slug,
        "others": _others(request),
        "may_manage": request.membership.allows(Permission.MANAGE_TEAM),
        "grace_days": GRACE.days,
        "erased_from": team.erased_from.astimezone(UTC) if team.erased_from else None,
        "pages": [(key, _(label)) for key, (label, _address) in START_PAGES.items()],
        "start_page": request.membership.start_page,
        **(export_context(team) if request.membership.allows(Permission.MANAGE_TEAM) else {}),
    }
    return TemplateResponse(request, "settings/team.html", context, status=422 if reasons else 200)


def _to(slug: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("team_settings", args=[slug]))
