"""Alerts in the installation's administration: looked at, one team at a time. Services own the writes.

Secrets of channels are never shown, only the names of those that are set.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import current_team_id
from accounts.tenant_admin import TenantAdmin
from alerts.models import AlertDelivery, AlertRule, AlertState, Channel, Incident, Route, RouteStep, Silence
from alerts.reads.deliveries import MAX_AGAIN
from alerts.reads.matchers import matcher_words
from alerts.reads.rules import words_of
from alerts.reads.silences import state_of
from alerts.services.channels import kept_names
from alerts.services.outbox import requeue
from monitoring.models import Workflow


class _AboutWorkflow(TenantAdmin):
    """Rows that name a workflow by its id alone: its name is read along."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows with `workflow_name`."""
        own = Workflow.objects.filter(team_id=current_team_id(), id=OuterRef("workflow_id")).values("name")
        rows: QuerySet[Any] = super().get_queryset(request).annotate(workflow_name=Subquery(own[:1]))
        return rows

    @admin.display(description=_("workflow"), ordering="workflow_name")
    def about(self, row: Any) -> str:
        """The workflow's name; empty: it is about none, or about one that is gone."""
        return str(row.workflow_name or "")


@admin.register(AlertRule)
class AlertRuleAdmin(TenantAdmin):
    """Rules by name, removed ones too."""

    list_display = ("name", "metric", "severity", "workflow", "environment", "is_active", "updated_at", "removed_at")
    list_filter = ("severity", "is_active", ("removed_at", admin.EmptyFieldListFilter), "metric")
    search_fields = ("name", "value", "text", "id")
    ordering = ("name", "id")
    related = ("team", "workflow", "updated_by")
    fields = (
        *("team", "id", "name", "in_words", "metric", "workflow", "is_per_workflow", "scope", "value", "environment"),
        *("comparison", "threshold", "clear_threshold", "window_s", "delay_s", "min_samples", "for_s"),
        *("keep_firing_s", "no_data", "parameters", "severity", "tags", "text", "url", "is_active", "default_key"),
        *("revision", "created_at", "updated_at", "updated_by", "removed_at"),
    )

    @admin.display(description=_("In words"))
    def in_words(self, rule: AlertRule) -> str:
        """The rule as one sentence."""
        return words_of(rule)


@admin.register(AlertState)
class AlertStateAdmin(_AboutWorkflow):
    """Where rules stand, what changed last first."""

    list_display = ("rule", "about", "value_text", "state", "since", "at", "value", "samples")
    list_filter = ("state", "rule__severity", "rule__metric")
    search_fields = ("rule__name", "value_text", "id")
    ordering = ("-at", "id")
    related = ("team", "rule")
    fields = (
        *("team", "id", "rule", "about", "value_text", "state", "since", "at", "value", "samples", "low", "high"),
        *("memory", "incident_id"),
    )


@admin.register(Incident)
class IncidentAdmin(_AboutWorkflow):
    """Incidents, newest first."""

    list_display = ("title", "severity", "status", "rule", "about", "opened_at", "resolved_at", "muted_by")
    list_filter = ("status", "severity", "is_flapping", "muted_by", "opened_at")
    search_fields = ("title", "rule__name", "value_text", "id")
    ordering = ("-opened_at", "id")
    related = ("team", "rule", "parent", "improvement", "acknowledged_by", "resolved_by")
    fields = (
        *("team", "id", "title", "severity", "status", "rule", "about", "value_text", "environment", "since"),
        *("opened_at", "active_at", "reopen_count", "acknowledged_at", "acknowledged_by", "resolved_at"),
        *("resolved_by", "is_resolved_by_hand", "value", "limit", "worst", "samples", "facts", "cause_kind"),
        *("cause_value", "parent", "muted_by", "is_flapping", "improvement", "updated_at"),
    )


@admin.register(Channel)
class ChannelAdmin(TenantAdmin):
    """Channels by name, with their last fault."""

    list_display = ("name", "kind", "is_active", "last_success_at", "last_error_at", "last_error")
    list_filter = ("kind", "is_active", ("last_error", admin.EmptyFieldListFilter))
    search_fields = ("name", "last_error", "id")
    ordering = ("name", "id")
    related = ("team",)
    fields = (
        *("team", "id", "name", "kind", "is_active", "settings", "secrets_set", "created_at", "last_success_at"),
        *("last_error_at", "last_error"),
    )
    exclude = ("secrets",)

    @admin.display(description=_("secrets that are set"))
    def secrets_set(self, channel: Channel) -> str:
        """Their names."""
        return ", ".join(kept_names(channel)) or gettext("none")


