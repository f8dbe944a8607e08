"""Keeps what examining an execution of many steps found. Additive."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

from accounts.operations import MakeTenantTable


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_release_scope"),
        ("monitoring", "0008_improve"),
    ]

    operations = [
        migrations.CreateModel(
            name="Examination",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("version", models.TextField()),
                ("document", models.BinaryField()),
                ("computed_at", models.DateTimeField()),
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
                "db_table": "examination",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        MakeTenantTable("examination"),
        migrations.AddField(
            model_name="healthyreference",
            name="cohort",
            field=models.IntegerField(db_default=0, default=0),
        ),
    ]
