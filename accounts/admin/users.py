"""People: let in or not, signed out, with fresh second factors; and who administers the installation."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from accounts.admin_forms import Act, LookedAt, Told, WithActs
from accounts.models import Membership, User
from accounts.services import administration as service


def _deactivate(request: Any, user: User, reason: str) -> str:
    service.deactivate_user(user=user, by=request.user)
    return _("{email} is deactivated and signed out everywhere.").format(email=user.email)


def _activate(request: Any, user: User, reason: str) -> str:
    service.activate_user(user=user, by=request.user)
    return _("{email} may sign in again.").format(email=user.email)


def _end_sessions(request: Any, user: User, reason: str) -> str:
    ended = service.end_all_sessions(user=user, by=request.user)
    return ngettext("{count} session ended.", "{count} sessions ended.", ended).format(count=ended)


def _reset_factors(request: Any, user: User, reason: str) -> str:
    gone = service.reset_second_factors(user=user, by=request.user, reason=reason)
    told = _("{count} second factors removed; {email} signs in with the password and sets up new ones.")
    return told.format(count=gone, email=user.email)


def _make_staff(request: Any, user: User, reason: str) -> str:
    service.set_staff(user=user, by=request.user, is_staff=True)
    told = _("{email} may open the administration. Give them a group, or they see nothing there.")
    return told.format(email=user.email)


def _end_staff(request: Any, user: User, reason: str) -> str:
    service.set_staff(user=user, by=request.user, is_staff=False)
    return _("{email} is out of the administration and signed out everywhere.").format(email=user.email)


@admin.register(User)
class UserAdmin(Told, WithActs):
    """People by address. Passwords, names and addresses are theirs to change."""

    list_display = ("email", "name", "is_active", "is_staff", "has_second_factor", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active")
    starts = ("email",)
    search_help_text = gettext_lazy("How the address begins")
    ordering = ("email",)
    fields = (
        *("email", "name", "is_active", "is_staff", "is_superuser", "has_second_factor", "teams", "time_zone"),
        *("created_at", "last_login", "groups"),
    )
    readonly_fields = fields[:-1]
    filter_horizontal = ("groups",)
    acts = {
        "deactivate": Act(
            gettext_noop("Deactivate"),
            gettext_noop("They are signed out everywhere and cannot sign in; keys that stand for them stop."),
            _deactivate,
            lambda user: user.is_active,
        ),
        "activate": Act(
            gettext_noop("Activate"),
            gettext_noop("They may sign in again."),
            _activate,
            lambda user: not user.is_active,
        ),
        "end-sessions": Act(
            gettext_noop("End sessions"),
            gettext_noop("They are signed out everywhere, and may sign in again."),
            _end_sessions,
        ),
        "reset-second-factors": Act(
            gettext_noop("Reset second factors"),
            gettext_noop(
                "Authenticator app, passkeys and recovery codes are removed. Make sure first that it is them who ask, "
                "and say how: seen, called back at a number that was known before, or vouched for by an owner of their "
                "team."
            ),
            _reset_factors,
            asks=True,
        ),
        "make-staff": Act(
            gettext_noop("Let into the administration"),
            gettext_noop("They see there what their groups allow."),
            _make_staff,
            lambda user: not user.is_staff,
        ),
        "end-staff": Act(
            gettext_noop("Put out of the administration"),
            gettext_noop("They keep their teams."),
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

    @admin.display(description=gettext_lazy("second factor"), boolean=True)
    def has_second_factor(self, user: Any) -> bool:
        """Whether they have one."""
        return bool(user.has_factor)

    def teams(self, user: User) -> SafeString | str:
        """Their teams and roles."""
        found = Membership.objects.filter(user_id=user.id).select_related("team").order_by("team__name", "id")
        return format_html_join(", ", "{} ({})", ((one.team.name, one.role) for one in found)) or _("none")


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
