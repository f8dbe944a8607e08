"""Makes findings, improvements and their history; a release can be announced before it is seen. Additive."""

import uuid

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey, MakeTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_release_scope"),
        ("monitoring", "0007_diagnosis"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("environment_id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("concentration", "Concentration"),
                            ("divergence", "First divergence"),
                            ("cause", "Cause"),
                            ("tail", "Long tail"),
                            ("cost", "Cost"),
                            ("retries", "Retries"),
                            ("schedule", "Missed schedule"),
                        ],
                        max_length=20,
                    ),
                ),
                ("subject", models.JSONField()),
                ("failure_group_id", models.UUIDField(null=True)),
                ("title", models.CharField(max_length=300)),
                ("evidence", models.JSONField()),
                ("advice", models.JSONField(default=list)),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "Open"), ("gone", "Gone"), ("dismissed", "Dismissed")],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("since", models.DateTimeField(null=True)),
                ("found_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField()),
                ("gone_at", models.DateTimeField(null=True)),
                ("executions_per_week", models.FloatField(null=True)),
                ("cost_per_week_usd", models.DecimalField(decimal_places=12, max_digits=24, null=True)),
                ("worth", models.FloatField(default=0)),
                ("dismissed_at", models.DateTimeField(null=True)),
                ("dismissed_why", models.CharField(blank=True, max_length=2000)),
            ],
            options={
                "db_table": "finding",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Improvement",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("environment_id", models.BigIntegerField(null=True)),
                ("failure_group_id", models.UUIDField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("node_design", "Node design"),
                            ("timeout_retry", "Timeout and retry"),
                            ("tool_invocation", "Tool invocation"),
                            ("trigger", "Webhook or schedule"),
                            ("dependency", "Dependency"),
                        ],
                        max_length=20,
                    ),
                ),
                ("title", models.CharField(max_length=300)),
                ("text", models.CharField(blank=True, max_length=10000)),
                (
                    "metric",
                    models.CharField(
                        choices=[
                            ("failure_rate", "Failure rate"),
                            ("group_rate", "Rate of this failure group"),
                            ("unmet_rate", "Share of unmet runs"),
                            ("retry_rate", "Retries per run"),
                            ("p95_ms", "p95 latency"),
                            ("mean_ms", "Average latency"),
                            ("cost_usd", "Cost per run"),
                            ("tokens", "Tokens per run"),
                        ],
                        max_length=20,
                    ),
                ),
                ("expected_change", models.FloatField(null=True)),
                ("expected_effect", models.CharField(blank=True, max_length=2000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("released", "Released"),
                            ("helped", "Helped"),
                            ("no_help", "Did not help"),
                            ("reopened", "Reopened"),
                        ],
                        default="planned",
                        max_length=12,
                    ),
                ),
                ("released_at", models.DateTimeField(null=True)),
                ("result", models.JSONField(null=True)),
                ("measured_at", models.DateTimeField(null=True)),
                ("links", models.JSONField(default=list)),
                ("tracker_url", models.CharField(blank=True, max_length=2000)),
                ("created_at", models.DateTimeField()),
                ("key_name", models.CharField(blank=True, max_length=200)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "improvement",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="ImprovementEvent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=20)),
                ("text", models.CharField(blank=True, max_length=10000)),
                ("detail", models.JSONField(default=dict)),
                ("key_name", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "db_table": "improvement_event",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="release",
            name="announced_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="release",
            name="announced_by",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="release",
            name="commit",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="release",
            name="key_name",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AddField(
            model_name="release",
            name="released_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="release",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=2000),
        ),
        migrations.AddField(
            model_name="release",
            name="url",
            field=models.CharField(blank=True, db_default="", default="", max_length=2000),
        ),
        migrations.AlterField(
            model_name="release",
            name="first_seen_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="release",
            name="live_at",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce("released_at", "first_seen_at"),
                output_field=models.DateTimeField(),
            ),
        ),
        migrations.AddIndex(
            model_name="release",
            index=models.Index(fields=["team", "workflow", "live_at"], name="release_by_time"),
        ),
        migrations.AddConstraint(
            model_name="release",
            constraint=models.CheckConstraint(
                condition=models.Q(("first_seen_at__isnull", False), ("announced_at__isnull", False), _connector="OR"),
                name="release_is_seen_or_announced",
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="dismissed_by",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="finding",
            name="workflow",
            field=accounts.tenancy.TeamForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="findings",
                to="monitoring.workflow",
            ),
        ),
        migrations.AddField(
            model_name="improvement",
            name="created_by",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="improvement",
            name="finding",
            field=accounts.tenancy.TeamForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="monitoring.finding",
            ),
        ),
        migrations.AddField(
            model_name="improvement",
            name="owner",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="improvement",
            name="release",
            field=accounts.tenancy.TeamForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="monitoring.release",
            ),
        ),
        migrations.AddField(
            model_name="improvement",
            name="reopened_by",
            field=accounts.tenancy.TeamForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="monitoring.release",
            ),
        ),
        migrations.AddField(
            model_name="improvement",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AddField(
            model_name="improvement",
            name="workflow",
            field=accounts.tenancy.TeamForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="improvements",
                to="monitoring.workflow",
            ),
        ),
        migrations.AddField(
            model_name="improvementevent",
            name="by",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="improvementevent",
            name="improvement",
            field=accounts.tenancy.TeamForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="events",
                to="monitoring.improvement",
            ),
        ),
        migrations.AddField(
            model_name="improvementevent",
            name="team",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["team", "status", "-worth"], name="finding_by_worth"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["team", "workflow", "status"], name="finding_of_workflow"),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "gone", "dismissed"])), name="finding_status_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["concentration", "divergence", "cause", "tail", "cost", "retries", "schedule"])
                ),
                name="finding_kind_known",
            ),
        ),
        migrations.AddIndex(
            model_name="improvement",
            index=models.Index(fields=["team", "status", "changed_at"], name="improvement_by_status"),
        ),
        migrations.AddIndex(
            model_name="improvement",
            index=models.Index(fields=["team", "workflow", "status"], name="improvement_of_workflow"),
        ),
        migrations.AddIndex(
            model_name="improvement",
            index=models.Index(fields=["team", "failure_group_id"], name="improvement_of_group"),
        ),
        migrations.AddIndex(
            model_name="improvement",
            index=models.Index(fields=["team", "finding"], name="improvement_of_finding"),
        ),
        migrations.AddConstraint(
            model_name="improvement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["node_design", "timeout_retry", "tool_invocation", "trigger", "dependency"])
                ),
                name="improvement_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="improvement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "metric__in",
                        [
                            "failure_rate",
                            "group_rate",
                            "unmet_rate",
                            "retry_rate",
                            "p95_ms",
                            "mean_ms",
                            "cost_usd",
                            "tokens",
                        ],
                    )
                ),
                name="improvement_metric_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="improvement",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["planned", "released", "helped", "no_help", "reopened"])),
                name="improvement_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="improvement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("metric", "group_rate"), _negated=True),
                    ("failure_group_id__isnull", False),
                    _connector="OR",
                ),
                name="improvement_group_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="improvement",
            constraint=models.CheckConstraint(
                condition=models.Q(("status", "planned"), ("release__isnull", False), _connector="OR"),
                name="improvement_release_is_known",
            ),
        ),
        migrations.AddIndex(
            model_name="improvementevent",
            index=models.Index(fields=["team", "improvement", "at"], name="improvement_event_by_time"),
        ),
        MakeTenantTable("finding"),
        AddTeamForeignKey("finding", "workflow_id", "workflow"),
        MakeTenantTable("improvement"),
        AddTeamForeignKey("improvement", "workflow_id", "workflow"),
        AddTeamForeignKey("improvement", "finding_id", "finding"),
        AddTeamForeignKey("improvement", "release_id", "release"),
        AddTeamForeignKey("improvement", "reopened_by_id", "release"),
        MakeTenantTable("improvement_event"),
        AddTeamForeignKey("improvement_event", "improvement_id", "improvement"),
    ]
