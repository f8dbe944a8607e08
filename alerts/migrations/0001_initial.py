"""Rules, incidents, channels, routes, the outbox of notices, and three queues."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey, MakeTenantTable, grant_control_table


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0006_groups_and_alert_scope"),
        ("monitoring", "0014_workflow_owner"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("default_key", models.CharField(blank=True, default="", max_length=40)),
                ("metric", models.CharField(max_length=40)),
                ("is_per_workflow", models.BooleanField(default=True)),
                ("scope", models.CharField(blank=True, default="", max_length=12)),
                ("value", models.CharField(blank=True, default="", max_length=500)),
                ("environment", models.CharField(blank=True, default="production", max_length=200)),
                (
                    "comparison",
                    models.CharField(
                        choices=[
                            ("above", "Above"),
                            ("below", "Below"),
                            ("unusual", "Unusual"),
                            ("unusual_either", "Unusual either"),
                        ],
                        default="above",
                        max_length=16,
                    ),
                ),
                ("threshold", models.FloatField(null=True)),
                ("clear_threshold", models.FloatField(null=True)),
                ("window_s", models.IntegerField(default=300)),
                ("delay_s", models.IntegerField(default=0)),
                ("min_samples", models.IntegerField(default=0)),
                ("for_s", models.IntegerField(default=0)),
                ("keep_firing_s", models.IntegerField(default=0)),
                (
                    "no_data",
                    models.CharField(
                        choices=[("unknown", "Unknown"), ("ok", "Ok"), ("fire", "Fire")],
                        default="unknown",
                        max_length=8,
                    ),
                ),
                ("parameters", models.JSONField(default=dict)),
                (
                    "severity",
                    models.CharField(
                        choices=[("info", "Info"), ("warning", "Warning"), ("critical", "Critical")],
                        default="warning",
                        max_length=8,
                    ),
                ),
                ("tags", models.JSONField(default=list)),
                ("text", models.CharField(blank=True, default="", max_length=2000)),
                ("url", models.CharField(blank=True, default="", max_length=2000)),
                ("is_active", models.BooleanField(default=True)),
                ("revision", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rules",
                        to="monitoring.workflow",
                    ),
                ),
            ],
            options={
                "db_table": "alert_rule",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="AlertState",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("workflow_id", models.UUIDField(null=True)),
                ("value_text", models.CharField(blank=True, default="", max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[("ok", "Ok"), ("pending", "Pending"), ("firing", "Firing"), ("no_data", "No data")],
                        default="ok",
                        max_length=8,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("value", models.FloatField(null=True)),
                ("samples", models.BigIntegerField(default=0)),
                ("low", models.FloatField(null=True)),
                ("high", models.FloatField(null=True)),
                ("memory", models.JSONField(default=dict)),
                ("incident_id", models.UUIDField(null=True)),
                (
                    "rule",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="states",
                        to="alerts.alertrule",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "alert_state",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("email", "E-mail"),
                            ("slack", "Slack"),
                            ("teams", "Microsoft Teams"),
                            ("discord", "Discord"),
                            ("pagerduty", "PagerDuty"),
                            ("opsgenie", "Opsgenie"),
                            ("telegram", "Telegram"),
                            ("webhook", "Webhook"),
                            ("alertmanager", "Alertmanager"),
                        ],
                        max_length=16,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("settings", models.JSONField(default=dict)),
                ("secrets", models.BinaryField(null=True)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_success_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=500)),
                ("last_error_at", models.DateTimeField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "channel",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("subject_id", models.UUIDField()),
                ("workflow_id", models.UUIDField(null=True)),
                ("value_text", models.CharField(blank=True, default="", max_length=500)),
                ("environment", models.CharField(blank=True, default="", max_length=200)),
                ("title", models.CharField(max_length=300)),
                (
                    "severity",
                    models.CharField(
                        choices=[("info", "Info"), ("warning", "Warning"), ("critical", "Critical")], max_length=8
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("acknowledged", "Acknowledged"), ("resolved", "Resolved")],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("opened_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("resolved_at", models.DateTimeField(null=True)),
                ("value", models.FloatField(null=True)),
                ("limit", models.FloatField(null=True)),
                ("samples", models.BigIntegerField(default=0)),
                ("worst", models.FloatField(null=True)),
                ("facts", models.JSONField(default=dict)),
                ("cause_kind", models.CharField(blank=True, default="", max_length=12)),
                ("cause_value", models.CharField(blank=True, default="", max_length=500)),
                ("muted_by", models.CharField(blank=True, default="", max_length=12)),
                ("is_flapping", models.BooleanField(default=False)),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "improvement",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="incidents",
                        to="monitoring.improvement",
                    ),
                ),
                (
                    "parent",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="children",
                        to="alerts.incident",
                    ),
                ),
                (
                    "resolved_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rule",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="incidents",
                        to="alerts.alertrule",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "incident",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="ChannelMessage",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("reference", models.JSONField()),
                ("updated_at", models.DateTimeField()),
                (
                    "channel",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="alerts.channel",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "incident",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="alerts.incident",
                    ),
                ),
            ],
            options={
                "db_table": "channel_message",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="IncidentDue",
            fields=[
                ("incident_id", models.UUIDField(primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField()),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "incident_due",
            },
        ),
        migrations.CreateModel(
            name="IncidentEvent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("opened", "Opened"),
                            ("worse", "Became worse"),
                            ("grouped", "Counted to another incident"),
                            ("muted", "No notice sent"),
                            ("notified", "Notice sent"),
                            ("escalated", "Escalated"),
                            ("acknowledged", "Acknowledged"),
                            ("noted", "Note"),
                            ("linked", "Improvement linked"),
                            ("no_data", "No data any more"),
                            ("resolved", "Resolved"),
                            ("reopened", "Open again"),
                        ],
                        max_length=16,
                    ),
                ),
                ("text", models.CharField(blank=True, default="", max_length=4000)),
                ("detail", models.JSONField(default=dict)),
                ("key_name", models.CharField(blank=True, default="", max_length=200)),
                (
                    "by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="alerts.incident",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "incident_event",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="AlertDelivery",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("opened", "Opened"),
                            ("escalated", "Escalated"),
                            ("acknowledged", "Acknowledged"),
                            ("resolved", "Resolved"),
                            ("reopened", "Reopened"),
                            ("digest", "Digest"),
                            ("test", "Test"),
                        ],
                        max_length=12,
                    ),
                ),
                ("notice", models.JSONField()),
                ("created_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Given up")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("tries", models.IntegerField(default=0)),
                ("tried_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("answer_status", models.IntegerField(null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=500)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
                (
                    "channel",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="alerts.channel",
                    ),
                ),
                (
                    "incident",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="alerts.incident",
                    ),
                ),
                (
                    "event",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="alerts.incidentevent",
                    ),
                ),
            ],
            options={
                "db_table": "alert_delivery",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Route",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("position", models.IntegerField()),
                ("matchers", models.JSONField(default=dict)),
                ("quiet_hours", models.JSONField(null=True)),
                ("is_final", models.BooleanField(default=True)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "route",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="RouteStep",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("after_s", models.IntegerField(default=0)),
                (
                    "channel",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="route_steps",
                        to="alerts.channel",
                    ),
                ),
                (
                    "route",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="alerts.route",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "route_step",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="RuleDue",
            fields=[
                ("rule_id", models.UUIDField(primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField()),
                ("evaluated_until", models.DateTimeField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "rule_due",
            },
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("silence", "Silence"), ("maintenance", "Maintenance")],
                        default="silence",
                        max_length=12,
                    ),
                ),
                ("matchers", models.JSONField(default=dict)),
                ("reason", models.CharField(max_length=500)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("cron", models.CharField(blank=True, default="", max_length=120)),
                ("zone", models.CharField(blank=True, default="UTC", max_length=64)),
                ("duration_s", models.IntegerField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "created_by",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "silence",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="AlertDeliveryDue",
            fields=[
                ("delivery_id", models.UUIDField(primary_key=True, serialize=False)),
                ("channel_id", models.UUIDField()),
                ("due_at", models.DateTimeField()),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "alert_delivery_due",
                "indexes": [
                    models.Index(fields=["due_at"], name="alert_delivery_due_by_time"),
                    models.Index(fields=["channel_id", "due_at"], name="alert_delivery_due_of_channel"),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="alertrule",
            index=models.Index(fields=["team", "name", "id"], name="alert_rule_by_name"),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(models.Q(("default_key", ""), _negated=True), ("removed_at__isnull", True)),
                fields=("team", "default_key"),
                name="alert_rule_default_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "scope__in",
                        [
                            "",
                            "workflow",
                            "step",
                            "model",
                            "provider",
                            "system",
                            "tool",
                            "release",
                            "trigger",
                            "error",
                            "input",
                            "source",
                        ],
                    )
                ),
                name="alert_rule_scope_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("comparison__in", ["above", "below", "unusual", "unusual_either"])),
                name="alert_rule_comparison_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("severity__in", ["info", "warning", "critical"])), name="alert_rule_severity_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("delay_s__gte", 0),
                    ("for_s__gte", 0),
                    ("keep_firing_s__gte", 0),
                    ("min_samples__gte", 0),
                    ("window_s__gte", 0),
                ),
                name="alert_rule_lengths_are_positive",
            ),
        ),
        migrations.AddIndex(
            model_name="alertstate",
            index=models.Index(fields=["team", "rule"], name="alert_state_of_rule"),
        ),
        migrations.AddConstraint(
            model_name="alertstate",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["ok", "pending", "firing", "no_data"])), name="alert_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.UniqueConstraint(fields=("team", "name"), name="channel_name_once"),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "email",
                            "slack",
                            "teams",
                            "discord",
                            "pagerduty",
                            "opsgenie",
                            "telegram",
                            "webhook",
                            "alertmanager",
                        ],
                    )
                ),
                name="channel_kind_known",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["team", "-opened_at", "id"], name="incident_by_time"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["team", "workflow_id", "-opened_at"], name="incident_of_workflow"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", True)),
                fields=["team", "cause_kind", "cause_value"],
                name="incident_open_by_cause",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("parent__isnull", False)), fields=["team", "parent"], name="incident_children"
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resolved_at__isnull", True)),
                fields=("team", "rule", "subject_id"),
                name="incident_open_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "acknowledged", "resolved"])), name="incident_status_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(("severity__in", ["info", "warning", "critical"])), name="incident_severity_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("resolved_at__isnull", False), ("status", "resolved")),
                    models.Q(models.Q(("status", "resolved"), _negated=True), ("resolved_at__isnull", True)),
                    _connector="OR",
                ),
                name="incident_resolved_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="channelmessage",
            constraint=models.UniqueConstraint(fields=("team", "channel", "incident"), name="channel_message_once"),
        ),
        migrations.AddIndex(
            model_name="incidentdue",
            index=models.Index(fields=["due_at"], name="incident_due_by_time"),
        ),
        migrations.AddIndex(
            model_name="incidentevent",
            index=models.Index(fields=["team", "incident", "at"], name="incident_event_by_time"),
        ),
        migrations.AddConstraint(
            model_name="incidentevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "opened",
                            "worse",
                            "grouped",
                            "muted",
                            "notified",
                            "escalated",
                            "acknowledged",
                            "noted",
                            "linked",
                            "no_data",
                            "resolved",
                            "reopened",
                        ],
                    )
                ),
                name="incident_event_kind_known",
            ),
        ),
        migrations.AddIndex(
            model_name="alertdelivery",
            index=models.Index(fields=["team", "-created_at", "id"], name="alert_delivery_by_time"),
        ),
        migrations.AddIndex(
            model_name="alertdelivery",
            index=models.Index(fields=["team", "channel", "-created_at"], name="alert_delivery_of_channel"),
        ),
        migrations.AddIndex(
            model_name="alertdelivery",
            index=models.Index(fields=["team", "incident"], name="alert_delivery_of_incident"),
        ),
        migrations.AddConstraint(
            model_name="alertdelivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("event__isnull", False)),
                fields=("team", "channel", "event"),
                name="alert_delivery_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["waiting", "sent", "failed"])), name="alert_delivery_status_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="alertdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["opened", "escalated", "acknowledged", "resolved", "reopened", "digest", "test"])
                ),
                name="alert_delivery_kind_known",
            ),
        ),
        migrations.AddIndex(
            model_name="route",
            index=models.Index(fields=["team", "position", "id"], name="route_in_order"),
        ),
        migrations.AddConstraint(
            model_name="routestep",
            constraint=models.UniqueConstraint(fields=("team", "route", "channel", "after_s"), name="route_step_once"),
        ),
        migrations.AddConstraint(
            model_name="routestep",
            constraint=models.CheckConstraint(
                condition=models.Q(("after_s__gte", 0)), name="route_step_after_is_positive"
            ),
        ),
        migrations.AddIndex(
            model_name="ruledue",
            index=models.Index(fields=["due_at"], name="rule_due_by_time"),
        ),
        migrations.AddIndex(
            model_name="silence",
            index=models.Index(fields=["team", "ends_at"], name="silence_by_end"),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="silence_has_end"
            ),
        ),
        migrations.AddConstraint(
            model_name="silence",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["silence", "maintenance"])), name="silence_kind_known"
            ),
        ),
        MakeTenantTable("alert_rule"),
        MakeTenantTable("alert_state"),
        MakeTenantTable("channel"),
        MakeTenantTable("incident"),
        MakeTenantTable("incident_event"),
        MakeTenantTable("alert_delivery"),
        MakeTenantTable("channel_message"),
        MakeTenantTable("route"),
        MakeTenantTable("route_step"),
        MakeTenantTable("silence"),
        AddTeamForeignKey("alert_rule", "workflow_id", "workflow"),
        AddTeamForeignKey("alert_state", "rule_id", "alert_rule"),
        AddTeamForeignKey("incident", "rule_id", "alert_rule"),
        AddTeamForeignKey("incident", "parent_id", "incident", clears=True),
        AddTeamForeignKey("incident", "improvement_id", "improvement", clears=True),
        AddTeamForeignKey("incident_event", "incident_id", "incident"),
        AddTeamForeignKey("alert_delivery", "channel_id", "channel"),
        AddTeamForeignKey("alert_delivery", "incident_id", "incident"),
        AddTeamForeignKey("alert_delivery", "event_id", "incident_event"),
        AddTeamForeignKey("channel_message", "channel_id", "channel"),
        AddTeamForeignKey("channel_message", "incident_id", "incident"),
        AddTeamForeignKey("route_step", "route_id", "route"),
        AddTeamForeignKey("route_step", "channel_id", "channel"),
        grant_control_table("rule_due"),
        grant_control_table("incident_due"),
        grant_control_table("alert_delivery_due"),
    ]
