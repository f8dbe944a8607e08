"""Who owns a workflow, and its tags. Additive."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy
from accounts.operations import AddTeamForeignKey


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_groups_and_alert_scope"),
        ("monitoring", "0013_weekly_review"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="workflow",
            name="owner",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="workflow",
            name="owner_group",
            field=accounts.tenancy.TeamForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="accounts.membergroup",
            ),
        ),
        migrations.AddField(
            model_name="workflow",
            name="tags",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=80), db_default=[], default=list, size=None
            ),
        ),
        AddTeamForeignKey("workflow", "owner_group_id", "member_group", clears=True),
    ]
