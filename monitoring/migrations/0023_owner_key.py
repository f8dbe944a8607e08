"""The database refuses to remove what is still pointed to, where it cleared the pointer: a cluster has no such keys."""

import django.db.models.deletion
from django.db import migrations

from accounts.operations import RefuseToClear
from accounts.tenancy import TeamForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0022_user_formats"),
        ("monitoring", "0022_saved_views"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                RefuseToClear("workflow", "owner_group_id", "member_group"),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name="workflow",
                    name="owner_group",
                    field=TeamForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.membergroup",
                    ),
                ),
            ],
        ),
    ]
