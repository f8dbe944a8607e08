"""API keys of all teams, without their secrets."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.admin_forms import Act, LookedAt, WithActs
from accounts.models import ApiKey
from accounts.services import administration as service


def _revoke(request: Any, key: ApiKey, reason: str) -> str:
    service.revoke_key(key=key, now=timezone.now())
    return _("{name} ({prefix}) is refused from now on.").format(name=key.name, prefix=key.prefix)


# Only the administration says it; in the model it would be a migration for a word.
ApiKey._meta.verbose_name_plural = gettext_lazy("API keys")


@admin.register(ApiKey)
class ApiKeyAdmin(WithActs):
    """Keys by prefix; their hash is not shown. A key is made by its team, where its text can be shown."""

    list_display = ("prefix", "name", "team", "expires_at", "revoked_at", "last_used_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), ("member", admin.EmptyFieldListFilter))
    list_select_related = ("team",)
    starts = ("prefix",)
    search_help_text = gettext_lazy("How the key begins, up to 16 characters")
    ordering = ("prefix",)
    fields = readonly_fields = (
        *("prefix", "name", "team", "scopes", "source_kinds", "member", "requests_per_second", "created_by"),
        *("created_at", "expires_at", "revoked_at", "last_used_at"),
    )
    acts = {
        "revoke": Act(
            gettext_noop("Revoke"),
            gettext_noop("What uses the key is refused at once. This cannot be taken back; the team makes a new one."),
            _revoke,
            lambda key: key.revoked_at is None,
        )
    }

    def get_queryset(self, request: HttpRequest) -> Any:
        """With the people and the team that a key names; never its hash."""
        return LookedAt.get_queryset(self, request).select_related("team", "member", "created_by").defer("secret_hash")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Prefixes have capital letters, too; of a whole key only its beginning is looked at."""
        term = search_term.replace("\x00", "").strip()[:16]
        return (queryset.filter(prefix__startswith=term) if term else queryset), False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Lists of one team are led to from its page."""
        return lookup == "team__id__exact" or super().lookup_allowed(lookup, value, request)
