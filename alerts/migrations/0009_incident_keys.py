"""The database refuses to remove what is still pointed to, where it cleared the pointer: a cluster has no such keys."""

import django.db.models.deletion
from django.db import migrations

from accounts.operations import RefuseToClear
from accounts.tenancy import TeamForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0023_owner_key"),
        ("alerts", "0008_rules_about_budgets"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                RefuseToClear("incident", "improvement_id", "improvement"),
                RefuseToClear("incident", "parent_id", "incident"),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="incident",
                    name="improvement",
                    field=TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="incidents",
                        to="monitoring.improvement",
                    ),
                ),
                migrations.AlterField(
                    model_name="incident",
                    name="parent",
                    field=TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="children",
                        to="alerts.incident",
                    ),
                ),
            ],
        ),
    ]
