"""Which teams have their default rules. Additive; the beat gives them to teams that have none yet."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_groups_and_alert_scope"),
        ("alerts", "0004_evaluation"),
    ]

    operations = [
        migrations.CreateModel(
            name="DefaultRules",
            fields=[
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="accounts.team",
                    ),
                ),
                ("version", models.IntegerField()),
                ("made_at", models.DateTimeField()),
            ],
            options={"db_table": "default_rules"},
        ),
        grant_control_table("default_rules"),
    ]