@admin.register(Route)
class RouteAdmin(TenantAdmin):
    """Routes in their order."""

    list_display = ("name", "position", "about", "is_final", "is_active")
    list_filter = ("is_active", "is_final")
    search_fields = ("name", "id")
    ordering = ("position", "id")
    related = ("team",)
    fields = (
        *("team", "id", "name", "position", "about", "matchers", "tells", "quiet_hours", "is_final", "is_active"),
        "created_at",
    )

    @admin.display(description=_("incidents"))
    def about(self, route: Route) -> str:
        """Which incidents it is about, by slugs and ids."""
        return matcher_words(route.matchers, {})

    @admin.display(description=_("Tells"))
    def tells(self, route: Route) -> str:
        """Its channels and when each is told."""
        steps = RouteStep.objects.filter(team_id=route.team_id, route_id=route.id).select_related("channel")
        after = gettext("{channel} after {minutes} min")
        told = [
            after.format(channel=step.channel.name, minutes=step.after_s // 60)
            for step in steps.order_by("after_s", "id")
        ]
        return ", ".join(told) or gettext("nobody")


class _SilenceTime(admin.SimpleListFilter):
    """By where a silence stands now."""

    title, parameter_name = _("time"), "time"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        """The three times; whether one that comes again is in force just now its row says."""
        return [("now", _("Begun")), ("coming", _("To come")), ("past", _("Over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The silences of that time."""
        now = timezone.now()
        if self.value() == "past":
            return queryset.filter(ends_at__lte=now)
        if self.value() == "coming":
            return queryset.filter(starts_at__gt=now)
        return queryset.filter(starts_at__lte=now, ends_at__gt=now) if self.value() == "now" else queryset


@admin.register(Silence)
class SilenceAdmin(TenantAdmin):
    """Silences and maintenance windows, the latest end first."""

    list_display = ("reason", "kind", "stands", "about", "starts_at", "ends_at", "cron", "created_by")
    list_filter = ("kind", _SilenceTime, ("cron", admin.EmptyFieldListFilter))
    search_fields = ("reason", "id")
    ordering = ("-ends_at", "id")
    related = ("team", "created_by")
    fields = (
        *("team", "id", "kind", "reason", "stands", "about", "matchers", "starts_at", "ends_at", "cron", "zone"),
        *("duration_s", "created_at", "created_by"),
    )

    @admin.display(description=_("state"))
    def stands(self, silence: Silence) -> str:
        """In force, to come, over."""
        return state_of(silence, timezone.now()).value

    @admin.display(description=_("incidents"))
    def about(self, silence: Silence) -> str:
        """Which incidents it is about, by slugs and ids."""
        return matcher_words(silence.matchers, {})


# Only the administration says it; in the model it would be a migration for a word.
AlertDelivery._meta.verbose_name_plural = _("alert deliveries")


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(TenantAdmin):
    """Notices to channels, newest first; those given up by the filter of the status, to be sent again."""

    actions = ("send_again",)

    list_display = ("created_at", "channel", "kind", "status", "tries", "tried_at", "answer_status", "last_error")
    list_filter = ("status", "kind", "channel", "created_at")
    search_fields = ("last_error", "channel__name", "incident__title", "id")
    ordering = ("-created_at", "-id")
    related = ("team", "channel", "incident", "event")
    fields = (
        *("team", "id", "channel", "incident", "event", "kind", "status", "created_at", "tries", "tried_at"),
        *("sent_at", "answer_status", "last_error", "headline"),
    )

    @admin.display(description=_("notice"))
    def headline(self, delivery: AlertDelivery) -> str:
        """Its first line; the rest is the team's to read."""
        return str(delivery.notice.get("what", ""))

    @admin.action(description=_("Send again"), permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[AlertDelivery]) -> None:
        """Queues what is done or was given up once more, with fresh tries."""
        rows = list(queryset.order_by("created_at", "id")[:MAX_AGAIN])
        count = requeue(current_team_id(), rows, timezone.now())
        said = gettext("{count} of {total} are sent again within seconds.").format(count=count, total=len(rows))
        self.tell_retry(request, rows, count, said)
