"""Retention runs, messages to issue trackers and weekly reviews in the installation's administration."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin.mails import MailAdmin
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

    @admin.display(description=gettext_lazy("freed"), ordering="freed_bytes")
    def freed(self, run: RetentionRun) -> str:
        """What went back to the file system."""
        return bytes_size(run.freed_bytes)

    @admin.display(description=gettext_lazy("to be used again"), ordering="reusable_bytes")
    def reusable(self, run: RetentionRun) -> str:
        """What stays in the files for rows to come."""
        return bytes_size(run.reusable_bytes)


# Only the administration says it; in the model it would be a migration for a word.
TrackerDelivery._meta.verbose_name_plural = gettext_lazy("tracker messages")


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

    @admin.action(description=gettext_lazy("Send again"), permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[TrackerDelivery]) -> None:
        """Queues them once more, with fresh tries."""
        rows, team_id = list(queryset.order_by("created_at", "id")[:MAX_AGAIN]), current_team_id()
        count = sum(send_again(team_id=team_id, delivery_id=one.id, now=timezone.now()) for one in rows)
        text = ngettext("{count} is sent again within seconds.", "{count} are sent again within seconds.", count)
        self.tell_retry(request, rows, count, text.format(count=count))


@admin.register(ReviewMail)
class ReviewMailAdmin(MailAdmin):
    """Weekly reviews by e-mail."""

    list_display = ("made_at", "team", "user", "week", "due_at", "sent_at", "tries", "last_error")
    fields = readonly_fields = list_display
