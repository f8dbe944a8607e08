"""Teams: how big, within which limits, suspended or open. Their names, members and ends are theirs to change."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts import formats
from accounts.admin_forms import Act, Told, WithActs
from accounts.models import Membership, Team, TeamLimits, User
from accounts.ports import team_figures
from accounts.services import administration as service
from accounts.services.impersonation import fault_of, may_impersonate


class LimitsInline(admin.StackedInline):  # type: ignore[type-arg]
    """What was agreed with the team; empty fields have the default of the installation, 0 is no limit."""

    model = TeamLimits
    can_delete = False
    verbose_name_plural = gettext_lazy("limits (empty: the installation's; 0: none)")


class MembersInline(admin.TabularInline):  # type: ignore[type-arg]
    """Who is in the team, with a way to see it as they do."""

    model = Membership
    fields = readonly_fields = ("user", "role", "created_at", "see")
    extra = 0
    can_delete = False
    verbose_name_plural = gettext_lazy("members")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the people."""
        self.staff = request.user
        return super().get_queryset(request).select_related("user").order_by("user__email", "id")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Members are added under memberships, or invited by the team."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Roles are changed under memberships."""
        return False

    @admin.display(description=gettext_lazy("pages"))
    def see(self, one: Membership) -> str | SafeString:
        """The way to see the team as this member, or why there is none."""
        if not isinstance(self.staff, User) or not may_impersonate(self.staff):
            return ""
        if fault := fault_of(one, self.staff):
            return fault
        address = f"{reverse('admin:accounts_impersonation_add')}?membership={one.id}"
        return format_html('<a href="{}">{}</a>', address, _("See the team as this member"))


class _State(admin.SimpleListFilter):
    """Open, suspended, or being deleted."""

    title, parameter_name = gettext_lazy("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three states."""
        return [("open", _("Open")), ("suspended", _("Suspended")), ("closed", _("Being deleted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The teams in that state."""
        if self.value() == "open":
            return queryset.filter(suspended_at__isnull=True, erased_from__isnull=True)
        if self.value() == "suspended":
            return queryset.filter(suspended_at__isnull=False)
        return queryset.filter(erased_from__isnull=False) if self.value() == "closed" else queryset


def _suspend(request: Any, team: Team, reason: str) -> str:
    service.suspend_team(team_id=team.id, reason=reason, now=timezone.now())
    return _("The team is suspended: pages at once, keys and sources within seconds.")


def _resume(request: Any, team: Team, reason: str) -> str:
    service.resume_team(team_id=team.id)
    return _("The team is open again.")


def _restore(request: Any, team: Team, reason: str) -> str:
    service.restore_team(team_id=team.id, now=timezone.now())
    return _("The team is restored: its deletion is taken back.")


@admin.register(Team)
class TeamAdmin(Told, WithActs):
    """Teams by name. A team is made by a member, or by `manage.py bootstrap`."""

    list_display = ("name", "slug", "state", "members", "created_at")
    list_filter = (_State,)
    starts = ("slug",)
    search_help_text = gettext_lazy("How its address begins: /t/…/")
    ordering = ("name", "id")
    inlines = (LimitsInline, MembersInline)
    fields = readonly_fields = (
        *("name", "slug", "state", "suspended_because", "requires_second_factor", "shows_payloads_to_staff"),
        *("created_at", "this_month", "more"),
    )
    acts = {
        "suspend": Act(
            gettext_noop("Suspend"),
            gettext_noop(
                "Pages, keys and sources of the team are closed. Nothing of it is deleted. Members read the reason."
            ),
            _suspend,
            lambda team: team.suspended_at is None,
            asks=True,
        ),
        "resume": Act(
            gettext_noop("Resume"),
            gettext_noop("The team is open again."),
            _resume,
            lambda team: team.suspended_at is not None,
        ),
        "restore": Act(
            gettext_noop("Restore"),
            gettext_noop("The deletion of the team is taken back: keys and sources work again."),
            _restore,
            lambda team: team.erased_from is not None,
        ),
    }

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Limits are changed by the form; everything else is only shown."""
        return self.may_act(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of members."""
        found: QuerySet[Any] = super().get_queryset(request).annotate(member_count=Count("memberships"))
        return found

    @admin.display(description=gettext_lazy("state"))
    def state(self, team: Team) -> str:
        """Open, suspended, or when it is deleted."""
        if team.erased_from is not None:
            return _("is deleted on {at} UTC").format(at=formats.moment(team.erased_from))
        if team.suspended_at:
            return _("suspended since {day}").format(day=formats.day_of_year(team.suspended_at))
        return _("open")

    @admin.display(description=gettext_lazy("members"), ordering="member_count")
    def members(self, team: Any) -> int:
        """How many."""
        return int(team.member_count)

    def this_month(self, team: Team) -> SafeString | str:
        """What it used of what it may."""
        found = team_figures(team.id, timezone.now())
        return format_html_join(" · ", "{}: {}", found) or _("not known")

    def more(self, team: Team) -> SafeString:
        """Lists of the team's rows."""
        links = (
            (_("sources"), f"{reverse('admin:ingestion_source_changelist')}?team={team.id}"),
            (_("API keys"), f"{reverse('admin:accounts_apikey_changelist')}?team__id__exact={team.id}"),
            (_("retention runs"), f"{reverse('admin:monitoring_retentionrun_changelist')}?team={team.id}"),
            (_("audit log"), f"{reverse('admin:accounts_auditevent_changelist')}?team={team.id}"),
        )
        return format_html_join(" · ", '<a href="{}">{}</a>', ((href, label) for label, href in links))

    def team_of(self, obj: Any) -> Any:
        """Itself."""
        return obj.id
