"""Makes exports as background jobs, their queue, and the monthly mail. Additive."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from accounts.operations import MakeTenantTable, grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_cost_scope"),
        ("billing", "0003_line_parts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportJob",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("table", models.CharField(max_length=20)),
                ("format", models.CharField(max_length=20)),
                ("chosen", models.JSONField(default=dict)),
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
                ("lines_total", models.BigIntegerField(default=0)),
                ("lines_done", models.BigIntegerField(default=0)),
                ("rows", models.BigIntegerField(null=True)),
                ("left_out_lines", models.BigIntegerField(default=0)),
                ("left_out_tokens", models.BigIntegerField(default=0)),
                ("file_name", models.CharField(max_length=200)),
                ("stored_name", models.CharField(blank=True, default="", max_length=100)),
                ("size_bytes", models.BigIntegerField(null=True)),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
                ("tries", models.IntegerField(default=0)),
                ("error", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
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
                "db_table": "export_job",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="CostMail",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("month", models.DateField()),
                ("job_id", models.UUIDField(null=True)),
                ("made_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("tries", models.IntegerField(default=0)),
                ("last_error", models.CharField(blank=True, max_length=200)),
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
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "cost_mail",
                "indexes": [
                    models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="cost_mail_due")
                ],
                "constraints": [models.UniqueConstraint(fields=("team", "user", "month"), name="cost_mail_once")],
            },
        ),
        migrations.CreateModel(
            name="CostMailPlan",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("day", models.SmallIntegerField()),
                ("table", models.CharField(max_length=20)),
                ("format", models.CharField(max_length=20)),
                ("chosen_at", models.DateTimeField()),
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
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "cost_mail_plan",
                "constraints": [
                    models.UniqueConstraint(fields=("team", "user"), name="cost_mail_plan_once"),
                    models.CheckConstraint(
                        condition=models.Q(("day__gte", 1), ("day__lte", 28)), name="cost_mail_plan_day"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExportDue",
            fields=[
                ("job_id", models.UUIDField(primary_key=True, serialize=False)),
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
                "db_table": "export_due",
                "indexes": [models.Index(fields=["due_at"], name="export_due_time")],
            },
        ),
        MakeTenantTable("export_job"),
        *(grant_control_table(table) for table in ("export_due", "cost_mail_plan", "cost_mail")),
    ]
