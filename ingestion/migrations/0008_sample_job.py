"""Loading and removing the sample in the background. Additive."""

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import grant_control_table


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0020_team_has_sample"),
        ("ingestion", "0007_personal_data"),
    ]

    operations = [
        migrations.CreateModel(
            name="SampleJob",
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
                ("action", models.CharField(choices=[("load", "Load"), ("remove", "Remove")], max_length=6)),
                (
                    "state",
                    models.CharField(
                        choices=[("working", "At work"), ("done", "Done"), ("failed", "Failed")],
                        default="working",
                        max_length=8,
                    ),
                ),
                ("stage", models.SmallIntegerField(default=0)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("asked_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "sample_job",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="sample_job_by_time"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("action__in", ["load", "remove"])), name="sample_job_action_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["working", "done", "failed"])), name="sample_job_state_known"
                    ),
                ],
            },
        ),
        grant_control_table("sample_job"),
    ]
