"""The installation's own administration of accounts. No customer payloads here."""

from django.contrib import admin

from accounts.models import ApiKey, Membership, Team, User


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
