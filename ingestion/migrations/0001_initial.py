"""Makes the table of imports."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import MakeTenantTable


class Migration(migrations.Migration):
    initial = True

    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("file_name", models.CharField(max_length=255)),
                ("digest", models.CharField(max_length=64)),
                ("size_bytes", models.BigIntegerField()),
                ("offset_bytes", models.BigIntegerField(default=0)),
                ("item_count", models.BigIntegerField(default=0)),
                ("stored_count", models.BigIntegerField(default=0)),
                ("duplicate_count", models.BigIntegerField(default=0)),
                ("rejected_count", models.BigIntegerField(default=0)),
                ("placed_count", models.BigIntegerField(default=0)),
                ("reference_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
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
                "db_table": "import_run",
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [models.UniqueConstraint(fields=("team", "digest"), name="import_run_once")],
            },
        ),
        MakeTenantTable("import_run"),
    ]
