"""Makes the issue tracker of a team with its deliveries, and the queues of deliveries and of improvements. Additive."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey, MakeTenantTable, grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_release_scope"),
        ("monitoring", "0011_findings"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImprovementDue",
            fields=[
                ("improvement_id", models.UUIDField(primary_key=True, serialize=False)),
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
                "db_table": "improvement_due",
                "indexes": [models.Index(fields=["due_at"], name="improvement_due_by_time")],
            },
        ),
        migrations.CreateModel(
            name="Tracker",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("url", models.CharField(max_length=2000)),
                ("secret", models.BinaryField()),
                ("events", models.JSONField(default=list)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("last_success_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
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
                "db_table": "tracker",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team",), name="tracker_once")],
            },
        ),
        migrations.CreateModel(
            name="TrackerDelivery",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=40)),
                ("payload", models.JSONField()),
                ("created_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Given up")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("tries", models.IntegerField(default=0)),
                ("tried_at", models.DateTimeField(null=True)),
                ("answer_status", models.IntegerField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                (
                    "improvement",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="monitoring.improvement",
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
                "db_table": "tracker_delivery",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["team", "-created_at"], name="tracker_delivery_by_time"),
                    models.Index(fields=["team", "improvement"], name="tracker_delivery_of"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["waiting", "sent", "failed"])),
                        name="tracker_delivery_status_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TrackerDue",
            fields=[
                ("delivery_id", models.UUIDField(primary_key=True, serialize=False)),
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
                "db_table": "tracker_due",
                "indexes": [models.Index(fields=["due_at"], name="tracker_due_by_time")],
            },
        ),
        MakeTenantTable("tracker"),
        MakeTenantTable("tracker_delivery"),
        AddTeamForeignKey("tracker_delivery", "improvement_id", "improvement"),
        grant_control_table("tracker_due"),
        grant_control_table("improvement_due"),
    ]
