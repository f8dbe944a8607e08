"""Legal holds with partitions of their own, the log of what was deleted, and how partitions go. Additive."""

import uuid
from pathlib import Path

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from accounts.operations import MakeTenantTable

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_retention_policy"),
        ("monitoring", "0018_step_prices"),
    ]

    operations = [
        migrations.AlterField(
            model_name="execution",
            name="retention_class",
            field=models.SmallIntegerField(choices=[(0, "Production"), (1, "Debug"), (2, "Held")]),
        ),
        migrations.AlterField(
            model_name="sealedday",
            name="retention_class",
            field=models.SmallIntegerField(choices=[(0, "Production"), (1, "Debug"), (2, "Held")]),
        ),
        migrations.AlterField(
            model_name="step",
            name="retention_class",
            field=models.SmallIntegerField(choices=[(0, "Production"), (1, "Debug"), (2, "Held")]),
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("execution_id", models.UUIDField()),
                ("reason", models.CharField(max_length=500)),
                ("former_class", models.SmallIntegerField(choices=[(0, "Production"), (1, "Debug"), (2, "Held")])),
                ("held_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("held_by", models.CharField(blank=True, default="", max_length=254)),
                ("until", models.DateTimeField(null=True)),
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
                "db_table": "legal_hold",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team", "execution_id"), name="legal_hold_once")],
            },
        ),
        migrations.CreateModel(
            name="RetentionRun",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("production", "Production records"),
                            ("debug", "Debug records"),
                            ("payloads", "Payloads and log lines"),
                            ("metrics", "Figures"),
                            ("deliveries", "Deliveries"),
                            ("audit", "Audit log"),
                            ("restored", "Restored from the archive"),
                        ],
                        max_length=12,
                    ),
                ),
                ("limit_days", models.PositiveSmallIntegerField()),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("execution_count", models.BigIntegerField(default=0)),
                ("row_count", models.BigIntegerField(default=0)),
                ("freed_bytes", models.BigIntegerField(default=0)),
                ("reusable_bytes", models.BigIntegerField(default=0)),
                ("archived_to", models.CharField(blank=True, default="", max_length=500)),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
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
                "db_table": "retention_run",
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [models.Index(fields=["team", "-ended_at", "id"], name="retention_run_by_time")],
            },
        ),
        MakeTenantTable("legal_hold"),
        MakeTenantTable("retention_run"),
        migrations.RunSQL("SET LOCAL lock_timeout = '10s'", migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "retention.sql").read_text(), migrations.RunSQL.noop),
    ]
