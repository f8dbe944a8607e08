"""People: let in or not, signed out, with fresh second factors; and who administers the installation."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.admin_forms import Act, LookedAt, Told, WithActs
from accounts.models import Membership, User
from accounts.services import administration as service


def _deactivate(request: Any, user: User, reason: str) -> str:
    service.deactivate_user(user=user, by=request.user)
    return f"{user.email} is deactivated and signed out everywhere."


def _activate(request: Any, user: User, reason: str) -> str:
    service.activate_user(user=user, by=request.user)
    return f"{user.email} may sign in again."


def _end_sessions(request: Any, user: User, reason: str) -> str:
    ended = service.end_all_sessions(user=user, by=request.user)
    return f"{ended} {'session' if ended == 1 else 'sessions'} ended."


def _reset_factors(request: Any, user: User, reason: str) -> str:
    gone = service.reset_second_factors(user=user, by=request.user, reason=reason)
    return f"{gone} second factors removed; {user.email} signs in with the password and sets up new ones."


def _make_staff(request: Any, user: User, reason: str) -> str:
    service.set_staff(user=user, by=request.user, is_staff=True)
    return f"{user.email} may open the administration. Give them a group, or they see nothing there."


def _end_staff(request: Any, user: User, reason: str) -> str:
    service.set_staff(user=user, by=request.user, is_staff=False)
    return f"{user.email} is out of the administration and signed out everywhere."


@admin.register(User)
class UserAdmin(Told, WithActs):
    """People by address. Passwords, names and addresses are theirs to change."""

    list_display = ("email", "name", "is_active", "is_staff", "has_second_factor", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    starts = ("email",)
    search_help_text = "How the address begins"
    ordering = ("email",)
    fields = (
        *("email", "name", "is_active", "is_staff", "is_superuser", "has_second_factor", "teams", "time_zone"),
        *("created_at", "last_login", "groups"),
    )
    readonly_fields = fields[:-1]
    filter_horizontal = ("groups",)
    acts = {
        "deactivate": Act(
            "Deactivate",
            "They are signed out everywhere and cannot sign in; keys that stand for them stop.",
            _deactivate,
            lambda user: user.is_active,
        ),
        "activate": Act("Activate", "They may sign in again.", _activate, lambda user: not user.is_active),
        "end-sessions": Act("End sessions", "They are signed out everywhere, and may sign in again.", _end_sessions),
        "reset-second-factors": Act(
            "Reset second factors",
            "Authenticator app, passkeys and recovery codes are removed. Make sure first that it is them who ask, and "
            "say how: seen, called back at a number that was known before, or vouched for by an owner of their team.",
            _reset_factors,
            asks=True,
        ),
        "make-staff": Act(
            "Let into the administration",
            "They see there what their groups allow.",
            _make_staff,
            lambda user: not user.is_staff,
        ),
        "end-staff": Act(
            "Put out of the administration",
            "They keep their teams.",
            _end_staff,
            lambda user: user.is_staff and not user.is_superuser,
        ),
    }

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only superusers say in which groups staff is: a group gives rights in the administration."""
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """As they are; second factors are read along where allauth keeps them."""
        from allauth.mfa.models import Authenticator

        own = Authenticator.objects.filter(user_id=OuterRef("pk"))
        found: QuerySet[Any] = LookedAt.get_queryset(self, request).annotate(has_factor=Exists(own))
        return found

    @admin.display(description="second factor", boolean=True)
    def has_second_factor(self, user: Any) -> bool:
        """Whether they have one."""
        return bool(user.has_factor)

    def teams(self, user: User) -> SafeString | str:
        """Their teams and roles."""
        found = Membership.objects.filter(user_id=user.id).select_related("team").order_by("team__name", "id")
        return format_html_join(", ", "{} ({})", ((one.team.name, one.role) for one in found)) or "none"


admin.site.unregister(Group)


@admin.register(Group)
class StaffGroupAdmin(Told, GroupAdmin):
    """Groups of staff, and what they may see and change in the administration. Superusers alone change them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Superusers."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: take the people out of it."""
        return False
