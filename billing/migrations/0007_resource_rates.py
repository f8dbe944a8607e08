"""Rates of what runs cost beside tokens. Additive."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
import monitoring.models.money
from accounts.operations import AddTeamForeignKey, MakeTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_cost_scope"),
        ("billing", "0006_statements"),
        ("monitoring", "0018_step_prices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ResourceRate",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                (
                    "kind",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Tokens"),
                            (1, "Compute"),
                            (2, "Storage"),
                            (3, "API calls"),
                            (4, "Subscriptions"),
                            (5, "Backup"),
                            (6, "Other"),
                        ]
                    ),
                ),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("run", "run"),
                            ("minute", "minute of run time"),
                            ("gb_hour", "GB-hour"),
                            ("call", "call"),
                            ("month", "month"),
                        ],
                        max_length=10,
                    ),
                ),
                ("amount", monitoring.models.money.UsdField()),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("environment_id", models.BigIntegerField(default=0)),
                ("system_id", models.BigIntegerField(default=0)),
                ("provider_id", models.BigIntegerField(default=0)),
                (
                    "key",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("runs", "Runs"),
                            ("minutes", "Run minutes"),
                            ("tokens", "Tokens"),
                            ("equal", "Equal parts"),
                            ("none", "Not allocated"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField(null=True)),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
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
                (
                    "workflow",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="monitoring.workflow",
                    ),
                ),
            ],
            options={
                "db_table": "resource_rate",
                "base_manager_name": "objects",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="resource_rate_amount"),
                    models.CheckConstraint(condition=models.Q(("kind__gt", 0)), name="resource_rate_kind"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on__isnull", True), ("ends_on__gt", models.F("starts_on")), _connector="OR"
                        ),
                        name="resource_rate_days",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("unit", "month"), models.Q(("key", ""), _negated=True)),
                            models.Q(models.Q(("unit", "month"), _negated=True), ("key", "")),
                            _connector="OR",
                        ),
                        name="resource_rate_key",
                    ),
                ],
            },
        ),
        MakeTenantTable("resource_rate"),
        AddTeamForeignKey("resource_rate", "workflow_id", "workflow"),
    ]
