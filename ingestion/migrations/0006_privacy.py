"""What a team masks and captures of what is reported, and what its records take on the disk. Additive."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from accounts.operations import MakeTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0010_team_limits"),
        ("ingestion", "0005_cost_rule"),
    ]

    operations = [
        migrations.CreateModel(
            name="CapturePolicy",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("workflow", models.CharField(blank=True, max_length=200)),
                ("environment", models.CharField(blank=True, max_length=200)),
                (
                    "capture",
                    models.CharField(
                        choices=[("off", "off"), ("metadata", "metadata"), ("full", "full")], max_length=8
                    ),
                ),
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
                "db_table": "capture_policy",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=("team", "workflow", "environment"), name="capture_policy_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="RedactionRule",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("detector", "detector"), ("field", "field"), ("pattern", "pattern")], max_length=8
                    ),
                ),
                ("what", models.CharField(max_length=500)),
                ("is_on", models.BooleanField(default=True)),
                (
                    "becomes",
                    models.CharField(
                        choices=[("label", "label"), ("hash", "hash"), ("removed", "removed")],
                        default="label",
                        max_length=8,
                    ),
                ),
                ("label", models.CharField(max_length=30)),
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
                "db_table": "redaction_rule",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team", "kind", "what"), name="redaction_rule_once")],
            },
        ),
        migrations.CreateModel(
            name="TeamStorage",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("storage_bytes", models.BigIntegerField()),
                ("measured_at", models.DateTimeField()),
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
                "db_table": "team_storage",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team",), name="team_storage_once")],
            },
        ),
        MakeTenantTable("redaction_rule"),
        MakeTenantTable("capture_policy"),
        MakeTenantTable("team_storage"),
    ]
