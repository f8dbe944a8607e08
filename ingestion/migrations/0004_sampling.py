"""Keeps what reports say about how often they are sent. A source that declared nothing goes by it from now on."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import MakeTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_grants"),
        ("ingestion", "0003_forwarding"),
        ("monitoring", "0004_sampling_rates"),
    ]

    operations = [
        migrations.CreateModel(
            name="SourceSampling",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("source_id", models.UUIDField()),
                ("workflow_id", models.UUIDField()),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("trace-state", "trace-state"),
                            ("attribute", "attribute"),
                            ("langsmith", "langsmith"),
                        ],
                        max_length=16,
                    ),
                ),
                ("day", models.DateField()),
                ("lowest", models.FloatField()),
                ("highest", models.FloatField()),
                ("told", models.CharField(max_length=200)),
                ("last_at", models.DateTimeField()),
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
                "db_table": "source_sampling",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("team", "source_id", "workflow_id", "origin", "day"), name="source_sampling_once"
                    )
                ],
            },
        ),
        MakeTenantTable("source_sampling"),
    ]
