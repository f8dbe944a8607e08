"""The order in which a SIEM follows the audit log, where it is pushed to, what keys ask, their burst. Additive."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from accounts.operations import MakeTenantTable, grant_control_table

TEAM = {"on_delete": django.db.models.deletion.CASCADE, "related_name": "+", "to": "accounts.team"}


def _id() -> models.UUIDField:
    return models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_team_export"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditPlace",
            fields=[
                ("id", _id()),
                ("place", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("team", models.ForeignKey(db_index=False, **TEAM)),
            ],
            options={
                "db_table": "audit_place",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["team", "-at"], name="audit_place_by_time")],
                "constraints": [models.UniqueConstraint(fields=("team", "place"), name="audit_place_once")],
            },
        ),
        migrations.CreateModel(
            name="AuditStream",
            fields=[
                ("id", _id()),
                ("url", models.CharField(max_length=2000)),
                ("secret", models.BinaryField()),
                (
                    "format",
                    models.CharField(
                        choices=[("lines", "JSON lines: one event a line"), ("array", "A JSON array of events")],
                        default="lines",
                        max_length=8,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("since", models.DateTimeField(default=django.utils.timezone.now)),
                ("sent_place", models.BigIntegerField(default=0)),
                ("tries", models.IntegerField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_success_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=500)),
                ("last_error_at", models.DateTimeField(null=True)),
                ("team", models.ForeignKey(db_index=False, **TEAM)),
            ],
            options={
                "verbose_name": "audit stream",
                "db_table": "audit_stream",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team",), name="audit_stream_once")],
            },
        ),
        migrations.CreateModel(
            name="AuditStreamDue",
            fields=[
                (
                    "team",
                    models.OneToOneField(primary_key=True, serialize=False, **TEAM),
                ),
                ("due_at", models.DateTimeField()),
            ],
            options={
                "db_table": "audit_stream_due",
                "indexes": [models.Index(fields=["due_at"], name="audit_stream_due_by_time")],
            },
        ),
        migrations.CreateModel(
            name="KeyDay",
            fields=[
                ("id", _id()),
                ("key_id", models.UUIDField()),
                ("day", models.DateField()),
                ("read_count", models.BigIntegerField(default=0)),
                ("refused_count", models.BigIntegerField(default=0)),
                ("team", models.ForeignKey(db_index=False, **TEAM)),
            ],
            options={
                "db_table": "key_day",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team", "day", "key_id"), name="key_day_once")],
            },
        ),
        migrations.AddField(
            model_name="apikey",
            name="burst",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        MakeTenantTable("audit_place"),
        MakeTenantTable("audit_stream"),
        MakeTenantTable("key_day"),
        grant_control_table("audit_stream_due"),
    ]
