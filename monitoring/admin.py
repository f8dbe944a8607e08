"""Retention runs, messages to issue trackers and weekly reviews in the installation's administration."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.admin_forms import LookedAt
from accounts.audit import record_for_installation
from accounts.tenancy import current_team_id
from accounts.tenant_admin import TenantAdmin
from monitoring.models import RetentionRun, ReviewMail, TrackerDelivery
from monitoring.services.tracker import send_again
from monitoring.wording import bytes_size

MAX_AGAIN = 500


@admin.register(RetentionRun)
class RetentionRunAdmin(TenantAdmin):
    """What retention deleted, newest first."""

    list_display = ("ended_at", "kind", "first_day", "last_day", "execution_count", "row_count", "freed", "reusable")
    list_filter = ("kind",)
    ordering = ("-ended_at", "id")
    related = ("team",)
    fields = (
        *("team", "id", "kind", "limit_days", "first_day", "last_day", "execution_count", "row_count", "freed"),
        *("reusable", "archived_to", "began_at", "ended_at"),
    )

    @admin.display(description="freed", ordering="freed_bytes")
    def freed(self, run: RetentionRun) -> str:
        """What went back to the file system."""
        return bytes_size(run.freed_bytes)

    @admin.display(description="to be used again", ordering="reusable_bytes")
    def reusable(self, run: RetentionRun) -> str:
        """What stays in the files for rows to come."""
        return bytes_size(run.reusable_bytes)


# Only the administration says it; in the model it would be a migration for a word.
TrackerDelivery._meta.verbose_name_plural = "tracker messages"


@admin.register(TrackerDelivery)
class TrackerDeliveryAdmin(TenantAdmin):
    """Messages to the issue tracker of a team, newest first; those given up by the filter, to be sent again."""

    list_display = ("created_at", "kind", "status", "tries", "tried_at", "answer_status", "last_error")
    list_filter = ("status", "kind")
    ordering = ("-created_at", "id")
    related = ("team", "improvement")
    fields = (
        *("team", "id", "improvement", "kind", "status", "created_at", "tries", "tried_at", "answer_status"),
        "last_error",
    )
    actions = ("send_again",)

    @admin.action(description="Send again", permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[TrackerDelivery]) -> None:
        """Queues them once more, with fresh tries."""
        rows, team_id = list(queryset.order_by("created_at", "id")[:MAX_AGAIN]), current_team_id()
        count = sum(send_again(team_id=team_id, delivery_id=one.id, now=timezone.now()) for one in rows)
        self.tell_retry(request, rows, count, f"{count} are sent again within seconds.")


class MailState(admin.SimpleListFilter):
    """Sent, waiting, given up."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The three states."""
        return [("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Given up")]

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

    @admin.action(description="Send again", permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Queues those that were given up once more."""
        now, kind = timezone.now(), str(self.opts.verbose_name)
        given_up = queryset.filter(due_at__isnull=True, sent_at__isnull=True)
        for one in (rows := list(given_up.order_by("made_at", "id")[:MAX_AGAIN])):
            target = (kind, one.pk, str(one))
            record_for_installation(f"{kind.replace(' ', '_')}.retried", target, about_team=one.team_id)
        given_up.filter(pk__in=[one.pk for one in rows]).update(due_at=now, made_at=now, tries=0)
        words = f"{len(rows)} are sent again within a minute."
        self.message_user(request, words, messages.SUCCESS if rows else messages.WARNING)


@admin.register(ReviewMail)
class ReviewMailAdmin(MailAdmin):
    """Weekly reviews by e-mail."""

    list_display = ("made_at", "team", "user", "week", "due_at", "sent_at", "tries", "last_error")
    fields = readonly_fields = list_display
