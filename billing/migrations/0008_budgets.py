"""Budgets and their history."""

import uuid

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
        ("billing", "0007_resource_rates"),
        ("monitoring", "0018_step_prices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Budget",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("team", "The whole team"),
                            ("workflow", "A workflow"),
                            ("provider", "A provider"),
                            ("tag", "A tag"),
                        ],
                        default="team",
                        max_length=10,
                    ),
                ),
                ("value", models.CharField(blank=True, default="", max_length=500)),
                ("environment", models.CharField(blank=True, default="", max_length=200)),
                ("amount", monitoring.models.money.UsdField()),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("earlier", models.JSONField(default=list)),
                ("thresholds", models.JSONField(default=list)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "owner",
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
                    "owner_group",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.membergroup",
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
                "db_table": "budget",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="BudgetEvent",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("key_name", models.CharField(blank=True, default="", max_length=200)),
                (
                    "what",
                    models.CharField(
                        choices=[("made", "made"), ("changed", "changed"), ("removed", "removed")], max_length=10
                    ),
                ),
                ("changes", models.JSONField(default=dict)),
                (
                    "budget",
                    accounts.tenancy.TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="billing.budget",
                    ),
                ),
                (
                    "by",
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
                "db_table": "budget_event",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("team", "scope", "workflow", "value", "environment"),
                name="budget_scope_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)), fields=("team", "name"), name="budget_name_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="budget_amount_positive"),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("scope", "team"), ("value", ""), ("workflow__isnull", True)),
                    models.Q(("scope", "workflow"), ("value", ""), ("workflow__isnull", False)),
                    models.Q(
                        ("scope__in", ["provider", "tag"]),
                        ("workflow__isnull", True),
                        models.Q(("value", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="budget_scope_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="budgetevent",
            index=models.Index(fields=["team", "budget", "at"], name="budget_event_by_time"),
        ),
        MakeTenantTable("budget"),
        MakeTenantTable("budget_event"),
        AddTeamForeignKey("budget", "workflow_id", "workflow"),
        AddTeamForeignKey("budget", "owner_group_id", "member_group", clears=True),
        AddTeamForeignKey("budget_event", "budget_id", "budget"),
    ]
