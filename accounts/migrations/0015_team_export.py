"""Exports of whole teams. Additive."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from accounts.operations import grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_directory_groups"),
    ]

    operations = [
        migrations.CreateModel(
            name="TeamExport",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("writing", "Being written"),
                            ("done", "Ready"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("tables_total", models.IntegerField(default=0)),
                ("tables_done", models.IntegerField(default=0)),
                ("table_name", models.CharField(blank=True, default="", max_length=63)),
                ("rows", models.BigIntegerField(default=0)),
                ("size_bytes", models.BigIntegerField(null=True)),
                ("stored_name", models.CharField(blank=True, default="", max_length=100)),
                ("error", models.CharField(blank=True, default="", max_length=300)),
                ("tries", models.IntegerField(default=0)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="exports", to="accounts.team"
                    ),
                ),
            ],
            options={"db_table": "team_export"},
        ),
        grant_control_table("team_export"),
    ]
