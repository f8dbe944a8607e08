"""Summaries of cost rollups, what told and computed costs differ by, and an index for one workflow over months."""

from django.db import migrations, models

import monitoring.models.money


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_cost_scope"),
        ("billing", "0004_exports"),
    ]

    operations = [
        migrations.AddField("costrollup", "difference_usd", monitoring.models.money.UsdField(null=True)),
        migrations.AlterField(
            model_name="costrollup",
            name="dimension",
            field=models.SmallIntegerField(
                choices=[
                    (0, "all"),
                    (1, "release"),
                    (2, "node"),
                    (3, "tag"),
                    (4, "external system"),
                    (5, "models"),
                    (6, "workflows"),
                ]
            ),
        ),
        migrations.AddIndex(
            model_name="costrollup",
            index=models.Index(
                fields=["team", "workflow_id", "grain", "dimension", "bucket"], name="cost_rollup_workflow"
            ),
        ),
    ]
