"""The audit log of a team, one team at a time, and the log of the installation: read, never changed."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts.admin_forms import CappedPaginator, LookedAt
from accounts.models import ApiKey, AuditEvent, InstallationEvent, User
from accounts.tenant_admin import TenantAdmin

_FIELDS = (
    *("at", "actor_kind", "actor_name", "impersonated_by", "action", "target_kind", "target_id", "target_name"),
    *("before", "after", "note", "via", "address", "request_id", "id"),
)
_HELP = gettext_lazy(
    "The whole address of a person, the beginning of a key, an id, or how the action begins (membership.)"
)


def _found(queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Events by whom (the index by actor), or by how the action begins (newest first, by the index of time)."""
    term = term.replace("\x00", "").strip()
    if not term:
        return queryset
    actors: set[UUID] = set(User.objects.filter(email=term.lower()).values_list("id", flat=True))
    actors |= set(ApiKey.objects.filter(prefix=term[:16]).values_list("id", flat=True))
    with suppress(ValueError):
        actors.add(UUID(term))
    return queryset.filter(Q(actor_id__in=actors)) if actors else queryset.filter(action__startswith=term)


class _Searched:
    """The search of both logs."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By person, key, id or action."""
        return _found(queryset, search_term), False


@admin.register(AuditEvent)
class AuditEventAdmin(_Searched, TenantAdmin):
    """What was done in a team."""

    list_display = ("at", "actor_name", "impersonated_by", "action", "target_name", "via", "address")
    list_filter = ("at",)
    search_fields = ("action",)
    search_help_text = _HELP
    ordering = ("-at", "id")
    paginator = CappedPaginator
    fields = readonly_fields = _FIELDS


@admin.register(InstallationEvent)
class InstallationEventAdmin(_Searched, LookedAt):
    """What belongs to no team: signing in, people, and what the people who run the installation did."""

    list_display = ("at", "actor_name", "action", "target_name", "note", "via", "address")
    list_filter = ("at",)
    search_help_text = _HELP
    ordering = ("-at", "id")
    fields = readonly_fields = (*_FIELDS, "about_team")

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """There is a search."""
        return ["action"]
