"""Memberships: who is in which team, as what."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.admin_forms import Act, LookedAt, Told, WithActs
from accounts.models import Membership
from accounts.permissions import Role
from accounts.services.administration import AdministrationRefused
from accounts.services.members import MemberRefused, change_role


def _make_owner(request: Any, one: Membership, reason: str) -> str:
    try:
        change_role(team_id=one.team_id, member_id=one.id, role=Role.OWNER, giver=Role.OWNER)
    except MemberRefused as refused:
        raise AdministrationRefused(str(refused)) from None
    return _("{email} owns the team now.").format(email=one.user.email)


@admin.register(Membership)
class MembershipAdmin(Told, WithActs):
    """Members are added, changed and removed by their team; a team that lost its owner gets one here."""

    list_display = ("user", "team", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "team")
    starts = ("user__email", "team__slug")
    search_help_text = gettext_lazy("How the address of the person or of the team begins")
    ordering = ("team__name", "user__email", "id")
    fields = readonly_fields = ("user", "team", "role", "created_at")
    acts = {
        "own": Act(
            gettext_noop("Make owner"),
            gettext_noop("For a team whose owners are gone. The team's audit log tells it."),
            _make_owner,
            lambda one: one.role != Role.OWNER,
        )
    }

    def get_queryset(self, request: HttpRequest) -> Any:
        """With person and team."""
        return LookedAt.get_queryset(self, request).select_related("user", "team")
