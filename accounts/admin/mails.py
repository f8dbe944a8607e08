"""E-mails of all teams to members in the administration, those about API keys first."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin_forms import LookedAt
from accounts.audit import record_for_installation
from accounts.models import KeyMail

MAX_AGAIN = 500


class MailState(admin.SimpleListFilter):
    """Sent, waiting, given up."""

    title, parameter_name = gettext_lazy("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three states."""
        return [("waiting", _("Waiting")), ("sent", _("Sent")), ("failed", _("Given up"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The mails in that state."""
        if self.value() == "waiting":
            return queryset.filter(due_at__isnull=False)
        if self.value() == "sent":
            return queryset.filter(sent_at__isnull=False)
        failed = {"due_at__isnull": True, "sent_at__isnull": True, "tries__gt": 0}
        return queryset.filter(**failed) if self.value() == "failed" else queryset


class MailAdmin(LookedAt):
    """E-mails of all teams to members: when, tried how often, why not. Their text is made when they are sent."""

    list_filter = (MailState,)
    list_select_related = ("team", "user")
    ordering = ("-made_at", "id")
    actions = ("send_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With team and member."""
        return super().get_queryset(request).select_related("team", "user")

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Who may change rows of this kind may have them tried again."""
        return bool(request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}"))

    @admin.action(description=gettext_lazy("Send again"), permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Queues those that were given up once more."""
        now, kind = timezone.now(), self.opts.verbose_name_raw
        given_up = queryset.filter(due_at__isnull=True, sent_at__isnull=True)
        for one in (rows := list(given_up.order_by("made_at", "id")[:MAX_AGAIN])):
            target = (kind, one.pk, str(one))
            record_for_installation(f"{kind.replace(' ', '_')}.retried", target, about_team=one.team_id)
        given_up.filter(pk__in=[one.pk for one in rows]).update(due_at=now, made_at=now, tries=0)
        words = ngettext(
            "{count} is sent again within a minute.", "{count} are sent again within a minute.", len(rows)
        ).format(count=len(rows))
        self.message_user(request, words, messages.SUCCESS if rows else messages.WARNING)


# Only the administration says it; in the model it would be a migration for words.
KeyMail._meta.verbose_name = gettext_lazy("mail about an API key")
KeyMail._meta.verbose_name_plural = gettext_lazy("mails about API keys")


@admin.register(KeyMail)
class KeyMailAdmin(MailAdmin):
    """Mails before an API key ends: nothing of the key but its id."""

    list_display = ("made_at", "team", "user", "key_id", "days", "due_at", "sent_at", "tries", "last_error")
    fields = readonly_fields = list_display
