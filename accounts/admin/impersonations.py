"""Seeing a team as one of its members: begun with a reason, listed, ended."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.admin_forms import LookedAt
from accounts.impersonation import start, stop
from accounts.models import Impersonation, Membership, User
from accounts.services import impersonation as service


@admin.register(Impersonation)
class ImpersonationAdmin(LookedAt):
    """Who saw which team as whom. One begins on the page of a team."""

    list_display = ("began_at", "staff", "team", "member", "reason", "page_count", "ended_at")
    list_filter = ("began_at",)
    list_select_related = ("staff", "team", "member")
    ordering = ("-began_at", "id")
    fields = readonly_fields = (
        *("staff", "team", "member", "reason", "began_at", "ends_at", "ended_at", "page_count"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the people and the team."""
        return super().get_queryset(request).select_related("staff", "team", "member")

    def get_urls(self) -> list[URLPattern]:
        """With the address that ends it."""
        name = "accounts_impersonation_end"
        return [path("end/", require_POST(self.admin_site.admin_view(self.end_view)), name=name), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Asks for the reason, and on POST begins: leads to the team's pages."""
        user = request.user
        if not isinstance(user, User) or not service.may_impersonate(user):
            raise PermissionDenied
        membership = self._membership(request)
        reasons: dict[str, str] = {}
        if request.method == "POST":
            try:
                one = service.begin(
                    membership=membership, staff=user, reason=request.POST.get("reason", ""), now=timezone.now()
                )
            except service.ImpersonationRefused as refused:
                reasons = refused.reasons
            else:
                start(request, one)
                return HttpResponseRedirect(reverse("team_home", args=[membership.team.slug]))
        context = {
            **self.admin_site.each_context(request),
            **{
                "title": _("See {team} as {member}").format(team=membership.team, member=membership.user.email),
                "opts": self.opts,
            },
            **{"membership": membership, "reasons": reasons, "reason": request.POST.get("reason", "")},
            "minutes": service.LENGTH.seconds // 60,
        }
        return TemplateResponse(request, "admin/impersonate.html", context, status=422 if reasons else 200)

    def end_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ends what this session does as somebody else."""
        one = stop(request)
        if one is None:
            return HttpResponseRedirect(reverse("admin:index"))
        told = _("Ended: you no longer see {team} as {member}.")
        messages.success(request, told.format(team=one.team, member=one.member.email))
        return HttpResponseRedirect(reverse("admin:accounts_team_change", args=[one.team_id]))

    def _membership(self, request: HttpRequest) -> Membership:
        try:
            told = UUID(request.GET.get("membership", ""))
        except ValueError:
            raise Http404("Begin on the page of a team.") from None
        found = Membership.objects.select_related("user", "team").filter(id=told).first()
        if found is None:
            raise Http404("Nobody is a member by this id.")
        return found
