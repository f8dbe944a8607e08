"""Looking for what a team keeps about somebody, in the background. Additive."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import MakeTenantTable, grant_control_table

TEAM = {"on_delete": django.db.models.deletion.CASCADE, "related_name": "+", "to": "accounts.team"}


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_streams_and_key_limits"),
        ("ingestion", "0006_privacy"),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonalDataJob",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "action",
                    models.CharField(
                        choices=[("search", "Search"), ("export", "Export"), ("deletion", "Deletion")], max_length=8
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "At work"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("value", models.BinaryField()),
                ("shown", models.CharField(max_length=60)),
                ("tag", models.CharField(blank=True, default="", max_length=200)),
                ("search_id", models.UUIDField(null=True)),
                ("actor_kind", models.CharField(max_length=8)),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_name", models.CharField(max_length=254)),
                ("asked_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("days_total", models.IntegerField(default=0)),
                ("days_done", models.IntegerField(default=0)),
                ("next_day", models.DateField(null=True)),
                ("executions", models.BigIntegerField(default=0)),
                ("held", models.BigIntegerField(default=0)),
                ("deliveries", models.BigIntegerField(default=0)),
                ("lines", models.BigIntegerField(default=0)),
                ("samples", models.JSONField(default=list)),
                ("stored_name", models.CharField(blank=True, default="", max_length=200)),
                ("size_bytes", models.BigIntegerField(null=True)),
                ("error", models.CharField(blank=True, default="", max_length=500)),
                ("team", models.ForeignKey(db_index=False, **TEAM)),
            ],
            options={
                "db_table": "personal_data_job",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["team", "-asked_at"], name="personal_data_job_by_time")],
            },
        ),
        migrations.CreateModel(
            name="PersonalDataDue",
            fields=[
                ("job_id", models.UUIDField(primary_key=True, serialize=False)),
                ("due_at", models.DateTimeField()),
                ("team", models.ForeignKey(db_index=False, **TEAM)),
            ],
            options={
                "db_table": "personal_data_due",
                "indexes": [models.Index(fields=["due_at"], name="personal_data_due_by_time")],
            },
        ),
        MakeTenantTable("personal_data_job"),
        grant_control_table("personal_data_due"),
    ]
