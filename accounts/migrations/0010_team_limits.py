"""What a team may report and keep, and what a key may. Additive."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_retention_policy"),
    ]

    operations = [
        migrations.CreateModel(
            name="TeamLimits",
            fields=[
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="limits",
                        serialize=False,
                        to="accounts.team",
                    ),
                ),
                ("requests_per_second", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "burst",
                    models.PositiveIntegerField(blank=True, help_text="Requests that may come at once.", null=True),
                ),
                ("steps_per_second", models.PositiveIntegerField(blank=True, null=True)),
                ("monthly_executions", models.PositiveBigIntegerField(blank=True, null=True)),
                ("storage_bytes", models.PositiveBigIntegerField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "limits of a team",
                "verbose_name_plural": "limits of teams",
                "db_table": "team_limits",
            },
        ),
        migrations.AddField(
            model_name="apikey",
            name="requests_per_second",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        grant_control_table("team_limits"),
    ]
