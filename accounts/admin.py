"""The installation's own administration of accounts. No customer payloads here."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.acting import Actor, ActorKind
from accounts.audit import record_for_installation
from accounts.models import ApiKey, IdentityDomain, Membership, Team, User


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Teams by name."""

    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """People. Passwords are set by the person, never here."""

    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    search_fields = ("email", "name")
    exclude = ("password",)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Who is in which team, as what."""

    list_display = ("user", "team", "role")
    list_filter = ("role",)
    list_select_related = ("user", "team")


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Keys by prefix; their hash is not shown and cannot be changed."""

    list_display = ("name", "prefix", "team", "expires_at", "revoked_at", "last_used_at")
    readonly_fields = ("prefix", "last_used_at", "created_by", "created_at")
    exclude = ("secret_hash",)
    list_select_related = ("team",)

    def has_add_permission(self, request: object) -> bool:
        """A key is made by its team, where its text can be shown."""
        return False


@admin.register(IdentityDomain)
class IdentityDomainAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Domains that teams say are theirs. To confirm one is to say that the team may speak for all its addresses."""

    list_display = ("domain", "team", "confirmed_at", "is_enforced")
    list_filter = (("confirmed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("team",)
    search_fields = ("domain",)
    actions = ("confirm", "withdraw")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A team notes its domains itself."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Confirmed and withdrawn by the actions, which are recorded."""
        return bool(obj is None and super().has_change_permission(request))

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """A team removes its domains itself."""
        return False

    @admin.action(description="Confirm: the team may speak for this domain")
    def confirm(self, request: HttpRequest, rows: QuerySet[IdentityDomain]) -> None:
        """Confirms what nobody else has confirmed."""
        for one in rows.filter(confirmed_at__isnull=True):
            if IdentityDomain.objects.filter(domain=one.domain, confirmed_at__isnull=False).exists():
                self.message_user(request, f"{one.domain} is confirmed for another team.", messages.ERROR)
                continue
            IdentityDomain.objects.filter(id=one.id).update(confirmed_at=timezone.now())
            self._tell(request, "domain.confirmed", one)

    @admin.action(description="Withdraw the confirmation")
    def withdraw(self, request: HttpRequest, rows: QuerySet[IdentityDomain]) -> None:
        """The provider of the team lets nobody of the domain in any more."""
        for one in rows.filter(confirmed_at__isnull=False):
            IdentityDomain.objects.filter(id=one.id).update(confirmed_at=None, is_enforced=False)
            self._tell(request, "domain.withdrawn", one)

    def _tell(self, request: HttpRequest, action: str, one: IdentityDomain) -> None:
        user = request.user
        who = Actor(ActorKind.USER, user.get_username(), user.pk)
        record_for_installation(action, ("domain", one.id, one.domain), about_team=one.team_id, actor=who)
