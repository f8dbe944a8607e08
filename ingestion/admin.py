"""Ways in, webhook deliveries and destinations in the installation's administration: without what they carried."""

from collections import Counter, defaultdict
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.tenancy import current_team_id
from accounts.tenant_admin import TenantAdmin
from ingestion.acceptance import ReportsRefused, StorageUnavailable
from ingestion.forwarding.outbox import Waiting, waiting
from ingestion.models import Delivery, DeliveryOutcome, Destination, OutboxSchedule, Source
from ingestion.services.deliveries import process_again
from ingestion.sources import info_of
from monitoring.wording import bytes_size

MAX_AGAIN = 200
_BECAME = {
    DeliveryOutcome.STORED: gettext_noop("{count} stored"),
    DeliveryOutcome.DUPLICATE: gettext_noop("{count} known already"),
    DeliveryOutcome.IGNORED: gettext_noop("{count} ignored"),
    DeliveryOutcome.REJECTED: gettext_noop("{count} rejected"),
}


@admin.register(Source)
class SourceAdmin(TenantAdmin):
    """Ways in by name. Their addresses and secrets are not shown: who has one can report."""

    list_display = ("name", "kind", "is_active", "api_key", "first_report_at", "last_report_at", "created_at")
    list_filter = ("is_active", "kind")
    ordering = ("name", "id")
    related = ("team", "api_key")
    fields = (
        *("team", "id", "name", "kind", "is_active", "api_key", "environment", "workflow", "completeness"),
        *("sample_rate", "cost_rule", "has_secret", "has_mapping", "created_at", "first_report_at", "last_report_at"),
    )

    @admin.display(boolean=True)
    def has_secret(self, source: Source) -> bool:
        """Whether signatures are verified."""
        return bool(source.secret)

    @admin.display(boolean=True)
    def has_mapping(self, source: Source) -> bool:
        """Whether the team wrote a mapping of its own."""
        return bool(source.mapping)


# Only the administration says it; in the model it would be a migration for a word.
Delivery._meta.verbose_name_plural = gettext_lazy("deliveries")


@admin.register(Delivery)
class DeliveryAdmin(TenantAdmin):
    """Webhook deliveries, newest first, without headers and body; rejected ones by the filter, to be read again."""

    list_display = ("received_at", "source", "event", "outcome", "size", "executions_made", "processed_at")
    list_filter = ("outcome",)
    ordering = ("-received_at", "id")
    related = ("team",)
    fields = (
        *("team", "id", "source", "event", "outcome", "rejected_fields", "received_at", "processed_at", "size"),
        *("content_type", "executions_made"),
    )
    actions = ("process_again",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Without the body, which nobody sees here; the names of the few sources are read once."""
        self.names = dict(Source.objects.filter(team_id=current_team_id()).values_list("id", "name"))
        return super().get_queryset(request).defer("body", "headers")

    def source(self, delivery: Delivery) -> str:
        """The name of its source."""
        return self.names.get(delivery.source_id, _("removed"))

    @admin.display(description=gettext_lazy("size"), ordering="body_bytes")
    def size(self, delivery: Delivery) -> str:
        """Of the body as it came."""
        return bytes_size(delivery.body_bytes)

    @admin.display(description=gettext_lazy("executions"))
    def executions_made(self, delivery: Delivery) -> int:
        """How many executions it told of."""
        return len(delivery.executions)

    @admin.display(description=gettext_lazy("rejected because of the fields"))
    def rejected_fields(self, delivery: Delivery) -> str:
        """Their names; what stood in them is the team's to read."""
        return ", ".join(sorted({str(one.get("field", "")) for one in delivery.reasons})) or _("none")

    @admin.action(description=gettext_lazy("Read again"), permissions=["retry"])
    def process_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """Reads them as their source reads now; what is known already is not doubled."""
        rows = list(queryset.order_by("received_at", "id")[:MAX_AGAIN])
        sources = {one.id: one for one in Source.objects.filter(team_id=current_team_id())}
        by_source: dict[Any, list[Delivery]] = defaultdict(list)
        for one in rows:
            by_source[one.source_id].append(one)
        outcomes: Counter[str] = Counter()
        for source_id, own in by_source.items():
            if source_id in sources:
                try:
                    outcomes += process_again(info_of(sources[source_id]), own, timezone.now())
                except (StorageUnavailable, ReportsRefused) as error:
                    told = _("Not read again: {reason}. Try again.").format(reason=_(str(error)))
                    self.message_user(request, told, messages.ERROR)
        became = [_(_BECAME[DeliveryOutcome(one)]).format(count=count) for one, count in sorted(outcomes.items())]
        words = _("Read again: {outcomes}.").format(outcomes=", ".join(became) or _("none"))
        self.tell_retry(request, rows, outcomes.total(), words)


@admin.register(Destination)
class DestinationAdmin(TenantAdmin):
    """Receivers by name, with what waits for them. Their headers are not shown: tokens stand there."""

    list_display = (
        "name",
        "kind",
        "is_active",
        "waits",
        "sent_count",
        "dropped_count",
        "last_success_at",
        "last_error",
    )
    list_filter = ("is_active", ("last_error", admin.EmptyFieldListFilter))
    ordering = ("name", "id")
    related = ("team",)
    fields = (
        *("team", "id", "name", "kind", "preset", "is_active", "pushes_metrics", "waits", "sent_count"),
        *("dropped_count", "created_at", "last_success_at", "last_error_at", "last_error"),
    )
    actions = ("send_now",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With what waits, read once."""
        self.waiting = waiting(current_team_id())
        return super().get_queryset(request).defer("headers")

    @admin.display(description=gettext_lazy("waiting"))
    def waits(self, destination: Destination) -> str:
        """How many requests, and how much."""
        found = self.waiting.get(destination.id, Waiting())
        return f"{found.requests} ({bytes_size(found.bytes)})"

    @admin.action(description=gettext_lazy("Try what waits now"), permissions=["retry"])
    def send_now(self, request: HttpRequest, queryset: QuerySet[Destination]) -> None:
        """Ends the pause after a failure."""
        rows = list(queryset.order_by("id")[:MAX_AGAIN])
        due = OutboxSchedule.objects.filter(team_id=current_team_id(), destination_id__in=[one.id for one in rows])
        count = due.update(next_at=timezone.now())
        words = _("What waits for {count} destinations is tried within seconds.").format(count=count)
        self.tell_retry(request, rows, count, words)
