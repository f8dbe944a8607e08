"""How long a team keeps what. Additive."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import accounts.models.retention_policy
from accounts.operations import MakeTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_audit_log"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetentionPolicy",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("production_days", models.PositiveSmallIntegerField(default=90)),
                ("debug_days", models.PositiveSmallIntegerField(default=30)),
                ("payload_days", models.PositiveSmallIntegerField(default=None, null=True)),
                ("metrics_days", models.PositiveSmallIntegerField(default=365)),
                ("delivery_days", models.PositiveSmallIntegerField(default=30)),
                ("audit_days", models.PositiveSmallIntegerField(default=365)),
                (
                    "debug_environments",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200),
                        default=accounts.models.retention_policy._debug_environments,
                        size=100,
                    ),
                ),
                (
                    "debug_workflows",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=500),
                ),
                ("deletes_imported", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("archive_url", models.CharField(blank=True, default="", max_length=500)),
                ("archive_endpoint", models.CharField(blank=True, default="", max_length=500)),
                ("archive_key", models.CharField(blank=True, default="", max_length=200)),
                ("archive_secret", models.BinaryField(null=True)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                "db_table": "retention_policy",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team",), name="retention_policy_once")],
            },
        ),
        MakeTenantTable("retention_policy"),
    ]
