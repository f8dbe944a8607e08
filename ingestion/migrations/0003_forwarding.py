"""Makes destinations, and the outbox of what waits to be sent on to them."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from accounts.operations import MakeTenantTable, grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_grants"),
        ("ingestion", "0002_sources"),
    ]

    operations = [
        migrations.CreateModel(
            name="Destination",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("otlp", "OpenTelemetry (OTLP/HTTP)"),
                            ("elastic", "Elasticsearch bulk"),
                            ("hec", "Splunk HEC"),
                            ("loki", "Loki"),
                        ],
                        max_length=16,
                    ),
                ),
                ("preset", models.CharField(blank=True, max_length=32)),
                ("name", models.CharField(max_length=120)),
                ("url", models.CharField(max_length=2000)),
                ("headers", models.BinaryField(blank=True, null=True)),
                ("settings", models.JSONField(blank=True, default=dict)),
                ("pushes_metrics", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_success_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("last_error_at", models.DateTimeField(blank=True, null=True)),
                ("sent_count", models.BigIntegerField(default=0)),
                ("dropped_count", models.BigIntegerField(default=0)),
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
                "db_table": "destination",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="OutboxSchedule",
            fields=[
                ("destination_id", models.UUIDField(primary_key=True, serialize=False)),
                ("next_at", models.DateTimeField()),
                ("claimed_until", models.DateTimeField(null=True)),
                ("failures", models.SmallIntegerField(default=0)),
                ("push_at", models.DateTimeField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
                    ),
                ),
            ],
            options={
                "db_table": "outbox_schedule",
            },
        ),
        migrations.CreateModel(
            name="OutboxEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("destination_id", models.UUIDField()),
                ("item_id", models.UUIDField()),
                ("created_at", models.DateTimeField()),
                ("byte_count", models.IntegerField()),
                ("tries", models.SmallIntegerField(default=0)),
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
                "db_table": "outbox_entry",
                "indexes": [
                    models.Index(fields=["team", "destination_id", "id"], name="outbox_entry_in_order"),
                    models.Index(fields=["team", "item_id"], name="outbox_entry_of_item"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutboxItem",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
                ("payload", models.BinaryField()),
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
                "db_table": "outbox_item",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["team", "created_at"], name="outbox_item_by_time")],
            },
        ),
        MakeTenantTable("destination"),
        MakeTenantTable("outbox_item"),
        grant_control_table("outbox_entry"),
        grant_control_table("outbox_schedule"),
        migrations.RunSQL("GRANT USAGE ON SEQUENCE outbox_entry_id_seq TO steadyrun_app", migrations.RunSQL.noop),
    ]
