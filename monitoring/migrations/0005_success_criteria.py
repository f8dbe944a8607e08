"""Makes success criteria, what they say of executions, and the queue of executions to check anew.

Additive: older processes go on writing executions and rollups without the new columns.
"""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey, MakeTenantTable, grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_grants"),
        ("monitoring", "0004_sampling_rates"),
    ]

    operations = [
        migrations.CreateModel(
            name="SuccessCriterion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=120)),
                ("expression", models.CharField(max_length=500)),
                ("position", models.PositiveSmallIntegerField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="criteria",
                        to="monitoring.workflow",
                    ),
                ),
            ],
            options={
                "db_table": "success_criterion",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddConstraint(
            model_name="successcriterion",
            constraint=models.UniqueConstraint(fields=("team", "workflow", "name"), name="success_criterion_name_once"),
        ),
        migrations.CreateModel(
            name="CriteriaCheck",
            fields=[
                ("workflow_id", models.UUIDField(primary_key=True, serialize=False)),
                ("requested_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("since", models.DateTimeField()),
                ("cursor_at", models.DateTimeField(null=True)),
                ("cursor_id", models.UUIDField(null=True)),
                ("total_count", models.BigIntegerField(null=True)),
                ("checked_count", models.BigIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
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
                "db_table": "criteria_check",
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)), fields=["due_at"], name="criteria_check_due"
                    )
                ],
            },
        ),
        migrations.AddField("execution", "is_unmet", models.BooleanField(null=True)),
        migrations.AddField("execution", "unmet_criteria", models.JSONField(null=True)),
        migrations.AddField("rollup", "checked", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("rollup", "unmet", models.BigIntegerField(db_default=0, default=0)),
        MakeTenantTable("success_criterion"),
        AddTeamForeignKey("success_criterion", "workflow_id", "workflow"),
        migrations.RunSQL(
            "ALTER TABLE criteria_check DROP CONSTRAINT criteria_check_pkey, ADD PRIMARY KEY (team_id, workflow_id)",
            migrations.RunSQL.noop,
        ),
        grant_control_table("criteria_check"),
        migrations.RunSQL(
            "CREATE INDEX execution_unmet ON execution (team_id, workflow_id, counted_at, id) WHERE is_unmet",
            "DROP INDEX execution_unmet",
        ),
    ]
