"""Makes sources, their ledger, and what they report beside executions."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from accounts.operations import MakeTenantTable, grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_grants"),
        ("ingestion", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Source",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("rest", "rest"),
                            ("otlp", "otlp"),
                            ("langsmith", "langsmith"),
                            ("logs", "logs"),
                            ("loki", "loki"),
                            ("hec", "hec"),
                            ("elastic", "elastic"),
                            ("firehose", "firehose"),
                            ("ping", "ping"),
                            ("standard-webhooks", "standard-webhooks"),
                            ("github", "github"),
                            ("gitlab", "gitlab"),
                            ("n8n", "n8n"),
                            ("dify", "dify"),
                            ("airflow", "airflow"),
                            ("alertmanager", "alertmanager"),
                            ("grafana", "grafana"),
                            ("webhook", "webhook"),
                        ],
                        max_length=32,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("address", models.CharField(blank=True, max_length=64)),
                ("environment", models.CharField(blank=True, max_length=200)),
                ("workflow", models.CharField(blank=True, max_length=200)),
                ("secret", models.BinaryField(blank=True, null=True)),
                ("mapping", models.JSONField(blank=True, null=True)),
                ("settings", models.JSONField(blank=True, default=dict)),
                (
                    "completeness",
                    models.CharField(
                        blank=True,
                        choices=[("complete", "complete"), ("failures-only", "failures-only"), ("sampled", "sampled")],
                        max_length=16,
                    ),
                ),
                ("sample_rate", models.PositiveIntegerField(blank=True, null=True)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("first_report_at", models.DateTimeField(blank=True, null=True)),
                ("last_report_at", models.DateTimeField(blank=True, null=True)),
                ("first_execution_id", models.UUIDField(blank=True, null=True)),
                (
                    "api_key",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.apikey",
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
                "db_table": "source",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="SourceAddress",
            fields=[
                ("address", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("source_id", models.UUIDField()),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
                    ),
                ),
            ],
            options={
                "db_table": "source_address",
            },
        ),
        migrations.CreateModel(
            name="SourceReceipt",
            fields=[
                ("request_count", models.BigIntegerField(default=0)),
                ("stored_count", models.BigIntegerField(default=0)),
                ("duplicate_count", models.BigIntegerField(default=0)),
                ("rejected_count", models.BigIntegerField(default=0)),
                ("ignored_count", models.BigIntegerField(default=0)),
                ("refused_count", models.BigIntegerField(default=0)),
                ("byte_count", models.BigIntegerField(default=0)),
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("source_id", models.UUIDField()),
                ("received_at", models.DateTimeField()),
                ("lag_ms", models.BigIntegerField(null=True)),
                ("execution_id", models.UUIDField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "db_table": "source_receipt",
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("source_id", models.UUIDField()),
                ("external_id", models.CharField(max_length=200)),
                ("event", models.CharField(blank=True, max_length=200)),
                ("received_at", models.DateTimeField()),
                ("processed_at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("stored", "Stored"),
                            ("duplicate", "Known already"),
                            ("ignored", "Ignored"),
                            ("rejected", "Rejected"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reasons", models.JSONField(default=list)),
                (
                    "executions",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("headers", models.JSONField(default=dict)),
                ("body", models.BinaryField()),
                ("body_bytes", models.BigIntegerField()),
                ("content_type", models.CharField(blank=True, max_length=200)),
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
                "db_table": "delivery",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["team", "source_id", "-received_at"], name="delivery_by_time")],
                "constraints": [
                    models.UniqueConstraint(fields=("team", "source_id", "external_id"), name="delivery_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceAttribute",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("source_id", models.UUIDField()),
                ("name", models.CharField(max_length=200)),
                ("example_type", models.CharField(max_length=40)),
                ("first_seen_at", models.DateTimeField()),
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
                "db_table": "source_attribute",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=("team", "source_id", "name"), name="source_attribute_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceHour",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("request_count", models.BigIntegerField(default=0)),
                ("stored_count", models.BigIntegerField(default=0)),
                ("duplicate_count", models.BigIntegerField(default=0)),
                ("rejected_count", models.BigIntegerField(default=0)),
                ("ignored_count", models.BigIntegerField(default=0)),
                ("refused_count", models.BigIntegerField(default=0)),
                ("byte_count", models.BigIntegerField(default=0)),
                ("source_id", models.UUIDField()),
                ("hour", models.DateTimeField()),
                ("lag_sum_ms", models.BigIntegerField(default=0)),
                ("lag_max_ms", models.BigIntegerField(null=True)),
                ("lag_count", models.BigIntegerField(default=0)),
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
                "db_table": "source_hour",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team", "source_id", "hour"), name="source_hour_once")],
            },
        ),
        migrations.CreateModel(
            name="SourceLine",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("source_id", models.UUIDField()),
                ("logged_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("level", models.TextField(null=True)),
                ("message", models.TextField()),
                ("labels", models.JSONField(null=True)),
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
                "db_table": "source_line",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["team", "source_id", "-logged_at"], name="source_line_by_time")],
            },
        ),
        migrations.CreateModel(
            name="SourceMetric",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("source_id", models.UUIDField()),
                ("name", models.CharField(max_length=200)),
                ("kind", models.CharField(blank=True, max_length=16)),
                ("unit", models.CharField(blank=True, max_length=40)),
                ("measured_at", models.DateTimeField()),
                ("value", models.FloatField()),
                ("sample_count", models.BigIntegerField(null=True)),
                ("labels", models.JSONField(null=True)),
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
                "db_table": "source_metric",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["team", "source_id", "name", "-measured_at"], name="source_metric_by_time")
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceRejection",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("source_id", models.UUIDField()),
                ("day", models.DateField()),
                ("field", models.CharField(max_length=200)),
                ("reason", models.CharField(max_length=500)),
                ("item_count", models.BigIntegerField(default=0)),
                ("last_at", models.DateTimeField()),
                ("sample", models.TextField(null=True)),
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
                "db_table": "source_rejection",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "source_id", "day", "field", "reason"), name="source_rejection_once"
                    )
                ],
            },
        ),
        MakeTenantTable("source"),
        MakeTenantTable("source_hour"),
        MakeTenantTable("source_rejection"),
        MakeTenantTable("source_attribute"),
        MakeTenantTable("source_line"),
        MakeTenantTable("source_metric"),
        MakeTenantTable("delivery"),
        grant_control_table("source_address"),
        grant_control_table("source_receipt"),
        migrations.RunSQL("GRANT USAGE ON SEQUENCE source_receipt_id_seq TO steadyrun_app", migrations.RunSQL.noop),
    ]
